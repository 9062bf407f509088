"""The clock protocol and the system clock. The engine receives a clock; it never reads the time itself."""

import time
from datetime import UTC, datetime
from typing import Protocol


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
