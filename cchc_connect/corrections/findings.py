"""What a correction request is based on, looked up: a discrepancy, an item in quarantine, or a field of a record."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from cchc_connect.config.file import Config
from cchc_connect.corrections.owners import agency_of, configured_agencies, owning_connection
from cchc_connect.corrections.requests import FindingKind
from cchc_connect.database.names import require_known, require_record_type
from cchc_connect.database.reading.discrepancies import DiscrepancyState
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import change, discrepancy, quarantine
from cchc_connect.errors import NotFound, RecordNotFound, UsageMistake
from cchc_schemas import RECORD_TYPES, Fault
from cchc_schemas.record_paths import leaves, parts


@dataclass(frozen=True, kw_only=True)
class CorrectionFinding:
    """A finding, and the agency that it goes to."""

    kind: FindingKind
    number: int | None = None
    record_type: str
    record_key: str = field(repr=False)
    fields: tuple[str, ...]
    rule: str | None = None
    connection: str | None
    owner: str | None
    """Code of the agency that provides the record; None if nothing names it."""
    sequence: int | None = None
    """Sequence of the record's present version."""


def discrepancy_finding(config: Config, connection: Connection, number: int) -> CorrectionFinding:
    """Return the finding that a discrepancy is; it goes to the agency that owns the field.

    Raises:
        NotFound: there is no such discrepancy, or it has ended.
    """
    is_open = (discrepancy.c.id == number) & (discrepancy.c.state != DiscrepancyState.ENDED)
    row = connection.execute(select(discrepancy).where(is_open)).one_or_none()
    if row is None:
        raise NotFound("discrepancy.no_entry", number=number)
    agencies = configured_agencies(config)
    return CorrectionFinding(
        kind=FindingKind.DISCREPANCY,
        number=number,
        record_type=row.record_type,
        record_key=row.record_key,
        fields=(row.field,),
        connection=row.owner,
        owner=agency_of(connection, row.owner, row.record_type, row.record_key, agencies),
        sequence=_sequence(connection, row.record_type, row.record_key),
    )


def quarantine_finding(config: Config, connection: Connection, number: int) -> CorrectionFinding:
    """Return the finding that an item in quarantine is; it goes to the agency whose connection brought it.

    Raises:
        NotFound: there is no such entry, or it is resolved.
    """
    query = select(*(quarantine.c[name] for name in ("connection", "record_type", "source_key", "faults")))
    is_open = (quarantine.c.id == number) & quarantine.c.resolved_at.is_(None)
    row = connection.execute(query.where(is_open)).one_or_none()
    if row is None:
        raise NotFound("quarantine.no_entry", number=number)
    faults = [Fault(*parts) for parts in json.loads(row.faults)]
    return CorrectionFinding(
        kind=FindingKind.QUARANTINE,
        number=number,
        record_type=row.record_type,
        record_key=row.source_key,
        fields=tuple(dict.fromkeys(fault.path for fault in faults)),
        rule=" ".join(dict.fromkeys(fault.rule for fault in faults)),
        connection=row.connection,
        owner=configured_agencies(config).get(row.connection),
    )


def record_finding(
    config: Config, connection: Connection, record_type: str, key: str, fields: Sequence[str]
) -> CorrectionFinding:
    """Return what an official saw in fields of a record; a note of quality on one of them is named by its rule.

    Raises:
        UsageMistake: there is no such record type or field, no field is named, or agencies share the fields.
        RecordNotFound: there is no such record, or it is deleted.
    """
    require_record_type(record_type)
    record_class = RECORD_TYPES[record_type]
    if not fields:
        raise UsageMistake("corrections.no_field")
    for path in fields:
        require_known("corrections.field_unknown", path, [*leaves(record_class), *parts(record_class)])
    table = record_table(record_type)
    columns = (table.c.connection, table.c.sequence, table.c.notes)
    row = connection.execute(
        select(*columns).where(table.c.record_key == key, table.c.deleted_at.is_(None))
    ).one_or_none()
    if row is None:
        raise RecordNotFound("cli.no_record", record_type=record_type, key=key)
    names = {owning_connection(config, connection, record_type, key, path) for path in fields}
    if len(names) > 1:
        raise UsageMistake("corrections.owners_differ", fields=", ".join(fields))
    (name,) = names
    rule = next((rule for path in fields for rule in noted_rules(row.notes, path)), None)
    return CorrectionFinding(
        kind=FindingKind.OBSERVED if rule is None else FindingKind.QUALITY_NOTE,
        record_type=record_type,
        record_key=key,
        fields=tuple(dict.fromkeys(fields)),
        rule=rule,
        connection=name,
        owner=None if name is None else agency_of(connection, name, record_type, key, configured_agencies(config)),
        sequence=row.sequence,
    )


def noted_rules(notes: str | None, path: str) -> list[str]:
    """Return the rules that quality notes name at a field or within it; positions in lists do not count."""
    stored: list[list[str]] = json.loads(notes or "[]")
    return [rule for noted_path, rule in stored if is_at(noted_path, path)]


def is_at(noted_path: str, path: str) -> bool:
    """True if a path, which may have positions in lists, leads to a field or into it.

    >>> is_at("holders.0.id_number", "holders.id_number"), is_at("holders.0.name", "holders"), is_at("uses", "holders")
    (True, True, False)
    """
    names = [step for step in noted_path.replace("[", ".").replace("]", "").split(".") if not step.isdigit()]
    return ".".join(names) == path or ".".join(names).startswith(f"{path}.")


def stored_document(connection: Connection, sequence: int | None) -> Mapping[str, Any] | None:
    """Return the document of a version of a record; None if there is none, or it was purged."""
    stored = connection.execute(select(change.c.document).where(change.c.sequence == sequence)).scalar_one_or_none()
    document: Mapping[str, Any] | None = None if stored is None else json.loads(stored)
    return document


def _sequence(connection: Connection, record_type: str, key: str) -> int | None:
    table = record_table(record_type)
    return connection.execute(select(table.c.sequence).where(table.c.record_key == key)).scalar_one_or_none()
