"""What comes to the write path: items that became records, items that did not, and what is gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cchc_connect.database.writing.ownership import Owners
from cchc_connect.database.writing.quarantine import FaultyItem
from cchc_connect.database.writing.stored import StoredRecord


class Arrival(msgspec.Struct, kw_only=True, gc=False):
    """One item that became a record."""

    source_key: str
    source_time: str | None
    item: Mapping[str, Any]
    item_hash: bytes
    record: StoredRecord
    notes: str | None
    """What is odd about it, as JSON."""

    def __repr__(self) -> str:
        """Show no value: items hold personal ones."""
        return f"<arrival of {self.record!r}>"


@dataclass(frozen=True, kw_only=True)
class SiftedPage:
    """A page after translation: what became records, what did not, what is gone."""

    arrivals: Sequence[Arrival] = ()
    faulty: Sequence[FaultyItem] = ()
    gone: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """In which run and when something is written, and whose word counts."""

    run_id: str
    now: str
    owners: Owners = field(default_factory=Owners)
