"""One call: what its sender asked, how far it has come, how long it may still take."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cchc_connect.http import HttpRequest, Verdict

LEAST_S = 0.001
"""Seconds below which waiting makes no sense; timers may end that much too early."""


class Deadline:
    """The end of a call, over all its attempts, waits and logins; measured on a monotonic clock."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        """Let `seconds` begin to run now."""
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Return the seconds left; zero or less once the time is used up."""
        return self._end - self._clock()

    @property
    def over(self) -> bool:
        """Say whether the time is used up, or so nearly that nothing can be done in it."""
        return self.remaining() < LEAST_S


@dataclass(kw_only=True)
class Call:
    """One request on its way; a login on behalf of it is a call of its own with the same deadline."""

    connection: str
    request: HttpRequest = field(repr=False)
    request_id: str
    """Sent as X-Request-Id; the same over all attempts."""
    deadline: Deadline
    attempt: int = 0
    """How often the request was sent so far."""
    status: int | None = None
    """Status of the last answer, None where there was none."""
    verdict: Verdict | None = None

    def context(self) -> dict[str, object]:
        """Return what every error about this call carries."""
        return {
            "connection": self.connection,
            "method": self.request.method,
            "path": self.request.place,
            "status": self.status,
            "verdict": None if self.verdict is None else self.verdict.value,
            "attempt": self.attempt,
            "request_id": self.request_id,
        }
