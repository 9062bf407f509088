"""Time, handed in: nothing in the engine reads a clock of its own."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one to write down, one to measure with."""

    def now(self) -> datetime:
        """Return the present instant in UTC; for what is stored, never for durations."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps; for durations and deadlines."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds of the machine's monotonic clock."""
        return time.monotonic()
