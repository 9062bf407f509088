"""Retry policy and limits of a transport: backoff, retry budget, `Retry-After`, the rate limiter's protocol.

tenacity runs the attempts; its arguments are built here once for `Retrying` and `AsyncRetrying`. `TransportEnvironment`
is what tests replace: clock, random numbers, name resolver. `Retry-After` is read by RFC 9110 section 10.2.3.
"""

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Protocol, TypedDict
from uuid import uuid4

from tenacity import RetryCallState

from cchc_connect.errors import CchcError, Retriable
from cchc_connect.transport.auth.token_store import TokenStore
from cchc_connect.transport.calls.call import Call
from cchc_connect.transport.calls.error_mapping import NEVER_CONNECTED
from cchc_connect.transport.network.dns import Resolver, system_resolver
from cchc_connect.transport.opening_hours import OpeningHours
from cchc_connect.wire.page_limits import DEFAULT_PAGE_LIMITS, PageLimits

MAX_RETRY_AFTER_S = 86_400.0
"""No system is waited for longer than a day at once, whatever it asks for."""

_SECONDS = re.compile(r"[0-9]{1,9}")
_UNIX_TIME = re.compile(r"[0-9]{10}")
"""Ten digits are seconds since 1970, as some gateways write: as a wait they would be centuries."""


class RetryBudget:
    """The retry budget of one transport; threads may share it."""

    def __init__(self, reserve: float, share: float) -> None:
        """Start with `reserve` retries; each success refunds `share` of one retry."""
        self._reserve = reserve
        self._share = share
        self._remaining = reserve
        self._lock = Lock()

    def take(self) -> bool:
        """Take one retry from the budget; return whether there was one."""
        with self._lock:
            if self._remaining < 1:
                return False
            self._remaining -= 1
            return True

    def refund(self) -> None:
        """Refund the share of one success."""
        with self._lock:
            self._remaining = min(self._reserve, self._remaining + self._share)


def retry_after_s(headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    """Return the seconds to wait, at most `MAX_RETRY_AFTER_S`; None where the header is absent or unreadable.

    It may be seconds, a date or a Unix time. An instant is measured against the
    response's own Date header, so that the two machines' clocks need not agree.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), MAX_RETRY_AFTER_S)
    until = datetime.fromtimestamp(int(value), UTC) if _UNIX_TIME.fullmatch(value) else _instant(value)
    if until is None:
        return None
    wait_s = (until - (_instant(headers.get("date", "")) or now())).total_seconds()
    return min(max(0.0, wait_s), MAX_RETRY_AFTER_S)


def _instant(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


class RateLimiter(Protocol):
    """Rate limit of one system, shared by threads and processes."""

    def acquire(self, max_wait_s: float) -> float | None:
        """Reserve the next slot and return the seconds until it; None where that is more than `max_wait_s`."""
        ...

    def pause(self, seconds: float) -> None:
        """Give out no slot for `seconds`: the system has requested a pause."""
        ...


def _utc_now() -> datetime:
    return datetime.now(UTC)


def always(attempt: int, /) -> None:
    """Let every attempt be made."""
    del attempt


def random_request_id() -> str:
    """Return a request id that no other request has."""
    return str(uuid4())


@dataclass(frozen=True, kw_only=True)
class TransportEnvironment:
    """Clocks, randomness, name resolution and shared state, injected so that a test or simulation can replace them."""

    clock: Callable[[], float] = time.monotonic
    """Monotonic clock, in seconds."""
    now: Callable[[], datetime] = _utc_now
    """Aware wall clock: for opening hours, signed times and Retry-After dates of responses without a Date."""
    uniform: Callable[[float, float], float] = random.uniform
    """A random number between two bounds."""
    request_id: Callable[[], str] = random_request_id
    """A new identifier for each request."""
    resolve: Resolver = system_resolver
    """Returns the addresses of a host name; called from threads."""
    rate_limiter: RateLimiter | None = None
    """Rate limiter shared by all callers of this system; None: no limit."""
    token_store: TokenStore | None = None
    """Token store that processes share; None: each process logs in for itself."""
    may_send: Callable[[int], None] = always
    """Called directly before the first byte of each attempt, when the connection is open, with its number from 1.

    It raises a typed error if the request must not be sent any more.
    """


class RetryArguments(TypedDict):
    """Arguments of tenacity's `Retrying` and `AsyncRetrying`."""

    retry: Callable[[RetryCallState], bool]
    wait: Callable[[RetryCallState], float]
    stop: Callable[[RetryCallState], bool]
    reraise: bool


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Limits of one call; all are finite."""

    max_attempts: int = 4
    """Maximum number of attempts of a request; a new login does not raise it."""
    deadline_s: float = 60.0
    """Seconds for the whole call: its attempts, the waits between them and a login."""
    connect_timeout_s: float = 10.0
    """Timeout for connecting, in seconds."""
    read_timeout_s: float = 30.0
    """Timeout for one read, in seconds."""
    backoff_base_s: float = 0.5
    """Upper bound of the wait before the second attempt, in seconds; it doubles with each further one."""
    backoff_max_s: float = 20.0
    """Upper bound of a wait, in seconds; a Retry-After may request more."""
    retry_budget: float = 10.0
    """Retry budget: how many retries all calls of a transport may make while nothing succeeds."""
    retry_budget_refill: float = 0.1
    """Share of one retry that each success refunds to the budget."""
    opening_hours: OpeningHours | None = None
    """Opening hours of the system; None: always open."""
    max_body_bytes: int = 32 * 1024 * 1024
    """Maximum bytes of a body, both on the wire and decoded."""
    max_compression_ratio: int = 200
    """Maximum ratio of a body's decoded size to its size on the wire."""
    max_header_lines: int = 100
    """Maximum number of header lines of a response."""
    page_limits: PageLimits = DEFAULT_PAGE_LIMITS
    """Limits of a listing in a body."""

    def new_retry_budget(self) -> RetryBudget:
        """Return a new, full retry budget."""
        return RetryBudget(self.retry_budget, self.retry_budget_refill)

    def retry_arguments(
        self, call: Call, uniform: Callable[[float, float], float], budget: RetryBudget
    ) -> RetryArguments:
        """Return tenacity's arguments for `call`.

        A retriable error is retried only where the request is idempotent or nothing was sent. The wait is full
        jitter and at least as long as a Retry-After. The call ends with its last error after the last attempt,
        where the wait would outlast the deadline, or where the retry budget is used up.
        """

        def retry(state: RetryCallState) -> bool:
            error = _error_of(state)
            return isinstance(error, Retriable) and (call.request.is_idempotent or error.code == NEVER_CONNECTED)

        def wait(state: RetryCallState) -> float:
            jitter = uniform(0.0, self.max_backoff_s(call.attempt))
            return max(jitter, announced_wait_s(_error_of(state)))

        def stop(state: RetryCallState) -> bool:
            is_last = call.attempt >= self.max_attempts or state.upcoming_sleep >= call.deadline.remaining()
            return is_last or not budget.take()

        return RetryArguments(retry=retry, wait=wait, stop=stop, reraise=True)

    def max_backoff_s(self, attempt: int) -> float:
        """Return the upper bound of the jitter after an attempt (1 is the first), in seconds."""
        return min(self.backoff_max_s, self.backoff_base_s * 2.0 ** min(attempt - 1, 60))


def announced_wait_s(error: BaseException | None) -> float:
    """Return the wait that the system requested (Retry-After), in seconds; 0 where it requested none."""
    wait_s = getattr(error, "retry_after_s", None)
    if wait_s is None and isinstance(error, CchcError):
        wait_s = error.context.get("retry_after_s")
    return wait_s if isinstance(wait_s, float) else 0.0


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
