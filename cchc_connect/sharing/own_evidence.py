"""Public papers of procedures, and records of the operator's own agency that prove one: on record before it is said."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from cchc_connect.database.audit.chain import COMMANDS_CHAIN, EntryNumber
from cchc_connect.database.audit.entries import AuditEntry, append
from cchc_connect.database.audit.persons import person_numbers
from cchc_connect.database.bulk import batches
from cchc_connect.database.reading.records import AnyRecord, live_records_query, record_from_row
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.replay import replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.sharing.agreements import Treatment
from cchc_connect.sharing.disclosure import DisclosurePoint, IndexSubjects
from cchc_connect.sharing.treatments import treated
from cchc_schemas import RECORD_TYPES, Dossier, Procedure
from cchc_schemas.identity_numbers import numbers_in
from cchc_schemas.procedures import DossierComponent
from cchc_schemas.versions import newest_document

Document = Mapping[str, Any]


def catalogued_papers(connection: Connection, procedure: str) -> Sequence[DossierComponent] | None:
    """Return the papers of a procedure as the catalogue has them; None where it does not have the procedure."""
    catalogued = _live(connection, Procedure, procedure)
    return None if catalogued is None else catalogued.components


def submitted_papers(connection: Connection, dossier: str) -> frozenset[str]:
    """Return the codes of the papers that were submitted as files with a dossier and not taken back."""
    stored = _live(connection, Dossier, dossier)
    papers = () if stored is None else stored.submitted_papers or ()
    return frozenset(paper.component_code for paper in papers if paper.component_code and not paper.is_deleted)


def dossiers_by_applicant(connection: Connection, number: str) -> Mapping[str, Mapping[str, Document]]:
    """Return the live dossiers whose applicant has an identity number: provider -> code -> stored document.

    Every provider that has dossiers is named, whether it has one of this applicant or not.
    """
    table, query = record_table(Dossier.record_type), live_records_query(Dossier)
    providers = select(table.c.agency).where(table.c.deleted_at.is_(None)).distinct()
    matching: dict[str, dict[str, Document]] = {
        agency: {} for agency in sorted(connection.execute(providers).scalars())
    }
    for row in connection.execute(query.where(table.c.applicant_id.contains(number, autoescape=True))):
        document = newest_document(Dossier, json.loads(row.document))
        if number in numbers_in(str(document.get("applicant_id"))):
            matching[row.agency][row.record_key] = document
    return matching


def own_documents(  # what is read, what is on record of it, and by which rules
    database: SharedDatabase,
    entry: AuditEntry,
    keys: Collection[str],
    fields: Sequence[str],
    index_subjects: IndexSubjects,
    point: DisclosurePoint,
) -> tuple[Mapping[str, Document], EntryNumber]:
    """Return the named fields of live records of the operator's own agency by key, with the entry that says so.

    Args:
        database: the shared database.
        entry: what the entry says beside fields, keys and count; its record type is that of the records.
        keys: keys of the records.
        fields: paths of the fields.
        index_subjects: names the persons concerned for the subject index.
        point: the disclosure point, whose rule on seals holds here too.

    Raises:
        SourceHeld: the seals of the audit log are overdue, and nothing is shown (`audit.sealing_down`).
        DatabaseUnusable: the database failed, and nothing may be shown.
    """
    record_class = RECORD_TYPES[entry.record_type or ""]
    table, treatments = record_table(record_class.record_type), dict.fromkeys(fields, Treatment.PLAIN)

    def read(connection: Connection) -> tuple[Mapping[str, Document], EntryNumber]:
        point.require_seals(connection, entry.at)
        query = live_records_query(record_class)
        stored = {
            row.record_key: newest_document(record_class, json.loads(row.document))
            for batch in batches(sorted(keys))
            for row in connection.execute(query.where(table.c.record_key.in_(batch)))
        }
        entry_with_keys = replace(entry, fields=dict.fromkeys(fields, "plain"), keys=tuple(stored), count=len(stored))
        numbers = {number for each in stored.values() for number in person_numbers(record_class.record_type, each)}
        number = append(connection, entry_with_keys, chain=COMMANDS_CHAIN, subjects=index_subjects(numbers, entry.at))
        return {key: treated(record_class, document, treatments) for key, document in stored.items()}, number

    return replayed_write(database, read)


def _live(connection: Connection, record_class: type[AnyRecord], key: str) -> AnyRecord | None:
    table = record_table(record_class.record_type)
    row = connection.execute(live_records_query(record_class).where(table.c.record_key == key)).one_or_none()
    try:
        return None if row is None else record_from_row(record_class, row)
    except ValueError:  # what cannot be read says nothing, as if it were not there
        return None
