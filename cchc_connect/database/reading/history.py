"""History: all versions of a record, and its state as of any instant.

There are two times. System time is when the shared database stored a version (`changed_at`); as-of queries use
it, so that a report can be reproduced. Valid time is when the version holds in the real world (`valid_from`,
`valid_to`), where the record says so.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic

from sqlalchemy import RowMapping, Select, func, select

from cchc_connect.clock import from_timestamp_text, to_timestamp_text
from cchc_connect.database.maintenance import require_history
from cchc_connect.database.reading.change_feed import last_sequence
from cchc_connect.database.reading.records import RECORD_BATCH_SIZE, AnyRecord
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import GONE, change
from cchc_schemas import Record, from_document, to_document, vietnamese_day


@dataclass(frozen=True, kw_only=True)
class RecordVersion(Generic[AnyRecord]):
    """One version of a record, with its system time and its valid time."""

    version: int
    """From 1 on."""
    sequence: int
    """Sequence in the change feed."""
    operation: str
    """`insert`, `update` or `restore`; `delete` or `renumber` if the record ended with this version.

    A version that ends a record has the values of the version before.
    """
    changed_at: datetime
    """When the shared database stored it, UTC."""
    valid_from: date | None
    """First day on which it holds in the real world; None where the record does not say."""
    valid_to: date | None
    """Last day on which it holds in the real world."""
    connection: str
    """Connection whose item caused the version."""
    run_id: str
    record: AnyRecord

    @property
    def is_gone(self) -> bool:
        """True if the record ended with this version."""
        return self.operation in GONE

    def holds_on(self, day: date) -> bool:
        """True if the version holds on a day; a missing limit is no limit.

        No source says on which day a record ended, so its end counts from the Vietnamese day of `changed_at`.
        """
        first = vietnamese_day(self.changed_at) if self.is_gone else self.valid_from
        return (first is None or first <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field that differs between two versions, JSON-ready; None where a version has no value."""

    name: str
    before: Any = field(repr=False)
    after: Any = field(repr=False)


def history(database: SharedDatabase, record_class: type[AnyRecord], key: str) -> Sequence[RecordVersion[AnyRecord]]:
    """Return every version of a record, oldest first; an empty sequence where the record never existed."""
    with database.reading() as connection:
        rows = connection.execute(_versions(record_class, key)).mappings().all()
    return [_version(record_class, row) for row in rows]


def record_at(
    database: SharedDatabase, record_class: type[AnyRecord], key: str, at: datetime, valid_on: date | None = None
) -> AnyRecord | None:
    """Return a record as it was stored at the aware instant `at`, None where it did not exist.

    With `valid_on`, return the latest version stored by then that holds on that day.
    """
    stored_by_then = _versions(record_class, key).where(change.c.changed_at <= to_timestamp_text(at))
    with database.reading() as connection:
        require_history(connection, to_timestamp_text(at))
        rows = connection.execute(stored_by_then).mappings().all()
    for row in reversed(rows):
        version = _version(record_class, row)
        if valid_on is None or version.holds_on(valid_on):
            return None if version.is_gone else version.record
    return None


def records_at(database: SharedDatabase, record_class: type[AnyRecord], at: datetime) -> Iterator[AnyRecord]:
    """Yield all records of one type as they were stored at the aware instant `at`, in key order.

    All of them are of one committed state, that of the moment when the first record is requested. No transaction
    is open while the caller handles a record, which may take any time.
    """
    with database.reading() as connection:
        require_history(connection, to_timestamp_text(at))
        end = last_sequence(connection)  # what is committed later has a higher sequence
    is_past = (change.c.changed_at <= to_timestamp_text(at)) & (change.c.sequence <= end)
    of_type = (change.c.record_type == record_class.record_type) & is_past
    latest = select(func.max(change.c.sequence)).where(of_type).group_by(change.c.record_key)
    first = latest.order_by(change.c.record_key).limit(RECORD_BATCH_SIZE)
    columns = select(change.c.record_key, change.c.operation, change.c.document).order_by(change.c.record_key)
    after, is_last = "", False
    while not is_last:
        page = columns.where(change.c.sequence.in_(first.where(change.c.record_key > after)))
        with database.reading() as connection:
            rows = connection.execute(page).all()
        yield from (from_document(record_class, json.loads(row.document)) for row in rows if row.operation not in GONE)
        after, is_last = rows[-1].record_key if rows else after, len(rows) < RECORD_BATCH_SIZE


def differences(before: Record | None, after: Record) -> list[FieldChange]:
    """Return the fields in which two versions differ, in the record's order; of a first version all with a value."""
    old: Mapping[str, Any] = {} if before is None else to_document(before)
    return [
        FieldChange(name=name, before=old.get(name), after=value)
        for name, value in to_document(after).items()
        if value != old.get(name) and not (before is None and value in (None, []))
    ]


def _versions(record_class: type[Record], key: str) -> Select[Any, Any, Any]:
    of_record = (change.c.record_type == record_class.record_type) & (change.c.record_key == key)
    return select(change).where(of_record).order_by(change.c.sequence)


def _version(record_class: type[AnyRecord], row: RowMapping) -> RecordVersion[AnyRecord]:
    return RecordVersion(
        version=row["version"],
        sequence=row["sequence"],
        operation=row["operation"],
        changed_at=from_timestamp_text(row["changed_at"]),
        valid_from=_day(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
        connection=row["connection"],
        run_id=row["run_id"],
        record=from_document(record_class, json.loads(row["document"])),
    )


def _day(stored: str | None) -> date | None:
    return None if stored is None else date.fromisoformat(stored)
