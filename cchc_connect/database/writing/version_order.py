"""Which of two versions of one source's item is the newer one.

The rule: a version that is older by the source's own time never replaces a newer one of the same source. Where the
times are equal, or one of them is missing, the version that was shown last counts. Two things limit what a stored time
says:

* If it lay in the future when it came (`TIME_AHEAD`), it counts as the beginning of the run that wrote it: a year typed
  wrong must not keep later versions out.
* If the last pass showed an older version instead, the stored hash is that of the older one, marked. When the next pass
  shows the same, the source went back, and its present state counts. So it does if the source showed none at all
  (`NO_KNOWN_FORM`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Self

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from cchc_connect.database.bulk import RowQuery, select_in
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import HASH_BYTES, NO_KNOWN_FORM, claim, quarantine, run
from cchc_connect.database.writing.incoming import IncomingRecord, PageBatch, WriteContext
from cchc_connect.database.writing.quarantine import KEY_TWICE, stored_faults

EARLIEST_CHANGE_TIME = "1900-01-01T00:00:00.000000Z"
"""An earlier change time counts as missing (UTC, as stored): systems write such dates for "no date"."""

TIME_AHEAD = "change_time_ahead"
"""Rule of the note on a record whose change time lay in the future when it came."""

SHOWN_OLDER = b"?"
"""Start of the stored hash of an item of which the last pass showed an older version; the hash of that one follows."""

_AFTER_SHOWN_OLDER = bytes([SHOWN_OLDER[0] + 1])


KEYS_AT_ONCE = 10_000
"""Source keys in memory at a time."""


def with_note(notes: str | None, rule: str) -> str:
    """Return notes on a record, as stored, with a note on the record as a whole.

    >>> with_note(None, "change_time_ahead")
    '[["", "change_time_ahead"]]'
    """
    return json.dumps([*(json.loads(notes) if notes else []), ["", rule]])


def claimed_time(incoming: IncomingRecord, asked_at: str) -> str | None:
    """Return the change time that is stored with a claim, UTC: one that came from the future counts as `asked_at`.

    A claim has no notes that could say so.
    """
    is_ahead = incoming.notes is not None and TIME_AHEAD in incoming.notes
    return asked_at if is_ahead else incoming.source_time


class StoredItem(NamedTuple):
    """What is stored of an item of a stream: one row of its record table, or its claim."""

    source_key: str
    record_key: str
    source_time: str | None
    """UTC, as stored."""
    run_id: str | None
    """Run that wrote the version."""
    notes: str | None
    item_hash: bytes
    is_live: bool


@dataclass(frozen=True)
class ItemAge:
    """How new the stored version of an item is."""

    time: str
    """The time that the stored version counts as (UTC, as stored)."""
    item_hash: bytes
    """As stored."""


class VersionOrder:
    """Compares versions of a stream's items with the stored ones."""

    def __init__(self, connection: Connection, items: Sequence[StoredItem]) -> None:
        """Take what is stored of the items; the latest of several versions of one item counts."""
        started = _run_starts(connection, {item.run_id for item in items if item.run_id and _came_ahead(item)})
        self._ages: dict[str, ItemAge] = {}
        for item in items:
            if item.source_time is None:
                continue
            is_limited = item.run_id is not None and _came_ahead(item)
            time = min(item.source_time, started.get(item.run_id or "", "")) if is_limited else item.source_time
            previous = self._ages.get(item.source_key)
            if previous is None or time > previous.time:
                self._ages[item.source_key] = ItemAge(time, item.item_hash)

    def is_older(self, source_key: str, source_time: str | None) -> bool:
        """True if a version of this time (UTC, as stored) is older than the stored one of its item."""
        age = self._ages.get(source_key)
        return age is not None and source_time is not None and source_time < age.time

    def is_outdated(
        self, source_key: str, source_time: str | None, item_hash: bytes, page: PageBatch, write_context: WriteContext
    ) -> bool:
        """True if a version is older than the stored one, and is not the present state of a source that went back."""
        if not self.is_older(source_key, source_time):
            return False
        if write_context.source_went_back and source_key not in page.shown_elsewhere:
            return False
        # The last pass did not show the stored version either, but this one or none.
        return self._ages[source_key].item_hash not in {NO_KNOWN_FORM, SHOWN_OLDER + item_hash}

    @classmethod
    def of_faulty(cls, connection: Connection, stream: Stream, page: PageBatch) -> Self:
        """Return the order of the faulty items of a page."""
        dated = [item.source_key for item in page.faulty if item.source_time is not None]
        if not dated:
            return cls(connection, ())
        return cls(connection, [*stored_items(connection, stream, dated), *claimed_items(connection, stream, dated)])


def stored_items(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> list[StoredItem]:
    """Return the rows of a stream's items in their record table, also of deleted records."""
    column = record_table(stream.record_type).c.source_key
    bound = {"connection": stream.connection}
    rows = select_in(connection, _stored_query(stream.record_type), column, source_keys, bound)
    return [
        StoredItem(source_key, record_key, source_time, run_id, notes, bytes(item_hash), deleted_at is None)
        for source_key, record_key, source_time, run_id, notes, item_hash, deleted_at in rows
    ]


def claimed_items(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> list[StoredItem]:
    """Return the claims of a stream's items."""
    bound = {"connection": stream.connection, "record_type": stream.record_type}
    rows = select_in(connection, _claimed_query(), claim.c.source_key, source_keys, bound)
    return [
        StoredItem(source_key, record_key, source_time, None, None, bytes(item_hash), is_live=True)
        for source_key, record_key, source_time, item_hash in rows
    ]


def outdated_deletions(connection: Connection, stream: Stream, page: PageBatch) -> list[str]:
    """Return the keys of deleted items of a page whose stored version is newer than the deletion."""
    dated = [key for key, at in page.deletion_times.items() if at is not None]
    if not dated:
        return []
    items = [*stored_items(connection, stream, dated), *claimed_items(connection, stream, dated)]
    order = VersionOrder(connection, items)
    return [key for key in dated if order.is_older(key, page.deletion_times[key])]


def mark_unshown(connection: Connection, stream: Stream, shown: Mapping[str, bytes | None]) -> None:
    """Store that a pass did not show the stored versions of items of the stream's partition.

    Args:
        connection: an open write transaction.
        stream: the stream.
        shown: source key -> hash of the older version that it showed; None if it showed none.
    """
    if not shown:
        return
    rows = [{"key": key, "mark": NO_KNOWN_FORM if seen is None else SHOWN_OLDER + seen} for key, seen in shown.items()]
    for table in (record_table(stream.record_type), claim):
        of_stream = (table.c.connection == stream.connection) & (table.c.partition == stream.partition)
        if table is claim:
            of_stream &= claim.c.record_type == stream.record_type
        marking = update(table).where(of_stream & (table.c.source_key == bindparam("key")))
        connection.execute(marking.values(item_hash=bindparam("mark")), rows)
    if unshown := [{"key": key} for key, seen in shown.items() if seen is None]:
        marking = update(quarantine).where(_is_waiting(stream) & (quarantine.c.source_key == bindparam("key")))
        connection.execute(marking.values(item_hash=NO_KNOWN_FORM), unshown)


def keys_shown_older(connection: Connection, stream: Stream) -> list[str]:
    """Return the keys of the live items of the stream's partition of which the last pass showed an older version."""
    table = record_table(stream.record_type)
    owned = (table.c.connection == stream.connection) & (table.c.partition == stream.partition)
    claimed = (claim.c.record_type == stream.record_type) & (claim.c.connection == stream.connection)
    keys = list[str]()
    for columns, condition in (
        (table.c, owned & table.c.deleted_at.is_(None)),
        (claim.c, claimed & (claim.c.partition == stream.partition)),
    ):
        # Written as a range, so that the index of the hashes is read; an unmarked hash may begin alike, but is shorter.
        is_marked = (columns.item_hash > SHOWN_OLDER) & (columns.item_hash < _AFTER_SHOWN_OLDER)
        rows = connection.execute(select(columns.source_key, columns.item_hash).where(condition & is_marked))
        keys += [row.source_key for row in rows if len(row.item_hash) > HASH_BYTES]
    return keys


def keys_to_be_listed(connection: Connection, stream: Stream, since: str) -> Iterator[str]:
    """Yield the keys of the items that a listing of the changes since `since` must hold; they may be many.

    These are the items of the stream's partition whose stored time lies after `since` (UTC, as stored), also those in
    quarantine, and the records without a time: they may have changed. Left out are those that the source no longer
    shows. The watermark is no upper bound: a pass leaves it behind the latest time that it saw.
    """
    table = record_table(stream.record_type)
    owned = (table.c.connection == stream.connection) & (table.c.partition == stream.partition)
    claimed = (claim.c.record_type == stream.record_type) & (claim.c.connection == stream.connection)
    claimed &= claim.c.partition == stream.partition
    for columns, condition in ((table.c, owned & table.c.deleted_at.is_(None)), (claim.c, claimed)):
        in_range = columns.source_time > since
        is_undated = columns.source_time.is_(None) | (columns.source_time < EARLIEST_CHANGE_TIME)
        # Written as a range, so that SQLite reads the covering index of the hashes.
        of_range = condition & (in_range | is_undated) & (columns.item_hash > NO_KNOWN_FORM)
        rows = connection.execute(select(columns.source_key).where(of_range).execution_options(yield_per=KEYS_AT_ONCE))
        yield from rows.scalars()
    waiting = _is_waiting(stream) & (quarantine.c.item_hash > NO_KNOWN_FORM) & (quarantine.c.source_time > since)
    yield from connection.execute(select(quarantine.c.source_key).where(waiting)).scalars()


def _is_waiting(stream: Stream) -> ColumnElement[bool]:
    """Open entries of items of the stream's partition; those of one key with two contents bear no key of an item."""
    of_stream = (quarantine.c.connection == stream.connection) & (quarantine.c.record_type == stream.record_type)
    is_open = quarantine.c.resolved_at.is_(None) & (quarantine.c.faults != stored_faults((KEY_TWICE,)))
    return of_stream & (quarantine.c.partition == stream.partition) & is_open


def _came_ahead(item: StoredItem) -> bool:
    return item.notes is not None and TIME_AHEAD in item.notes


def _run_starts(connection: Connection, run_ids: set[str]) -> Mapping[str, str]:
    """Return when runs began (UTC, as stored), by id; one without an entry has none."""
    if not run_ids:
        return {}
    rows = connection.execute(select(run.c.run_id, run.c.started_at).where(run.c.run_id.in_(run_ids)))
    return {row.run_id: row.started_at for row in rows}


@cache
def _stored_query(record_type: str) -> RowQuery:
    table = record_table(record_type)
    names = ("source_key", "record_key", "source_time", "run_id", "notes", "item_hash", "deleted_at")
    return select(*(table.c[name] for name in names)).where(table.c.connection == bindparam("connection"))


@cache
def _claimed_query() -> RowQuery:
    of_stream = (claim.c.record_type == bindparam("record_type")) & (claim.c.connection == bindparam("connection"))
    return select(claim.c.source_key, claim.c.record_key, claim.c.source_time, claim.c.item_hash).where(of_stream)
