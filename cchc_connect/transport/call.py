"""One call: its request, its deadline and what its attempts have brought so far."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cchc_connect.http import HttpRequest, Verdict

LEAST_S = 0.001
"""Seconds; a shorter wait is treated as none, since timers may end that much too early."""


class Deadline:
    """The deadline of a call over all its attempts, waits and logins, on a monotonic clock."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        """Start a deadline of `seconds` from now."""
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Return the seconds left; zero or less once the deadline has passed."""
        return self._end - self._clock()

    @property
    def over(self) -> bool:
        """True if less than `LEAST_S` is left."""
        return self.remaining() < LEAST_S


@dataclass(kw_only=True)
class Call:
    """One request with all its attempts; a login made for it is a call of its own with the same deadline."""

    connection: str
    request: HttpRequest = field(repr=False)
    request_id: str
    """Sent as X-Request-Id; the same in all attempts."""
    deadline: Deadline
    attempt: int = 0
    """Number of attempts so far."""
    status: int | None = None
    """Status of the last response, None where there was none."""
    verdict: Verdict | None = None

    def context(self) -> dict[str, object]:
        """Return the context of every error about this call."""
        return {
            "connection": self.connection,
            "method": self.request.method,
            "path": self.request.place,
            "status": self.status,
            "verdict": None if self.verdict is None else self.verdict.value,
            "attempt": self.attempt,
            "request_id": self.request_id,
        }
