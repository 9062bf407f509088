"""The clock protocol, the system clock, and instants as the shared database stores them: text in UTC in time order.

The engine receives a clock; it never reads the time itself.
"""

import time
from datetime import UTC, datetime
from typing import Protocol

_UTC_OFFSET = "+00:00"


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


def to_timestamp_text(at: datetime) -> str:
    """Return an aware instant as stored, in UTC to the microsecond: `2021-09-27T01:15:00.000000Z`."""
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='microseconds')[: -len(_UTC_OFFSET)]}Z"


def from_timestamp_text(stored: str) -> datetime:
    """Return a stored instant as an aware datetime in UTC."""
    return datetime.fromisoformat(stored)
