"""One call to a system: its request, its deadline, the request as it is sent, and counters of requests and bytes."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from threading import Lock

from cchc_connect.http import HttpRequest, HttpResponse, Verdict
from cchc_connect.transport.network.url_guard import Origin

MIN_WAIT_S = 0.001
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
    def has_passed(self) -> bool:
        """True if less than `MIN_WAIT_S` is left."""
        return self.remaining() < MIN_WAIT_S


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
    may_have_arrived: bool = False
    """Whether an attempt may have brought the request to the system."""

    def context(self) -> dict[str, object]:
        """Return the context of every error about this call."""
        return {
            "connection": self.connection,
            "method": self.request.method,
            "path": self.request.display_path,
            "status": self.status,
            "verdict": None if self.verdict is None else self.verdict.value,
            "attempt": self.attempt,
            "request_id": self.request_id,
        }


@dataclass(frozen=True, kw_only=True)
class PreparedRequest:
    """A request as a carrier sends it, identical in all attempts except for a signature that includes the time."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None

    def __repr__(self) -> str:
        """Show only the method: URL, headers and body may hold secrets or personal values."""
        return f"<{self.method} on the wire>"


@dataclass(frozen=True)
class SendStep:
    """Step that the transport performs: send one request, with as many attempts as the policy allows."""

    call: Call
    prepared: PreparedRequest
    origins: Collection[Origin] = field(repr=False)
    """Origins that it may go to."""
    classify: Callable[[HttpResponse], Verdict] = field(repr=False)
    """Returns the verdict on its response."""
    is_login: bool = False
    """True: it opens a session; request and response have no message signature."""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Requests and bytes of one transport so far."""

    requests: int = 0
    """Requests sent, logins and retries included."""
    bytes_received: int = 0
    """Bytes of response bodies on the wire, before decompression."""


class TrafficCounter:
    """Traffic counter of one transport; threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests = 0
        self._bytes_received = 0

    def count(self, *, requests: int = 0, bytes_received: int = 0) -> None:
        """Add requests and received bytes."""
        with self._lock:
            self._requests += requests
            self._bytes_received += bytes_received

    def total(self) -> Traffic:
        """Return the totals so far."""
        with self._lock:
            return Traffic(requests=self._requests, bytes_received=self._bytes_received)
