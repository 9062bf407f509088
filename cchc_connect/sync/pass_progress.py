"""Computes the safe watermark of a pass from the change times that the pass saw.

The latest change time is not safe. While a pass reads its pages, an item on a page that it has already read may
change, and a later page may show an even later change: a next pull from there would miss the first one. So the
duration of the pass is subtracted. If the pass was resumed after a crash, its duration is unknown, and only the latest
change time of the first page counts. A source that lists the oldest change first lists such an item again at its end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cchc_connect.adapter import Order


@dataclass
class HighWater:
    """The change times of one pass (UTC)."""

    order: Order
    """Order in which the source lists changes."""
    began_s: float
    """Start of the pass, in seconds of the monotonic clock."""
    is_resumed: bool
    """Whether the pass continues one of an earlier process."""
    kept: datetime | None
    """Checkpoint stored with the cursor: the latest change time seen, or without an order that of the first page."""
    highest: datetime | None = None
    """Latest change time that this process saw."""

    def see(self, latest: datetime | None) -> None:
        """Record the latest change time of the next page; None if the page has none."""
        is_first = self.highest is None and self.kept is None and not self.is_resumed
        self.highest = later(self.highest, latest)
        if self.order is Order.ASCENDING:
            self.kept = later(self.kept, latest)
        elif is_first:
            self.kept = latest

    def reached(self, now_s: float) -> datetime | None:
        """Return the safe watermark if the pass ended at `now_s` of the monotonic clock; None if there is none."""
        if self.order is Order.ASCENDING or self.is_resumed or self.highest is None:
            return self.kept
        return later(self.kept, self.highest - timedelta(seconds=max(0.0, now_s - self.began_s)))


def later(first: datetime | None, second: datetime | None) -> datetime | None:
    """Return the later of two instants; None counts as earlier than any instant."""
    return second if first is None else first if second is None else max(first, second)
