"""What the write path receives: a page's records, serialized for storage, its faulty items and its deletions.

A record object itself is not kept: a page of them would take ten times the memory, and nothing reads them again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cchc_connect.database.writing.ownership import Owners
from cchc_connect.database.writing.quarantine import FaultyItem
from cchc_connect.database.writing.relations import Event, Target, links_of, successions_of
from cchc_schemas import RECORD_TYPES, Record


class StoredRecord(msgspec.Struct):
    """One record, serialized for the write path."""

    key: str
    order_key: str
    document: bytes
    """Compact JSON in UTF-8, fields in the record's order."""
    valid_from: str | None
    """First day on which it holds in the real world, ISO 8601."""
    valid_to: str | None
    """Last such day."""
    links: list[Target]
    successions: list[Event]

    def __repr__(self) -> str:
        """Show the size only: documents hold personal data."""
        return f"<record of {len(self.document)} bytes>"


def stored(record: Record) -> StoredRecord:
    """Serialize a record for storage."""
    valid_from, valid_to = record.validity()
    return StoredRecord(
        key=record.key,
        order_key=record.order_key,
        document=RECORD_TYPES[record.record_type].__pydantic_serializer__.to_json(record),
        valid_from=None if valid_from is None else valid_from.isoformat(),
        valid_to=None if valid_to is None else valid_to.isoformat(),
        links=links_of(record),
        successions=successions_of(record),
    )


class Arrival(msgspec.Struct, kw_only=True, gc=False):
    """One wire item that became a record."""

    source_key: str
    source_time: str | None
    item: Mapping[str, Any]
    item_hash: bytes
    record: StoredRecord
    notes: str | None
    """Notes on oddities of the item, as JSON: pairs of path and rule."""

    def __repr__(self) -> str:
        """Show no values: items hold personal data."""
        return f"<arrival of {self.record!r}>"


@dataclass(frozen=True, kw_only=True)
class SiftedPage:
    """A page after translation: records, faulty items and deletions."""

    arrivals: Sequence[Arrival] = ()
    faulty: Sequence[FaultyItem] = ()
    gone: Sequence[str] = ()
    """Source keys of deleted items."""


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """Context of a write: its run, its instant, and the declared owners."""

    run_id: str
    now: str
    """Instant of the write, UTC, as stored."""
    owners: Owners = field(default_factory=Owners)
