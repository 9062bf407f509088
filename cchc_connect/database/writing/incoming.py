"""What the write path takes: items that became records, faulty items, and deletions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cchc_connect.database.writing.ownership import Owners
from cchc_connect.database.writing.quarantine import FaultyItem
from cchc_connect.database.writing.stored import StoredRecord


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
