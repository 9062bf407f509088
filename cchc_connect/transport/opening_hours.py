"""The hours in which a system may be asked; some are open to others at night only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self

from cchc_schemas.dates import VIETNAM

SPAN = re.compile(r"(?P<opens>([01][0-9]|2[0-3]):[0-5][0-9])-(?P<closes>([01][0-9]|2[0-3]):[0-5][0-9]|24:00)")
"""From hour to hour, as in 19:00-06:00; past midnight where the end is not after the beginning."""


@dataclass(frozen=True)
class Span:
    """From one time of day to another, Vietnamese time; the end is no part of it."""

    opens: time
    closes: time

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the span that `text` writes.

        Raises:
            ValueError: it is none.

        >>> Span.of("19:00-06:00").holds(time(23, 30))
        True
        """
        found = SPAN.fullmatch(text)
        if found is None:
            raise ValueError("not HH:MM-HH:MM")
        closes = found["closes"].replace("24:00", "00:00")
        return cls(time.fromisoformat(found["opens"]), time.fromisoformat(closes))

    def holds(self, at: time) -> bool:
        """Say whether a time of day is in it."""
        if self.opens < self.closes:
            return self.opens <= at < self.closes
        return at >= self.opens or at < self.closes


@dataclass(frozen=True)
class Hours:
    """The spans of each day in which a system may be asked."""

    spans: Sequence[Span]

    def is_open(self, now: datetime) -> bool:
        """Say whether it may be asked at `now`."""
        at = now.astimezone(VIETNAM).time()
        return any(span.holds(at) for span in self.spans)

    def opens_at(self, now: datetime) -> datetime:
        """Return the next instant from `now` on at which it may be asked."""
        if self.is_open(now):
            return now
        here = now.astimezone(VIETNAM)
        beginnings = [
            here.replace(hour=one.opens.hour, minute=one.opens.minute, second=0, microsecond=0) for one in self.spans
        ]
        return min(one if one > here else one + timedelta(days=1) for one in beginnings)
