"""Up to when a pass may say that it has read a source, by the change times that it saw there.

The latest of them is not enough. While a pass goes through its pages, an item of a page that it has left may
be changed, and a later page may show a still later change: asking from there on would miss the first. So the
span of the pass is taken off, or, where a crash lies within it and nobody knows its span, only what the first
page showed counts. A source that lists the oldest change first shows such an item again, at its end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cchc_connect.adapter import Order


@dataclass
class HighWater:
    """The change times of one pass."""

    order: Order
    began_s: float
    """When the pass began, by a clock that measures."""
    is_resumed: bool
    """Was it taken up from another process?"""
    kept: datetime | None
    """What goes with the cursor: the latest seen in order, or else the latest of the first page."""
    highest: datetime | None = None
    """The latest this process saw."""

    def see(self, latest: datetime | None) -> None:
        """Take note of a page's latest change time."""
        is_first = self.highest is None and self.kept is None and not self.is_resumed
        self.highest = later(self.highest, latest)
        if self.order is Order.ASCENDING:
            self.kept = later(self.kept, latest)
        elif is_first:
            self.kept = latest

    def reached(self, now_s: float) -> datetime | None:
        """Return up to when the source was read if the pass ended now."""
        if self.order is Order.ASCENDING or self.is_resumed or self.highest is None:
            return self.kept
        return later(self.kept, self.highest - timedelta(seconds=max(0.0, now_s - self.began_s)))


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two instants, as far as there are any."""
    return other if one is None else one if other is None else max(one, other)
