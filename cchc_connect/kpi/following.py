"""The rows of indicators follow the change feed, and can be made anew from it with the same result.

A report follows the feed first, so no run has to: what was stored since the last report is read then. Rows and position
are committed together, in steps of a few hundred changes, so a program that ends in between goes on where it was.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, delete, func, select

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.bulk import batches, insert_rows, upsert_row, upsert_rows
from cchc_connect.database.kpi_tables import (
    DERIVED_TABLES,
    kpi_agency,
    kpi_fact,
    kpi_feedback,
    kpi_opinion,
    kpi_pause,
    kpi_position,
    kpi_procedure,
    kpi_procedure_agency,
    kpi_rating,
    kpi_step,
    kpi_version,
)
from cchc_connect.database.reading.change_feed import change_rows, last_sequence
from cchc_connect.database.replay import replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import GONE, change
from cchc_connect.kpi.facts import NO_PROCEDURE, Document, ProcedureFacts, fact
from cchc_connect.kpi.instants import due_second, seconds_of
from cchc_connect.kpi.other_rows import (
    agency_row,
    executing_agencies,
    feedback_row,
    opinion,
    procedure_facts,
    procedure_row,
    rating_row,
)
from cchc_connect.kpi.pauses import Entry
from cchc_connect.kpi.working_time import WorkingTime
from cchc_schemas import RECORD_TYPES
from cchc_schemas.working_days import DayKind, holidays

POSITION = "facts"
"""Name of the position in `kpi_position`."""

RULES = 2
"""Raised with every change of what rows are made of; rows of other rules are made anew."""

FOLLOWED = ("agency", "dossier", "dossier_step", "feedback", "procedure", "satisfaction_rating")
"""Record types that indicators are counted from."""

RowOf = Callable[[str, Document], Mapping[str, Any] | None]

BATCH = 500
"""Changes of one transaction."""


@dataclass(frozen=True)
class _Sides:
    """Where changes are read, and where rows are written: the same database, or one in memory as of a sequence."""

    feed: Connection
    rows: Connection
    working_time: WorkingTime


@dataclass
class _Batch:
    """What a number of changes say, the last word on each record."""

    records: dict[tuple[str, str], Document | None] = field(default_factory=dict[tuple[str, str], "Document | None"])
    """Record type and key -> its document; None if it is gone."""
    versions: list[tuple[str, int, int, Document]] = field(default_factory=list[tuple[str, int, int, "Document"]])
    """Versions of dossiers: key, sequence, second at which it was stored, document."""
    dossiers: set[str] = field(default_factory=set[str])
    """Dossiers whose fact may change."""


def follow(database: SharedDatabase, *, days: Mapping[date, DayKind] | None = None) -> int:
    """Bring the rows of indicators to the end of the change feed; return the sequence that they contain then.

    Rows that another version of the program made, or with other holidays, are made anew.

    Args:
        database: the shared database.
        days: holidays and days that make up for them; None: those of the records' package.
    """
    working_time, basis = WorkingTime(holidays() if days is None else days), rules_basis(days)
    while True:
        reached, is_last = replayed_write(database, lambda connection: _step(connection, working_time, basis))
        if is_last:
            return reached


def rebuild(database: SharedDatabase, *, days: Mapping[date, DayKind] | None = None) -> int:
    """Make all rows of indicators anew from the change feed; return the sequence that they contain then.

    What old versions told of pauses and ends is kept where a purge deleted those versions.
    """
    replayed_write(database, _forget)
    return follow(database, days=days)


def rows_as_of(feed: Connection, rows: Connection, until: int, *, days: Mapping[date, DayKind] | None = None) -> None:
    """Fill empty tables of indicators with what the feed said up to a sequence.

    Args:
        feed: reads the shared database.
        rows: writes another database, which has these tables.
        until: the last sequence.
        days: as in `follow`.
    """
    versions_before = select(kpi_version).where(kpi_version.c.sequence <= until)
    upsert_rows(rows, kpi_version, [tuple(row) for row in feed.execute(versions_before)])
    sides, after = _Sides(feed, rows, WorkingTime(holidays() if days is None else days)), 0
    while True:
        after, is_last = _take(sides, after, until)
        if is_last:
            upsert_row(rows, kpi_position, {"name": POSITION}, {"sequence": until, "basis": rules_basis(days)})
            return


def position(connection: Connection) -> int:
    """Return the sequence that the rows contain."""
    query = select(kpi_position.c.sequence).where(kpi_position.c.name == POSITION)
    return connection.execute(query).scalar() or 0


def rules_basis(days: Mapping[date, DayKind] | None) -> str:
    """Return by what rows are made: the rules of this program, and the holidays as a short hash."""
    table = holidays() if days is None else days
    written = json.dumps(sorted((day.isoformat(), kind.value) for day, kind in table.items()))
    return f"{RULES}:{hashlib.sha256(written.encode()).hexdigest()[:16]}"


@cache
def _defaults(record_type: str) -> Mapping[str, object]:
    """Return the fields of a record without a value: a version that an older program stored lacks the newer ones."""
    fields = RECORD_TYPES[record_type].model_fields.items()
    return {name: [] if field.default == () else field.default for name, field in fields if not field.is_required()}


def _step(connection: Connection, working_time: WorkingTime, basis: str) -> tuple[int, bool]:
    """Take the next changes in one transaction; return the sequence reached, and whether it is the last."""
    query = select(kpi_position.c.sequence, kpi_position.c.basis).where(kpi_position.c.name == POSITION)
    row = connection.execute(query).one_or_none()
    after = 0 if row is None else row.sequence
    if row is None or row.basis != basis:
        _forget(connection)
        after = 0
    end = last_sequence(connection)
    reached, is_last = _take(_Sides(connection, connection, working_time), after, end)
    upsert_row(connection, kpi_position, {"name": POSITION}, {"sequence": reached, "basis": basis})
    return reached, is_last


def _forget(rows: Connection) -> None:
    """Delete all derived rows; of versions those that the feed still has."""
    for table in DERIVED_TABLES:
        if table is not kpi_version:
            rows.execute(delete(table))
    in_feed = select(change.c.sequence).where(change.c.record_type == "dossier")
    rows.execute(delete(kpi_version).where(kpi_version.c.sequence.in_(in_feed)))
    rows.execute(delete(kpi_position).where(kpi_position.c.name == POSITION))


def _take(sides: _Sides, after: int, until: int) -> tuple[int, bool]:
    """Take changes after a sequence; return the sequence reached, and whether nothing follows up to `until`."""
    changes = [
        row for row in change_rows(sides.feed, after, record_types=FOLLOWED, limit=BATCH) if row["sequence"] <= until
    ]
    batch = _Batch()
    for row in changes:
        _note(batch, row)
    reached = changes[-1]["sequence"] if len(changes) == BATCH else until
    _store_versions(sides.rows, batch)
    _store_others(sides, batch)
    _store_facts(sides, batch, reached)
    return reached, len(changes) < BATCH


def _note(batch: _Batch, row: RowMapping) -> None:
    record_type, key = row["record_type"], row["record_key"]
    document: Document = {**_defaults(record_type), **json.loads(row["document"])}
    is_gone = row["operation"] in GONE
    batch.records.pop((record_type, key), None)  # the last change of a record stands last
    batch.records[record_type, key] = None if is_gone else document
    if record_type == "dossier":
        batch.dossiers.add(key)
        if not is_gone:
            stored_at = int(from_timestamp_text(row["changed_at"]).timestamp())
            batch.versions.append((key, row["sequence"], stored_at, document))
    elif record_type == "dossier_step":
        batch.dossiers.add(document["dossier_code"])


def _store_versions(rows: Connection, batch: _Batch) -> None:
    """Store what versions of dossiers say of status and due time, where it differs from the version before."""
    if not batch.versions:
        return
    keys = sorted({key for key, *_ in batch.versions})
    latest = dict[str, tuple[int, int | None]]()
    for part in batches(keys):
        earlier = kpi_version.c.code.in_(part) & (kpi_version.c.sequence < batch.versions[0][1])
        query = select(kpi_version).where(earlier).order_by(kpi_version.c.sequence)
        latest.update((row.code, (row.status, row.due)) for row in rows.execute(query))
    new = list[tuple[str, int, int, int, int | None]]()
    for key, sequence, at, document in batch.versions:
        stated = document["status"], due_second(seconds_of(document["due_at"]))
        if latest.get(key) != stated:
            new.append((key, sequence, at, *stated))
        latest[key] = stated
    upsert_rows(rows, kpi_version, new)


def _store_others(sides: _Sides, batch: _Batch) -> None:
    """Store the rows of all records but dossiers, and note whose facts they may change."""
    by_type = dict[str, dict[str, "Document | None"]]()
    for (record_type, key), document in batch.records.items():
        by_type.setdefault(record_type, {})[key] = document
    steps = by_type.get("dossier_step", {})
    _replace(sides.rows, kpi_step, steps, _step_row)
    procedures = by_type.get("procedure", {})
    _replace(sides.rows, kpi_procedure, procedures, lambda _, each: procedure_row(each, sides.working_time))
    _delete(sides.rows, kpi_procedure_agency, "procedure", list(procedures))
    carried = [(key, agency) for key, each in procedures.items() if each for agency in executing_agencies(each)]
    insert_rows(sides.rows, kpi_procedure_agency, carried)
    batch.dossiers.update(_of_procedures(sides.rows, list(procedures)))
    _replace(sides.rows, kpi_agency, by_type.get("agency", {}), lambda _, each: agency_row(each))
    feedback, ratings = by_type.get("feedback", {}), by_type.get("satisfaction_rating", {})
    _replace(sides.rows, kpi_feedback, feedback, lambda _, each: feedback_row(each, sides.working_time))
    _replace(sides.rows, kpi_rating, ratings, lambda _, each: rating_row(each))
    for record_type, records in (("feedback", feedback), ("satisfaction_rating", ratings)):
        batch.dossiers.update(_store_opinions(sides.rows, record_type, records))


def _step_row(key: str, step: Document) -> Mapping[str, Any] | None:
    at = seconds_of(step["at"])
    return None if at is None else {"step": key, "code": step["dossier_code"], "at": at, "status": step["status"]}


def _replace(rows: Connection, table: Table, records: Mapping[str, Document | None], row_of: RowOf) -> None:
    """Replace the rows of these records in a table whose key is the record's."""
    _delete(rows, table, table.primary_key.columns.values()[0].name, list(records))
    made = (row_of(key, document) for key, document in records.items() if document is not None)
    names = [column.name for column in table.columns]
    insert_rows(rows, table, [tuple(row[name] for name in names) for row in made if row is not None])


def _delete(rows: Connection, table: Table, column: str, keys: Sequence[str]) -> None:
    for part in batches(keys):
        rows.execute(delete(table).where(table.c[column].in_(part)))


def _of_procedures(rows: Connection, procedures: Sequence[str]) -> set[str]:
    rows_found = set[str]()
    for part in batches(procedures):
        rows_found.update(rows.execute(select(kpi_fact.c.code).where(kpi_fact.c.procedure.in_(part))).scalars())
    return rows_found


def _store_opinions(rows: Connection, record_type: str, records: Mapping[str, Document | None]) -> set[str]:
    """Store complaints and dislikes; return the dossiers that they are or were about."""
    dossiers = set[str]()
    for part in batches(list(records)):
        of_records = (kpi_opinion.c.record_type == record_type) & kpi_opinion.c.record_key.in_(part)
        dossiers.update(rows.execute(select(kpi_opinion.c.dossier).where(of_records)).scalars())
        rows.execute(delete(kpi_opinion).where(of_records))
    stated = [(key, opinion(record_type, each)) for key, each in records.items() if each is not None]
    new = [(record_type, key, *about) for key, about in stated if about is not None]
    insert_rows(rows, kpi_opinion, new)
    return dossiers | {row[2] for row in new}


def _store_facts(sides: _Sides, batch: _Batch, until: int) -> None:
    """Make the facts of all dossiers that the changes concern."""
    for part in batches(sorted(batch.dossiers)):
        new_documents = {key: batch.records[_dossier(key)] for key in part if _dossier(key) in batch.records}
        documents = {
            **_stored_dossiers(sides.feed, [key for key in part if key not in new_documents], until),
            **new_documents,
        }
        _delete(sides.rows, kpi_fact, "code", part)
        _delete(sides.rows, kpi_pause, "code", part)
        _write_facts(sides, {key: document for key, document in documents.items() if document is not None})


def _write_facts(sides: _Sides, documents: Mapping[str, Document]) -> None:
    keys = list(documents)
    if not keys:
        return
    steps = _entries(
        sides.rows, select(kpi_step).where(kpi_step.c.code.in_(keys)).order_by(kpi_step.c.at, kpi_step.c.step)
    )
    in_order = select(kpi_version).where(kpi_version.c.code.in_(keys)).order_by(kpi_version.c.sequence)
    seen = _entries(sides.rows, in_order)
    procedures = _procedures(sides.rows, {document["procedure_code"] for document in documents.values()})
    first_opinion = select(kpi_opinion.c.dossier, func.min(kpi_opinion.c.at)).where(kpi_opinion.c.dossier.in_(keys))
    complained = {row[0]: row[1] for row in sides.rows.execute(first_opinion.group_by(kpi_opinion.c.dossier))}
    facts = [
        fact(
            document,
            seen.get(key, ()),
            steps.get(key, ()),
            procedures.get(document["procedure_code"], NO_PROCEDURE),
            sides.working_time,
            complained.get(key),
        )
        for key, document in documents.items()
    ]
    names = [column.name for column in kpi_fact.columns]
    insert_rows(sides.rows, kpi_fact, [tuple(each.row[name] for name in names) for each in facts])
    pauses = [(each.row["code"], number, *pause) for each in facts for number, pause in enumerate(each.pauses, start=1)]
    insert_rows(sides.rows, kpi_pause, pauses)


def _entries(rows: Connection, query: Any) -> Mapping[str, Sequence[Entry]]:
    """Return the history of each dossier out of rows in order."""
    histories = dict[str, list[Entry]]()
    for row in rows.execute(query):
        histories.setdefault(row.code, []).append(Entry(row.at, row.status, getattr(row, "due", None)))
    return histories


def _procedures(rows: Connection, codes: Iterable[str]) -> Mapping[str, ProcedureFacts]:
    rows_found = rows.execute(select(kpi_procedure).where(kpi_procedure.c.code.in_(sorted(codes)))).mappings()
    return {row["code"]: procedure_facts(dict(row)) for row in rows_found}


def _stored_dossiers(feed: Connection, keys: Sequence[str], until: int) -> Mapping[str, Document | None]:
    """Return the dossiers as the feed had them at a sequence; None for one that was gone."""
    if not keys:
        return {}
    of_these = (change.c.record_type == "dossier") & change.c.record_key.in_(keys) & (change.c.sequence <= until)
    latest = select(func.max(change.c.sequence)).where(of_these).group_by(change.c.record_key)
    columns = select(change.c.record_key, change.c.operation, change.c.document)
    return {
        row.record_key: None if row.operation in GONE else {**_defaults("dossier"), **json.loads(row.document)}
        for row in feed.execute(columns.where(change.c.sequence.in_(latest)))
    }


def _dossier(key: str) -> tuple[str, str]:
    return "dossier", key
