"""What to pull from a connection: everything that changed, or a range that leaves the cursor alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from cchc_connect.database.stream import Stream
from cchc_connect.sync.change_detection import ClassifiedPage


class PageObserver(Protocol):
    """Observer that is called with each page before it is written."""

    def on_page(self, connection: Connection, stream: Stream, classified: ClassifiedPage) -> None:
        """Receive a classified page; `connection` reads the database as it is before the page."""
        ...


@dataclass(frozen=True, kw_only=True)
class PullRange:
    """What to pull from a connection. The default is all that changed since the last completed pass.

    Example:
        `PullRange(since=datetime(2026, 1, 1, tzinfo=UTC), record_type="land_parcel")` pulls the parcels again that
        changed in 2026, without moving the cursor.
    """

    everything: bool = False
    """List the source completely and compare it with the database, also what was read before."""
    since: datetime | None = None
    """Only changes at or after this instant (UTC), even if read before; a source without `changed_since` lists all."""
    until: datetime | None = None
    """Only changes up to this instant (UTC); a source that cannot filter by it lists later ones too."""
    key: str | None = None
    """One item only, by its source key."""
    record_type: str | None = None
    """Only the source of this record type; None: all sources of the connection."""
    observer: PageObserver | None = None
    """Sees every page and finds deletions itself. With an observer a dry run does not even attempt to write."""

    @property
    def is_partial(self) -> bool:
        """Whether it is limited by time or key, so that the pass does not show how far the source was read."""
        return self.since is not None or self.until is not None or self.key is not None

    @property
    def moves_cursor(self) -> bool:
        """Whether the cursor is written with each page."""
        return not self.is_partial and self.observer is None
