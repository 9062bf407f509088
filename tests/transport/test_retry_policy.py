"""The retry policy: what is sent again, and after how many seconds; clock and random numbers are fake."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, strategies as st
from tenacity import AsyncRetrying, Retrying

from cchc_connect import HttpRequest
from cchc_connect.errors import (
    AuthenticationFailed,
    CchcError,
    CutShort,
    Maintenance,
    MessageRefused,
    SourceHeld,
    Throttled,
    Unreachable,
)
from cchc_connect.transport import Policy
from cchc_connect.transport.calls.call import Call, Deadline
from cchc_connect.transport.calls.error_mapping import NEVER_CONNECTED

GET = HttpRequest(method="GET", path="/parcels")
POST = HttpRequest(method="POST", path="/parcels", json={})


@dataclass
class FakeTime:
    """A clock that advances by sleeping and by attempts, with the sleeps and the number of attempts."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list[float])
    attempts: int = 0
    takes_s: float = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    def call(self, request: HttpRequest, policy: Policy) -> Call:
        deadline = Deadline(self.clock, policy.deadline_s)
        return Call(connection="registry", request=request, request_id="id", deadline=deadline)


def longest_wait(_: float, high: float) -> float:
    return high


def attempt_blocking(world: FakeTime, policy: Policy, call: Call, fault: Callable[[], CchcError | None]) -> None:
    def attempt() -> None:
        _attempt(world, call, fault)

    Retrying(sleep=world.sleep, **policy.retry_arguments(call, longest_wait, policy.new_retry_budget()))(attempt)


def attempt_async(world: FakeTime, policy: Policy, call: Call, fault: Callable[[], CchcError | None]) -> None:
    async def attempt() -> None:
        _attempt(world, call, fault)

    async def drive() -> None:
        await AsyncRetrying(
            sleep=world.sleep_async, **policy.retry_arguments(call, longest_wait, policy.new_retry_budget())
        )(attempt)

    asyncio.run(drive())


def _attempt(world: FakeTime, call: Call, fault: Callable[[], CchcError | None]) -> None:
    call.attempt += 1
    world.attempts += 1
    world.now += world.takes_s
    error = fault()
    if error:
        raise error


Driver = Callable[[FakeTime, Policy, Call, Callable[[], CchcError | None]], None]
drivers = pytest.mark.parametrize("drive", [attempt_blocking, attempt_async])


@drivers
def test_a_transient_fault_is_tried_four_times_with_doubling_waits(drive: Driver) -> None:
    world, policy = FakeTime(), Policy()

    with pytest.raises(CutShort):
        drive(world, policy, world.call(GET, policy), lambda: CutShort("transport.cut_short"))

    assert world.attempts == 4
    assert world.slept == [0.5, 1.0, 2.0]


@drivers
def test_success_ends_the_attempts(drive: Driver) -> None:
    world, policy = FakeTime(), Policy()

    drive(world, policy, world.call(GET, policy), lambda: Maintenance("m") if world.attempts < 2 else None)

    assert world.attempts == 2


@drivers
@pytest.mark.parametrize("error", [SourceHeld, AuthenticationFailed, MessageRefused])
def test_an_error_that_is_not_retriable_is_tried_once(drive: Driver, error: type[CchcError]) -> None:
    world, policy = FakeTime(), Policy()

    with pytest.raises(error):
        drive(world, policy, world.call(GET, policy), lambda: error("code"))

    assert world.attempts == 1


@drivers
@pytest.mark.parametrize(("code", "attempts"), [("transport.connection_lost", 1), (NEVER_CONNECTED, 4)])
def test_a_message_that_is_not_idempotent_is_retried_only_if_nothing_was_sent(
    drive: Driver, code: str, attempts: int
) -> None:
    world, policy = FakeTime(), Policy()

    with pytest.raises(Unreachable):
        drive(world, policy, world.call(POST, policy), lambda: Unreachable(code))

    assert world.attempts == attempts


@drivers
def test_no_attempt_is_earlier_than_retry_after(drive: Driver) -> None:
    world, policy = FakeTime(), Policy()

    with pytest.raises(Throttled):
        drive(world, policy, world.call(GET, policy), lambda: Throttled("code", retry_after_s=7.0))

    assert world.slept == [7.0, 7.0, 7.0]


@drivers
def test_a_retry_after_beyond_the_deadline_ends_the_call_at_once(drive: Driver) -> None:
    world, policy = FakeTime(), Policy(deadline_s=60.0)

    with pytest.raises(Throttled) as raised:
        drive(world, policy, world.call(GET, policy), lambda: Throttled("code", retry_after_s=60.0))

    assert raised.value.retry_after_s == 60.0
    assert world.slept == []


@drivers
def test_the_deadline_counts_attempts_and_waits(drive: Driver) -> None:
    world, policy = FakeTime(takes_s=25.0), Policy(deadline_s=60.0)

    with pytest.raises(Maintenance):
        drive(world, policy, world.call(GET, policy), lambda: Maintenance("m", retry_after_s=9.0))

    assert world.attempts == 2
    assert world.now <= 1060.0


@given(attempt=st.integers(1, 5000), retry_after_s=st.none() | st.floats(0, 3600), chance=st.floats(0, 1))
def test_a_wait_is_full_jitter_under_a_doubling_capped_bound_and_never_too_early(
    attempt: int, retry_after_s: float | None, chance: float
) -> None:
    policy = Policy(max_attempts=5001, deadline_s=1e9)
    world = FakeTime()
    call = world.call(GET, policy)
    call.attempt = attempt
    faults = iter([Throttled("code", retry_after_s=retry_after_s), None])
    arguments = policy.retry_arguments(call, lambda low, high: low + (high - low) * chance, policy.new_retry_budget())

    def attempt_once() -> None:
        fault = next(faults)
        if fault:
            raise fault

    Retrying(sleep=world.sleep, **arguments)(attempt_once)

    bound = min(20.0, 0.5 * 2 ** min(attempt - 1, 100))
    assert world.slept == [max(bound * chance, retry_after_s or 0.0)]
