"""Quarantine: faulty wire items, stored in raw form with all faults until they are fixed or deleted at the source.

The raw form holds what the source sent, personal data included. It stays in the database and is shown masked, or
unmasked on explicit request.
"""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, select, update

from cchc_connect.database.bulk import RowQuery, batches, select_in
from cchc_connect.database.reading.quarantine_entries import parsed_item
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import NO_KNOWN_FORM, quarantine
from cchc_connect.wire.json import Item, RawItem
from cchc_schemas import Fault

KEY_TAKEN = Fault(path="", rule="key_taken")
"""Another item of the same source has this record key already."""

KEY_TWICE = Fault(path="", rule="key_twice")
"""Another item of the same page, or of two passes one after the other, has the same key and other content."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultyItem:
    """One wire item that did not become a record."""

    source_key: str
    item_hash: bytes
    item: Item = field(repr=False)
    faults: tuple[Fault, ...]
    source_time: str | None = None
    """When the source last changed the item, UTC, as stored; None if it does not say."""


@dataclass(frozen=True)
class OpenEntries:
    """The open entries of the items of a page, which older versions of the same items leave alone."""

    stream: Stream
    rows: Mapping[str, Row[Any]]
    """Source key -> entry."""
    shown_elsewhere: Container[str]
    """Keys of the items of which the same pass showed a version on another page too."""

    def is_newer(self, source_key: str, source_time: str | None) -> bool:
        """True if the entry of an item is newer than a version of this time, and the source may show it still.

        It may if another partition listed it, or the same pass showed two versions.
        """
        entry = self.rows.get(source_key)
        if entry is None or entry.source_time is None or source_time is None or source_time >= entry.source_time:
            return False
        return entry.partition != self.stream.partition or source_key in self.shown_elsewhere


def open_entries(
    connection: Connection, stream: Stream, source_keys: Sequence[str], shown_elsewhere: Container[str]
) -> OpenEntries:
    """Return the open entries of items."""
    return OpenEntries(stream, _open_rows(connection, stream, source_keys), shown_elsewhere)


def store(
    connection: Connection,
    stream: Stream,
    items: Sequence[FaultyItem],
    run_id: str,
    now: str,
    entries: OpenEntries | None = None,
) -> int:
    """Put items into quarantine; an open entry gets the item's new form and partition. Return how many are new.

    `entries` are the open entries of these items, and perhaps others; without them they are looked up.
    """
    entries = entries or open_entries(connection, stream, [item.source_key for item in items], frozenset[str]())
    open_rows = entries.rows
    new = 0
    for item in items:
        if entries.is_newer(item.source_key, item.source_time):
            continue
        compared = {
            "item_hash": item.item_hash,
            "faults": stored_faults(item.faults),
            "partition": stream.partition,
            "source_time": item.source_time,
        }
        values = {"item": _item_text(item.item), **compared, "run_id": run_id}
        existing = open_rows.get(item.source_key)
        if existing is None:
            head = {"connection": stream.connection, "record_type": stream.record_type, "source_key": item.source_key}
            connection.execute(quarantine.insert().values(**head, **values, first_seen=now))
            new += 1
        elif any(getattr(existing, name) != value for name, value in compared.items()):
            connection.execute(quarantine.update().where(quarantine.c.id == existing.id).values(**values))
    return new


def resolve(connection: Connection, source_keys: Iterable[str], now: str, entries: OpenEntries) -> int:
    """Close the open entries of items that are fixed or deleted, and drop their raw form; return how many."""
    ids = [entries.rows[source_key].id for source_key in set(source_keys) & entries.rows.keys()]
    for batch in batches(ids):
        is_resolved = quarantine.c.id.in_(batch)
        connection.execute(update(quarantine).where(is_resolved).values(resolved_at=now, item=None))
    return len(ids)


def open_hashes(connection: Connection, stream: Stream) -> Mapping[str, bytes | None]:
    """Return the hash of every item that is in quarantine for faults of its own, by source key.

    The hash of an item that came in another partition is None: its new partition must be stored. Items in conflict
    with another item's key are left out: whether they may become records depends on the other item, so they are
    checked in each run.
    """
    conflicts = [stored_faults((fault,)) for fault in (KEY_TAKEN, KEY_TWICE)]
    faulty = _is_open_in_stream(stream) & quarantine.c.faults.not_in(conflicts)
    columns = select(quarantine.c.source_key, quarantine.c.item_hash, quarantine.c.partition)
    rows = connection.execute(columns.where(faulty))
    return {row.source_key: row.item_hash if row.partition == stream.partition else None for row in rows}


def items_with_taken_key(connection: Connection, stream: Stream) -> list[Item]:
    """Return the items of a stream's partition whose record key another item has; the key may be free by now.

    Those that the source did not show when it listed everything are left out: they must not become records any more.
    """
    conflicts = _is_open_in_partition(stream) & (quarantine.c.faults == stored_faults((KEY_TAKEN,)))
    conflicts &= quarantine.c.item_hash != NO_KNOWN_FORM
    return [parsed_item(text) for text in connection.execute(select(quarantine.c.item).where(conflicts)).scalars()]


def open_keys(connection: Connection, stream: Stream, *, all_partitions: bool = False) -> set[str]:
    """Return the source keys of the open entries of a stream's partition; with `all_partitions`, of all."""
    is_open = _is_open_in_stream(stream) if all_partitions else _is_open_in_partition(stream)
    return set(connection.execute(select(quarantine.c.source_key).where(is_open)).scalars())


def open_counts(connection: Connection) -> Mapping[tuple[str, str, str], int]:
    """Return the number of open entries by connection, record type and partition."""
    columns = (quarantine.c.connection, quarantine.c.record_type, quarantine.c.partition)
    counted = select(*columns, func.count().label("entries")).where(quarantine.c.resolved_at.is_(None))
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(counted.group_by(*columns))}


def _is_open_in_stream(stream: Stream) -> ColumnElement[bool]:
    return (
        (quarantine.c.connection == stream.connection)
        & (quarantine.c.record_type == stream.record_type)
        & quarantine.c.resolved_at.is_(None)
    )


def _is_open_in_partition(stream: Stream) -> ColumnElement[bool]:
    return _is_open_in_stream(stream) & (quarantine.c.partition == stream.partition)


def _open_rows(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> dict[str, Row[Any]]:
    bound = {"of_connection": stream.connection, "of_type": stream.record_type}
    return {
        row.source_key: row for row in select_in(connection, _open_query(), quarantine.c.source_key, source_keys, bound)
    }


@cache
def _open_query() -> RowQuery:
    of_connection = quarantine.c.connection == bindparam("of_connection")
    of_stream = of_connection & (quarantine.c.record_type == bindparam("of_type"))
    return select(quarantine).where(of_stream & quarantine.c.resolved_at.is_(None))


def _item_text(item: Item) -> str:
    if isinstance(item, RawItem):
        # Bytes that are no UTF-8 stay visible and the text no JSON: storing an item must not make it valid.
        return item.raw.decode(errors="backslashreplace")
    return json.dumps(item)  # in ASCII: an item may hold lone surrogates


def stored_faults(faults: Iterable[Fault]) -> str:
    """Return the faults as stored: a JSON array of [path, rule], or [path, rule, detail] where there is a detail."""
    parts = [[fault.path, fault.rule, *([fault.detail] if fault.detail else [])] for fault in faults]
    return json.dumps(parts, ensure_ascii=False)
