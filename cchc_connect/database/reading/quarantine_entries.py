"""Reads the quarantine: wire items that did not become records, in raw form with all their faults.

The raw form holds what the source sent, personal data included.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.reading.records import RECORD_BATCH_SIZE
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import quarantine as table
from cchc_connect.errors import NotFound
from cchc_connect.wire.json import Item, RawItem
from cchc_schemas import Fault


@dataclass(frozen=True, kw_only=True)
class QuarantineEntry:
    """One quarantine entry: an item that did not become a record, with all its faults."""

    id: int
    """Number by which `cchc-connect quarantine show` names it."""
    connection: str
    record_type: str
    partition: str
    source_key: str
    item: Item = field(repr=False)
    """The parsed item; a `RawItem`, whose reading raises `ValueError`, where it is no strict JSON."""
    faults: tuple[Fault, ...]
    first_seen: datetime
    """When it was put into quarantine, UTC."""
    resolved_at: datetime | None
    """When it was corrected or no longer sent, UTC; None while the entry is open."""

    @property
    def displayed_item(self) -> Item:
        """Return the item for display; one that cannot be parsed is a single text under an empty name."""
        return {"": self.item.raw.decode()} if isinstance(self.item, RawItem) else self.item


def quarantine(database: SharedDatabase, *, include_resolved: bool = False) -> Iterator[QuarantineEntry]:
    """Yield the open quarantine entries, oldest first; with `include_resolved` the resolved ones too.

    No transaction is open while the caller handles an entry.
    """
    query, last = _query(include_resolved=include_resolved).limit(RECORD_BATCH_SIZE), 0
    while True:
        with database.reading() as connection:
            rows = connection.execute(query.where(table.c.id > last)).mappings().all()
        yield from map(_entry, rows)
        if len(rows) < RECORD_BATCH_SIZE:
            return
        last = rows[-1]["id"]


def entries(connection: Connection, *, include_resolved: bool = False) -> list[QuarantineEntry]:
    """Return the open entries, oldest first; with `include_resolved` the resolved ones too."""
    return [_entry(row) for row in connection.execute(_query(include_resolved=include_resolved)).mappings()]


def entry(connection: Connection, number: int) -> QuarantineEntry:
    """Return one entry.

    Raises:
        NotFound: there is no such entry.
    """
    row = connection.execute(select(table).where(table.c.id == number)).mappings().one_or_none()
    if row is None:
        raise NotFound("quarantine.no_entry", number=number)
    return _entry(row)


def parsed_item(text: str) -> Item:
    """Return a stored item; a `RawItem` if it is no strict JSON."""
    raw = RawItem(text.encode())
    try:
        return raw.read()
    except ValueError:
        return raw


def _query(*, include_resolved: bool) -> Select[Any]:
    statement = select(table).order_by(table.c.id)
    return statement if include_resolved else statement.where(table.c.resolved_at.is_(None))


def _entry(row: RowMapping) -> QuarantineEntry:
    resolved_at = row["resolved_at"]
    return QuarantineEntry(
        item=parsed_item(row["item"] or "{}"),
        faults=tuple(Fault(*parts) for parts in json.loads(row["faults"])),
        first_seen=from_timestamp_text(row["first_seen"]),
        resolved_at=None if resolved_at is None else from_timestamp_text(resolved_at),
        **{name: row[name] for name in ("id", "connection", "record_type", "partition", "source_key")},
    )
