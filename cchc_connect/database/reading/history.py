"""What was known of a record, when, and since when it held: each version, and the state at any instant.

Two times are told apart. System time is when the shared database learnt of a version (`changed_at`); as-of
queries go by it, so a report can be made again as it was. Validity is when the version holds in the real
world (`valid_from`, `valid_to`), where the record says so.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic

from sqlalchemy import RowMapping, Select, func, select

from cchc_connect.database.instants import instant, stamp
from cchc_connect.database.reading.change_feed import last_sequence
from cchc_connect.database.reading.records import AT_ONCE, AnyRecord
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import change
from cchc_connect.database.writing.page_writer import GONE
from cchc_schemas import Record, from_document, to_document, vietnamese_day


@dataclass(frozen=True, kw_only=True)
class RecordVersion(Generic[AnyRecord]):
    """One version of a record: what it said, from when it was known and from when it holds."""

    version: int
    """From 1 on."""
    sequence: int
    """Its place in the change feed."""
    operation: str
    """`insert`, `update`, `restore`; `delete` or `renumber` where it is gone, with the values it had last."""
    changed_at: datetime
    """When the shared database learnt of it, UTC."""
    valid_from: date | None
    """First day on which it holds in the real world; None where the record does not say."""
    valid_to: date | None
    """Last such day."""
    connection: str
    """Who brought it."""
    run_id: str
    record: AnyRecord

    @property
    def is_gone(self) -> bool:
        """Say whether the record is not there any more from this version on."""
        return self.operation in GONE

    def holds_on(self, day: date) -> bool:
        """Say whether it speaks of a day: what it does not limit it speaks of.

        Of a record that is gone nobody says from which day, so that counts from the day it was found, in Vietnam.
        """
        first = vietnamese_day(self.changed_at) if self.is_gone else self.valid_from
        return (first is None or first <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field that differs between two versions, JSON-ready; None where a version says nothing."""

    name: str
    before: Any = field(repr=False)
    after: Any = field(repr=False)


def history(database: SharedDatabase, kind: type[AnyRecord], key: str) -> Sequence[RecordVersion[AnyRecord]]:
    """Return every version of a record, oldest first; none where the record never was."""
    with database.reading() as connection:
        rows = connection.execute(_versions(kind, key)).mappings().all()
    return [_version(kind, row) for row in rows]


def record_at(
    database: SharedDatabase, kind: type[AnyRecord], key: str, at: datetime, valid_on: date | None = None
) -> AnyRecord | None:
    """Return a record as it was known at an instant, None where it was not there.

    With `valid_on`, return what was known at that instant of that day: the latest version that holds on it.
    """
    known = _versions(kind, key).where(change.c.changed_at <= stamp(at))
    with database.reading() as connection:
        rows = connection.execute(known).mappings().all()
    for row in reversed(rows):
        found = _version(kind, row)
        if valid_on is None or found.holds_on(valid_on):
            return None if found.is_gone else found.record
    return None


def records_at(database: SharedDatabase, kind: type[AnyRecord], at: datetime) -> Iterator[AnyRecord]:
    """Yield all records of one type as they were known at an instant, in the order of their keys.

    All of them are of one committed state, the one that stands when the first is asked for. No transaction is
    open while a record is with the caller, who may take any time.
    """
    with database.reading() as connection:
        end = last_sequence(connection)  # what is committed later has a higher sequence
    known = (change.c.record_type == kind.record_type) & (change.c.changed_at <= stamp(at)) & (change.c.sequence <= end)
    latest = select(func.max(change.c.sequence)).where(known).group_by(change.c.record_key)
    first = latest.order_by(change.c.record_key).limit(AT_ONCE)
    columns = select(change.c.record_key, change.c.operation, change.c.document).order_by(change.c.record_key)
    after, is_last = "", False
    while not is_last:
        page = columns.where(change.c.sequence.in_(first.where(change.c.record_key > after)))
        with database.reading() as connection:
            rows = connection.execute(page).all()
        yield from (from_document(kind, json.loads(row.document)) for row in rows if row.operation not in GONE)
        after, is_last = rows[-1].record_key if rows else after, len(rows) < AT_ONCE


def differences(before: Record | None, after: Record) -> list[FieldChange]:
    """Return the fields in which two versions differ, in the record's order; all that is told where one is first."""
    old: Mapping[str, Any] = {} if before is None else to_document(before)
    return [
        FieldChange(name=name, before=old.get(name), after=value)
        for name, value in to_document(after).items()
        if value != old.get(name) and not (before is None and value in (None, []))
    ]


def _versions(kind: type[Record], key: str) -> Select[Any, Any, Any]:
    of_record = (change.c.record_type == kind.record_type) & (change.c.record_key == key)
    return select(change).where(of_record).order_by(change.c.sequence)


def _version(kind: type[AnyRecord], row: RowMapping) -> RecordVersion[AnyRecord]:
    return RecordVersion(
        version=row["version"],
        sequence=row["sequence"],
        operation=row["operation"],
        changed_at=instant(row["changed_at"]),
        valid_from=_day(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
        connection=row["connection"],
        run_id=row["run_id"],
        record=from_document(kind, json.loads(row["document"])),
    )


def _day(stored: str | None) -> date | None:
    return None if stored is None else date.fromisoformat(stored)
