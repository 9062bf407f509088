"""The clock protocol, the system clock, and instants as the shared database stores them: text in UTC in time order.

The engine receives a clock; it never reads the time itself. A time without offset and a day are Vietnamese
everywhere (`as_instant`), whatever the time zone of the machine.
"""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

_UTC_OFFSET = "+00:00"

VIETNAM_TIME = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Vietnamese time, as `VIETNAM` of the records, which only a program with records should load."""

FIRST_INSTANT, LAST_INSTANT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""The ends of the calendar, which stand for "always"."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Zero of the rounding to a source's timestamp resolution."""


class Clock(Protocol):
    """Two clocks: the wall clock for instants that are stored, the monotonic clock for durations."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC. Use it for what is stored, never for durations."""
        ...

    def monotonic(self) -> float:
        """Return the seconds of a clock that never jumps. Use it for durations and deadlines."""
        ...


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds of the machine's monotonic clock."""
        return time.monotonic()


class VietnameseClock:
    """A clock whose wall clock may return times without offset: they are Vietnamese time."""

    def __init__(self, clock: Clock) -> None:
        """Read the time from `clock`."""
        self._clock = clock
        self.monotonic = clock.monotonic

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        return as_instant(self._clock.now())


def as_instant(moment: date, *, at_end_of_day: bool = False) -> datetime:
    """Return a moment as an aware instant in UTC.

    A datetime without offset is Vietnamese time (UTC+7). A day is its first moment in Vietnamese time; with
    `at_end_of_day` its last microsecond, so that a period up to a day includes the day.

    >>> as_instant(date(2026, 7, 1)).isoformat()
    '2026-06-30T17:00:00+00:00'
    >>> as_instant(date(2026, 7, 1), at_end_of_day=True).isoformat()
    '2026-07-01T16:59:59.999999+00:00'
    >>> as_instant(datetime(2026, 7, 1, 8, 15)).isoformat()
    '2026-07-01T01:15:00+00:00'
    """
    if not isinstance(moment, datetime):
        first = datetime(moment.year, moment.month, moment.day, tzinfo=VIETNAM_TIME)
        moment = first + timedelta(days=1, microseconds=-1) if at_end_of_day else first
    if moment.tzinfo is UTC:
        return moment
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM_TIME)).astimezone(UTC)
    except OverflowError:  # the first or the last hours of the calendar
        return FIRST_INSTANT if moment.year == 1 else LAST_INSTANT


def in_vietnam(instant: datetime) -> datetime:
    """Return an aware instant in Vietnamese time; one in the last hours of the calendar stays the calendar's end.

    >>> in_vietnam(datetime(2026, 6, 30, 17, 5, tzinfo=UTC)).isoformat()
    '2026-07-01T00:05:00+07:00'
    """
    try:
        return instant.astimezone(VIETNAM_TIME)
    except OverflowError:
        end = FIRST_INSTANT if instant.year == 1 else LAST_INSTANT
        return end.replace(tzinfo=VIETNAM_TIME)


def start_of_range(end: datetime, span: timedelta, resolution: timedelta) -> datetime:
    """Return the instant `span` before `end` (UTC), rounded down to a multiple of `resolution`; never an exception.

    >>> end = datetime(2026, 7, 1, 1, 5, 7, tzinfo=UTC)
    >>> start_of_range(end, timedelta(minutes=2), timedelta(minutes=1)).isoformat()
    '2026-07-01T01:03:00+00:00'
    """
    since_beginning = end - FIRST_INSTANT - span
    if resolution:
        since_beginning -= (since_beginning - (EPOCH - FIRST_INSTANT)) % resolution
    return FIRST_INSTANT + max(since_beginning, timedelta(0))


def to_timestamp_text(at: datetime) -> str:
    """Return an instant as stored, in UTC to the microsecond: `2021-09-27T01:15:00.000000Z`."""
    in_utc = at if at.tzinfo is UTC else as_instant(at)
    return f"{in_utc.isoformat(timespec='microseconds')[: -len(_UTC_OFFSET)]}Z"


def from_timestamp_text(stored: str) -> datetime:
    """Return a stored instant as an aware datetime in UTC."""
    return datetime.fromisoformat(stored)
