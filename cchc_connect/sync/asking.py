"""The instants at which pages were asked for, and what a page's change times say beside them.

A watermark never passes the instant at which its page was asked for: by our clock, taken just before the first request
of the page, and by the server's `Date` header where that is earlier. A change time after it was not written by a clock
that the source could have read by then: it stands for a year typed wrong, a local time written as UTC, or a clock that
runs ahead. Its item is kept, and moves nothing. One that is much later than our own clock is counted and told.
"""

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from cchc_connect.adapter import Page, PageRequest, Source
from cchc_connect.clock import LAST_INSTANT, Clock, as_instant, from_timestamp_text, to_timestamp_text
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.writing.incoming import IncomingRecord
from cchc_connect.database.writing.version_order import EARLIEST_CHANGE_TIME, TIME_AHEAD, with_note
from cchc_connect.http import HttpRequest, HttpResponse
from cchc_connect.sync.adapter_calls import fetch_page
from cchc_connect.sync.change_detection import ClassifiedPage
from cchc_connect.transport import Transport

AHEAD_TOLERANCE = timedelta(minutes=5)
"""Change times that are at most so much later than our clock are not told: clocks differ by that much."""


@dataclass(frozen=True)
class Asked:
    """When one page was asked for."""

    at: datetime
    """By our clock, UTC."""
    limit: datetime
    """The same, or what the server's clock said if that is earlier (UTC). No later change time moves a watermark."""

    @property
    def text(self) -> str:
        """Return the instant by our clock as stored."""
        return to_timestamp_text(self.at)

    def is_ahead(self, source_time: str | None) -> bool:
        """True if a change time (UTC, as stored) is so much later than our clock that it must be told."""
        return source_time is not None and source_time > self._told_from

    @property
    def _told_from(self) -> str:
        return to_timestamp_text(self.at + AHEAD_TOLERANCE if LAST_INSTANT - self.at > AHEAD_TOLERANCE else self.at)


@dataclass(frozen=True)
class PageTimes:
    """What the change times of one page say."""

    latest: datetime | None
    """Latest one that may move the watermark (UTC)."""
    latest_listed: datetime | None
    """Latest one, also if it lies in the future (UTC)."""
    ahead: int
    """Number of those in the future, more than the tolerance after our own clock."""
    ahead_s: int
    """Whole seconds by which the latest of them is ahead of our clock; 0 without one."""


def page_times(change_times: Iterable[str], asking_instant: Asked) -> PageTimes:
    """Return what the change times of a page (UTC, as stored) say, if it was asked for at `asking_instant`."""
    plausible = [time for time in change_times if time >= EARLIEST_CHANGE_TIME]
    limit, latest = to_timestamp_text(asking_instant.limit), _instant(max(plausible, default=None))
    ahead = sum(map(asking_instant.is_ahead, plausible)) if asking_instant.is_ahead(max(plausible, default=None)) else 0
    return PageTimes(
        latest=_instant(max((time for time in plausible if time <= limit), default=None)),
        latest_listed=latest,
        ahead=ahead,
        ahead_s=int((latest - asking_instant.at).total_seconds()) if ahead and latest is not None else 0,
    )


def time_counters(classified: ClassifiedPage, asking_instant: Asked) -> Counters:
    """Return the counters that the change times of a page move."""
    times = page_times(classified.change_times, asking_instant)
    return Counters(times_ahead=times.ahead, times_ahead_s=times.ahead_s, times_unreadable=len(classified.time_shapes))


def mark_ahead(records: Iterable[IncomingRecord], asking_instant: Asked) -> None:
    """Note on records that their change time lay in the future when they came, so that it does not count later."""
    for incoming in records:
        if asking_instant.is_ahead(incoming.source_time):
            incoming.notes = with_note(incoming.notes, TIME_AHEAD)


class Asking:
    """Fetches the pages of one pass; keeps when each was asked for until the page is processed.

    One thread fetches and another one processes, both in the order of the pages.
    """

    def __init__(self, clock: Clock) -> None:
        """Read our time from `clock`."""
        self._clock = clock
        self._instants = deque[Asked]()

    def fetch(self, transport: Transport, source: Source, page_request: PageRequest, connection: str) -> Page:
        """Fetch a page. Raises as `fetch_page` does."""
        at, dates = self._clock.now(), list[datetime]()

        def note_date(_: HttpRequest, response: HttpResponse) -> None:
            date = server_time(response)
            if date is not None:
                dates.append(date)

        page = fetch_page(transport, source, page_request, connection, note_date)
        self._instants.append(Asked(at, min([at, *dates])))
        return page

    def next(self) -> Asked:
        """Return when the next page to be processed was asked for."""
        return self._instants.popleft()


def server_time(response: HttpResponse) -> datetime | None:
    """Return the instant of a response by the server's own clock (its `Date` header), UTC; None without a readable one.

    A response that a cache kept (its `Age` header) says nothing of the server's present time.
    """
    if response.headers.get("age", "").strip() not in {"", "0"}:
        return None
    with suppress(ValueError, OverflowError):
        date = parsedate_to_datetime(response.headers.get("date", ""))
        return as_instant(date if date.tzinfo else date.replace(tzinfo=UTC))
    return None


def _instant(stored: str | None) -> datetime | None:
    return None if stored is None else from_timestamp_text(stored)
