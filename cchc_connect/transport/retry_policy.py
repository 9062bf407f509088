"""How patient, how stubborn and how greedy a transport is: one policy for every carrier.

tenacity drives the attempts; what it is told is made here once and serves `Retrying` and `AsyncRetrying`.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict
from uuid import uuid4

from tenacity import RetryCallState

from cchc_connect.errors import CchcError, Retriable
from cchc_connect.transport.auth.token_store import Shelf
from cchc_connect.transport.budget import RetryBudget
from cchc_connect.transport.call import Call
from cchc_connect.transport.error_mapping import NEVER_CONNECTED
from cchc_connect.transport.network.dns import Resolver, system_resolver
from cchc_connect.transport.opening_hours import Hours
from cchc_connect.transport.pace import Pace


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _random_id() -> str:
    return str(uuid4())


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Time and chance, handed in so that a test or a simulation can replace them."""

    clock: Callable[[], float] = time.monotonic
    """Seconds on a clock that never goes back."""
    now: Callable[[], datetime] = _utc_now
    """Aware wall clock: for hours, for times that are signed, and where an answer names a date and not its own."""
    uniform: Callable[[float, float], float] = random.uniform
    """A random number between two bounds."""
    request_id: Callable[[], str] = _random_id
    """A new identifier for each request."""
    resolve: Resolver = system_resolver
    """The addresses of a host name; threads call it."""
    pace: Pace | None = None
    """The turns of all who ask this system; None: whenever we like."""
    shelf: Shelf | None = None
    """Where processes leave sessions for each other; None: each opens its own."""


class RetryArguments(TypedDict):
    """What tenacity's two drivers are told."""

    retry: Callable[[RetryCallState], bool]
    wait: Callable[[RetryCallState], float]
    stop: Callable[[RetryCallState], bool]
    reraise: bool


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Limits of one call; every one is finite."""

    attempts: int = 4
    """How often a request is sent at the most; a fresh login earns a refused one no attempt more."""
    deadline_s: float = 60.0
    """Seconds for the whole call: its attempts, the waits between them and a login."""
    connect_s: float = 10.0
    """Seconds to wait for a connection."""
    read_s: float = 30.0
    """Seconds of silence after which an attempt is given up."""
    wait_unit_s: float = 0.5
    """Longest wait before the second attempt; it doubles with each further one."""
    wait_cap_s: float = 20.0
    """Longest wait of our own choice; the other side may ask for more."""
    retry_reserve: float = 10.0
    """How many repeated attempts all calls of a transport may make while nothing succeeds."""
    retry_share: float = 0.1
    """How much of one repeated attempt each success gives back."""
    hours: Hours | None = None
    """When the system may be asked; None: always."""
    body_limit: int = 32 * 1024 * 1024
    """Bytes of a body, on the wire and decoded."""
    ratio_limit: int = 200
    """How many times its wire size a decoded body may have."""
    header_limit: int = 100
    """Header lines of an answer."""

    def budget(self) -> RetryBudget:
        """Return a full reserve of repeated attempts."""
        return RetryBudget(self.retry_reserve, self.retry_share)

    def retrying(self, call: Call, uniform: Callable[[float, float], float], budget: RetryBudget) -> RetryArguments:
        """Return tenacity's arguments for `call`.

        A failure is repeated by its type, and only where sending twice does what sending once does or where
        nothing was sent. The wait is full jitter and never ends before the other side's Retry-After; a wait
        that would outlast the deadline, or a reserve that is spent, ends the call with its last error.
        """

        def retry(state: RetryCallState) -> bool:
            fault = _fault(state)
            return isinstance(fault, Retriable) and (call.request.may_repeat or fault.code == NEVER_CONNECTED)

        def wait(state: RetryCallState) -> float:
            jitter = uniform(0.0, self.longest_wait_s(call.attempt))
            return max(jitter, told_wait_s(_fault(state)))

        def stop(state: RetryCallState) -> bool:
            is_last = call.attempt >= self.attempts or state.upcoming_sleep >= call.deadline.remaining()
            return is_last or not budget.spend()

        return RetryArguments(retry=retry, wait=wait, stop=stop, reraise=True)

    def longest_wait_s(self, attempt: int) -> float:
        """Return the upper bound of the jitter after the given attempt (1 is the first), in seconds."""
        return min(self.wait_cap_s, self.wait_unit_s * 2.0 ** min(attempt - 1, 60))


def told_wait_s(fault: BaseException | None) -> float:
    """Return for how long the other side asked us to wait, in seconds; 0 where it did not."""
    told = getattr(fault, "retry_after_s", None)
    if told is None and isinstance(fault, CchcError):
        told = fault.context.get("retry_after_s")
    return told if isinstance(told, float) else 0.0


def _fault(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
