"""What the counters of a pull say of the source's times, in sentences for report, `status` and `check`.

Little is imported: `status` shows them.
"""

from collections.abc import Iterator
from datetime import timedelta

from cchc_connect.clock import VIETNAM_TIME
from cchc_connect.database.state.counters import Counters
from cchc_connect.messages import Message

CLOCK_TOLERANCE_S = 300
"""Seconds by which clocks differ."""

TIME_COUNTERS = ("times_ahead", "times_ahead_s", "times_unreadable", "went_back", "unlisted")
"""Counters that these sentences are about."""


def time_notes(counts: Counters) -> Iterator[Message]:
    """Yield the sentences; nothing for a source whose times are in order."""
    if counts.times_ahead:
        offset = VIETNAM_TIME.utcoffset(None)
        as_local = timedelta(seconds=counts.times_ahead_s - CLOCK_TOLERANCE_S) <= offset
        hours, seconds = divmod(counts.times_ahead_s, 3600)
        context = {"number": counts.times_ahead, "hours": hours, "minutes": seconds // 60}
        yield Message("source_times.in_another_zone" if as_local else "source_times.ahead", context)
    for name in ("times_unreadable", "went_back", "unlisted"):
        number = getattr(counts, name)
        if number:
            yield Message(f"source_times.{name.removeprefix('times_')}", {"number": number})
