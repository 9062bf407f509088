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

from sqlalchemy import Row, RowMapping, Select, func, select

from cchc_connect.clock import from_timestamp_text, to_timestamp_text
from cchc_connect.database.maintenance import require_history
from cchc_connect.database.reading.call_checks import end_of, require_record_class, require_text
from cchc_connect.database.reading.change_feed import last_sequence, stored_day
from cchc_connect.database.reading.lineage import only_successor, successor_keys
from cchc_connect.database.reading.records import RECORD_BATCH_SIZE, AnyRecord, key_batches
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
    """Return every version of a record, oldest first; an empty sequence where the record never existed.

    A former key, such as the old number of a parcel, that never was a record here has the versions of the records
    that replaced it, one record after the other.
    """
    return [version for versions in histories(database, record_class, key).values() for version in versions]


def histories(
    database: SharedDatabase, record_class: type[AnyRecord], key: str, until: datetime | None = None
) -> Mapping[str, Sequence[RecordVersion[AnyRecord]]]:
    """Return the versions by key: of `key`, or if it never was a record, of the keys that replaced it.

    With `until` only the versions that were stored by that instant.

    Raises:
        NotFound: versions of that time were purged (`maintenance.history_purged`).
    """
    require_record_class(record_class)
    require_text("key", key)
    with database.reading() as connection:
        if until is not None:
            require_history(connection, to_timestamp_text(until))
        keys = [key]
        if connection.execute(_versions(record_class, key).limit(1)).one_or_none() is None:
            keys = successor_keys(connection, record_class.record_type, key)
        rows = {key: connection.execute(_versions(record_class, key, until)).mappings().all() for key in keys}
    return {key: [_version(record_class, row) for row in versions] for key, versions in rows.items() if versions}


def record_at(
    database: SharedDatabase, record_class: type[AnyRecord], key: str, at: date, valid_on: date | None = None
) -> AnyRecord | None:
    """Return a record as it was stored at the instant `at`, None where it did not exist.

    A former key, such as the old number of a parcel, that never was a record here finds the record that replaced it.

    Args:
        database: the shared database.
        record_class: class of the record.
        key: its business key.
        at: an instant; without offset it is Vietnamese time, and a day is its end in Vietnamese time.
        valid_on: return the latest version stored by then that holds on this day.

    Raises:
        RecordNotFound: several records replaced the key (`record.replaced_by_several`); the error names their keys.
        NotFound: versions of that time were purged (`maintenance.history_purged`).
    """
    versions_by_key = histories(database, record_class, key, end_of("at", at))
    stored = [record for versions in versions_by_key.values() if (record := _latest(versions, valid_on)) is not None]
    return only_successor(record_class, key, stored) if stored else None


def _latest(versions: Sequence[RecordVersion[AnyRecord]], valid_on: date | None) -> AnyRecord | None:
    for version in reversed(versions):
        if valid_on is None or version.holds_on(valid_on):
            return None if version.is_gone else version.record
    return None


def records_at(database: SharedDatabase, record_class: type[AnyRecord], at: date) -> Iterator[AnyRecord]:
    """Yield all records of one type as they were stored at the instant `at`, in key order.

    An instant without offset is Vietnamese time, and a day is its end in Vietnamese time. All records are of one
    committed state, that of the moment when the first record is requested. No transaction is open while the caller
    handles a record, which may take any time.

    Raises:
        NotFound: versions of that time were purged (`maintenance.history_purged`).
    """
    until = to_timestamp_text(end_of("at", at))
    require_record_class(record_class)
    with database.reading() as connection:
        require_history(connection, until)
        end = last_sequence(connection)  # what is committed later has a higher sequence
    is_past = (change.c.changed_at <= until) & (change.c.sequence <= end)
    of_type = (change.c.record_type == record_class.record_type) & is_past
    latest = select(func.max(change.c.sequence)).where(of_type).group_by(change.c.record_key)
    first = latest.order_by(change.c.record_key).limit(RECORD_BATCH_SIZE)
    columns = select(change.c.record_key, change.c.operation, change.c.document).order_by(change.c.record_key)

    def read(after: str) -> Sequence[Row[Any, Any, Any]]:
        with database.reading() as connection:
            page = columns.where(change.c.sequence.in_(first.where(change.c.record_key > after)))
            return connection.execute(page).all()

    for rows in key_batches(read):
        yield from (from_document(record_class, json.loads(row.document)) for row in rows if row.operation not in GONE)


def differences(before: Record | None, after: Record) -> list[FieldChange]:
    """Return the fields in which two versions differ, in the record's order; of a first version all with a value."""
    old: Mapping[str, Any] = {} if before is None else to_document(before)
    return [
        FieldChange(name=name, before=old.get(name), after=value)
        for name, value in to_document(after).items()
        if value != old.get(name) and not (before is None and value in (None, []))
    ]


def _versions(record_class: type[Record], key: str, until: datetime | None = None) -> Select[Any]:
    of_record = (change.c.record_type == record_class.record_type) & (change.c.record_key == key)
    query = select(change).where(of_record).order_by(change.c.sequence)
    return query if until is None else query.where(change.c.changed_at <= to_timestamp_text(until))


def _version(record_class: type[AnyRecord], row: RowMapping) -> RecordVersion[AnyRecord]:
    return RecordVersion(
        version=row["version"],
        sequence=row["sequence"],
        operation=row["operation"],
        changed_at=from_timestamp_text(row["changed_at"]),
        valid_from=stored_day(row["valid_from"]),
        valid_to=stored_day(row["valid_to"]),
        connection=row["connection"],
        run_id=row["run_id"],
        record=from_document(record_class, json.loads(row["document"])),
    )
