"""What the write path receives: a page's records, serialized for storage, its faulty items and its deletions.

A record object itself is not kept: a page of them would take ten times the memory, and nothing reads them again.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cchc_connect.database.writing.ownership import Owners
from cchc_connect.database.writing.quarantine import FaultyItem
from cchc_connect.database.writing.relations import LineageEvent, LinkTarget, lineage_events_of, links_of
from cchc_schemas import RECORD_TYPES, Record


class SerializedRecord(msgspec.Struct):
    """One record, serialized for the write path."""

    key: str
    order_key: str
    document: bytes
    """Compact JSON in UTF-8, fields in the record's order."""
    valid_from: str | None
    """First day on which it holds in the real world, ISO 8601."""
    valid_to: str | None
    """Last such day."""
    links: list[LinkTarget]
    lineage: list[LineageEvent]

    def __repr__(self) -> str:
        """Show the size only: documents hold personal data."""
        return f"<record of {len(self.document)} bytes>"


def serialize(record: Record) -> SerializedRecord:
    """Serialize a record for storage."""
    valid_from, valid_to = record.validity()
    return SerializedRecord(
        key=record.key,
        order_key=record.order_key,
        document=RECORD_TYPES[record.record_type].__pydantic_serializer__.to_json(record),
        valid_from=None if valid_from is None else valid_from.isoformat(),
        valid_to=None if valid_to is None else valid_to.isoformat(),
        links=links_of(record),
        lineage=lineage_events_of(record),
    )


class IncomingRecord(msgspec.Struct, kw_only=True, gc=False):
    """One wire item that became a record."""

    source_key: str
    source_time: str | None
    item: Mapping[str, Any]
    item_hash: bytes
    record: SerializedRecord
    notes: str | None
    """Warnings about values of the item, as JSON: pairs of path and rule."""
    missing: tuple[str, ...] = ()
    """Fields whose property the item does not have at all, which is less than no value."""

    def __repr__(self) -> str:
        """Show no values: items hold personal data."""
        return f"<incoming {self.record!r}>"


CONTENT_KEY = "#"
"""Start of a source key that the source did not give: the hash of an item's content."""

MOVED_KEY = f"{CONTENT_KEY}moved:"
"""Start of the source key of a record whose former source key names another record now; its record key follows."""


def content_key(content_hash: bytes) -> str:
    """Return the source key of an item that the source names by none and that is no record."""
    return f"{CONTENT_KEY}{content_hash.hex()}"


@dataclass(frozen=True, kw_only=True)
class PageBatch:
    """A page after translation: records, faulty items and deletions."""

    records: Sequence[IncomingRecord] = ()
    faulty: Sequence[FaultyItem] = ()
    deleted_keys: Sequence[str] = ()
    """Source keys of deleted items."""
    deletion_times: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """Source key -> when the source deleted the item, UTC, as stored; None or missing if it does not say."""
    former_keys: Container[str] = frozenset[str]()
    """Source keys of former versions, whose records pass to the current versions."""
    former_faults: Sequence[str] = ()
    """Source keys of items that are in quarantine and turned out to be no records yet."""
    is_full_listing: bool = False
    """Whether the pass lists everything, so that its end shows which records no item of the source is any more."""
    is_gone: Callable[[str], bool] | None = None
    """Whether the source has no item with a source key any more, after a complete pass; None: not known yet."""
    kept_fields: frozenset[str] = frozenset[str]()
    """Fields whose stored value stays where an item does not have their property: the source writes null for none."""
    check: Callable[[Sequence[tuple[bytes, bytes]]], None] | None = None
    """Is called before anything is written, with the stored and the new document of each record that changes."""
    shown_elsewhere: Container[str] = frozenset[str]()
    """Source keys of those items of which the same pass showed a version on another page too."""


@dataclass(frozen=True, kw_only=True)
class WriteContext:
    """Context of a write: its run, its instant, and the declared owners."""

    run_id: str
    now: str
    """Instant of the write, UTC, as stored."""
    owners: Owners = field(default_factory=Owners)
    source_went_back: bool = False
    """Whether the source was seen to go back, so that what it shows counts, also if it is older."""
    asked_at: str | None = None
    """When the page was asked for, UTC, as stored; None: at `now`."""
    outdated: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Is filled by the write: source key -> hash of the items that were older than the stored ones and not written."""
    replaced: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Is filled by the write: source key -> hash of the versions of the same run that the page replaced."""
