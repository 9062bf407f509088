"""Rate limiter protocol: when the next request to a system with a rate limit may be sent."""

from typing import Protocol


class Pace(Protocol):
    """Rate limit of one system, shared by threads and processes."""

    def turn(self, patience_s: float) -> float | None:
        """Reserve the next slot and return the seconds until it; None where that is more than `patience_s`."""
        ...

    def put_off(self, seconds: float) -> None:
        """Give out no slot for `seconds`: the system has requested a pause."""
        ...
