"""What to pull from a connection: all that changed, with where that begins, or a range that leaves the cursor alone."""

import logging
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import Connection

from cchc_connect.adapter import SourceProfile
from cchc_connect.clock import as_instant, start_of_range
from cchc_connect.database.stream import Stream
from cchc_connect.sync.asking import AHEAD_TOLERANCE
from cchc_connect.sync.change_detection import ClassifiedPage

log = logging.getLogger("cchc_connect.sync")


class PageObserver(Protocol):
    """Observer that is called with each page before it is written."""

    def on_page(self, connection: Connection, stream: Stream, classified: ClassifiedPage) -> None:
        """Receive a classified page; `connection` reads the database as it is before the page."""
        ...


@dataclass(frozen=True, kw_only=True)
class PullRange:
    """What to pull from a connection. The default is all that changed since the last completed pass.

    A time without offset is Vietnamese time; a day is that Vietnamese day, from its beginning and to its end.

    Example:
        `PullRange(since=date(2026, 7, 1), until=date(2026, 7, 31), record_type="land_parcel")` pulls the parcels again
        that changed in July 2026, without moving the cursor.
    """

    everything: bool = False
    """List the source completely and compare it with the database, also what was read before."""
    since: date | None = None
    """Only changes from this instant or day on, even if read before; a source without `changed_since` lists all."""
    until: date | None = None
    """Only changes up to this instant or day, itself included; a source that cannot filter by it lists later ones."""
    key: str | None = None
    """One item only, by its source key."""
    record_type: str | None = None
    """Only the source of this record type; None: all sources of the connection."""
    observer: PageObserver | None = None
    """Sees every page and finds deletions itself. With an observer a dry run does not even attempt to write."""

    @property
    def first_instant(self) -> datetime | None:
        """Return the first instant of the range, UTC; None if it has no beginning."""
        return None if self.since is None else as_instant(self.since)

    @property
    def last_instant(self) -> datetime | None:
        """Return the last instant of the range, UTC; None if it has no end."""
        return None if self.until is None else as_instant(self.until, at_end_of_day=True)

    @property
    def is_partial(self) -> bool:
        """Whether it is limited by time or key, so that the pass does not show how far the source was read."""
        return self.since is not None or self.until is not None or self.key is not None

    @property
    def moves_cursor(self) -> bool:
        """Whether the cursor is written with each page."""
        return not self.is_partial and self.observer is None

    def filtered(self, classified: ClassifiedPage) -> ClassifiedPage:
        """Return a page without what the range leaves out: items with another key, if it is limited to one."""
        if self.key is not None:
            classified.records = [incoming for incoming in classified.records if incoming.source_key == self.key]
            classified.faulty = [item for item in classified.faulty if item.source_key == self.key]
        return classified


def range_start(profile: SourceProfile, watermark: datetime | None, now: datetime, stream: Stream) -> datetime | None:
    """Return the start of the next pass (UTC): a little before the watermark; None if everything must be listed."""
    if not profile.changed_since or watermark is None:
        return None
    name = {"connection": stream.connection, "record_type": stream.record_type}
    if watermark - now > AHEAD_TOLERANCE:
        log.warning("%(connection)s: %(record_type)s has a watermark in the future; everything is compared", name)
        return None
    if profile.retention is not None and now - watermark > profile.retention:
        log.warning("%(connection)s: %(record_type)s was read too long ago; everything is compared", name)
        return None
    return start_of_range(watermark, profile.lookback, profile.timestamp_resolution)
