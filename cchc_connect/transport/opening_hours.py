"""Opening hours: the times of day (Vietnamese time) at which requests to a system are allowed.

Some systems are open to other systems at night only.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Self

from cchc_connect.errors import OutsideHours
from cchc_schemas.dates import VIETNAM

SPAN_PATTERN = re.compile(r"(?P<opens>([01][0-9]|2[0-3]):[0-5][0-9])-(?P<closes>([01][0-9]|2[0-3]):[0-5][0-9]|24:00)")
"""Form of a span, as in 19:00-06:00; it passes midnight where the end is not after the start."""


@dataclass(frozen=True)
class TimeSpan:
    """From one time of day to another, Vietnamese time; the end is excluded."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a span.

        Raises:
            ValueError: `text` is not of the form HH:MM-HH:MM.

        >>> TimeSpan.parse("19:00-06:00").contains(time(23, 30))
        True
        """
        match = SPAN_PATTERN.fullmatch(text)
        if match is None:
            raise ValueError("not HH:MM-HH:MM")
        closes = match["closes"].replace("24:00", "00:00")
        return cls(time.fromisoformat(match["opens"]), time.fromisoformat(closes))

    def contains(self, at: time) -> bool:
        """True if a time of day (Vietnamese time) is in the span."""
        if self.opens < self.closes:
            return self.opens <= at < self.closes
        return at >= self.opens or at < self.closes


DAY_S = 86_400

VIETNAM_OFFSET_S = 7 * 3600
"""Seconds by which Vietnamese time is ahead of UTC, on every day."""


@dataclass(frozen=True)
class OpeningHours:
    """The spans of each day in which requests are allowed."""

    spans: Sequence[TimeSpan]

    def is_open(self, now: datetime) -> bool:
        """True if requests are allowed at `now` (aware)."""
        at = now.astimezone(VIETNAM).time()
        return any(span.contains(at) for span in self.spans)

    def require_open(self, now: datetime, connection: str) -> None:
        """Check that requests to the system of `connection` are allowed at `now` (aware).

        Raises:
            OutsideHours: they are not.
        """
        if not self.is_open(now):
            opens_at = self.next_opening(now)
            raise OutsideHours("transport.outside_hours", connection=connection, opens_at=opens_at)

    def next_opening(self, now: datetime) -> datetime:
        """Return the first instant from `now` on (aware) at which requests are allowed."""
        if self.is_open(now):
            return now
        local_now = now.astimezone(VIETNAM)
        starts = [
            local_now.replace(hour=span.opens.hour, minute=span.opens.minute, second=0, microsecond=0)
            for span in self.spans
        ]
        return min(start if start > local_now else start + timedelta(days=1) for start in starts)

    def open_intervals(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the intervals from `start` up to `end`, itself excluded, in which requests are allowed, in order.

        Instants are whole seconds since 1970 (UTC). Neighbouring intervals may touch.

        >>> list(OpeningHours([TimeSpan.parse("08:00-17:00")]).open_intervals(0, 86_400))
        [(3600, 36000)]
        """
        pieces = self._pieces_of_day()
        first_day = (start + VIETNAM_OFFSET_S) // DAY_S
        for day in range(first_day, (end + VIETNAM_OFFSET_S - 1) // DAY_S + 1):
            midnight = day * DAY_S - VIETNAM_OFFSET_S
            for opens, closes in pieces:
                interval = max(start, midnight + opens), min(end, midnight + closes)
                if interval[0] < interval[1]:
                    yield interval

    def after_open_seconds(self, start: int, seconds: int) -> int:
        """Return the instant at which `seconds` seconds of opening hours have passed since `start`.

        Instants are whole seconds since 1970 (UTC).

        >>> OpeningHours([TimeSpan.parse("08:00-17:00")]).after_open_seconds(0, 9 * 3600 + 1)
        90001
        """
        pieces = self._pieces_of_day()
        day, remaining = (start + VIETNAM_OFFSET_S) // DAY_S, seconds
        while True:
            midnight = day * DAY_S - VIETNAM_OFFSET_S
            for opens, closes in pieces:
                begin, end = max(start, midnight + opens), midnight + closes
                if begin + remaining <= end:
                    return begin + remaining
                remaining -= max(0, end - begin)
            day += 1

    def _pieces_of_day(self) -> list[tuple[int, int]]:
        """Return when it is open, in seconds of a Vietnamese day."""
        ends = {moment.hour * 3600 + moment.minute * 60 for span in self.spans for moment in (span.opens, span.closes)}
        return [
            (begin, end)
            for begin, end in pairwise(sorted({0, DAY_S, *ends}))
            if any(span.contains(time(begin // 3600, begin % 3600 // 60)) for span in self.spans)
        ]
