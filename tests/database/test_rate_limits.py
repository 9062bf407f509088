"""The rate limit that all processes which call one system share."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.rate_limits import SharedRateLimit
from cchc_connect.http import Rate

START = datetime(2026, 11, 26, 1, 15, tzinfo=UTC)
TWENTY = Rate(requests=20, per_s=1.0)


class Hand:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


def reserve(pace: SharedRateLimit) -> float | None:
    return pace.acquire(60.0)


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as opened:
        yield opened


def test_slots_are_an_interval_apart_whoever_reserves_them(database: SharedDatabase) -> None:
    clock = Hand()
    callers = [SharedRateLimit(database, "portal", TWENTY, clock) for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        waits = sorted(filter(None, threads.map(reserve, callers * 5)))

    assert waits == pytest.approx([number * 0.0525 for number in range(1, 20)], abs=1e-4)


def test_no_window_of_the_quotas_length_holds_more_than_the_quota(database: SharedDatabase) -> None:
    clock, sent = Hand(), list[float]()
    pace = SharedRateLimit(database, "portal", TWENTY, clock)

    for _ in range(45):
        wait = pace.acquire(60.0)
        assert wait is not None
        clock.at += timedelta(seconds=wait)
        sent.append((clock.at - START).total_seconds())

    assert max(sum(begin <= instant < begin + 1.0 for instant in sent) for begin in sent) <= 20
    assert min(later - earlier for earlier, later in pairwise(sent)) > 0.05


def test_unused_slots_are_not_accumulated(database: SharedDatabase) -> None:
    clock = Hand()
    pace = SharedRateLimit(database, "portal", TWENTY, clock)
    pace.acquire(60.0)
    clock.at += timedelta(minutes=5)

    assert [pace.acquire(60.0) for _ in range(3)] == pytest.approx([0.0, 0.0525, 0.105], abs=1e-4)


def test_a_slot_that_is_too_late_is_not_reserved(database: SharedDatabase) -> None:
    pace = SharedRateLimit(database, "portal", Rate(requests=1, per_s=10.0), Hand())
    pace.acquire(60.0)

    assert pace.acquire(5.0) is None
    assert pace.acquire(60.0) == pytest.approx(10.5)


def test_each_connection_has_its_own_slots(database: SharedDatabase) -> None:
    clock = Hand()
    SharedRateLimit(database, "portal", TWENTY, clock).acquire(60.0)

    assert SharedRateLimit(database, "land", TWENTY, clock).acquire(60.0) == 0.0


def test_a_pause_that_a_system_asked_for_holds_for_all_callers(database: SharedDatabase) -> None:
    clock = Hand()
    SharedRateLimit(database, "portal", TWENTY, clock).pause(7.0)

    assert SharedRateLimit(database, "portal", TWENTY, clock).acquire(60.0) == pytest.approx(7.0)


def test_a_slot_stored_by_a_wrong_clock_is_ignored(database: SharedDatabase) -> None:
    clock = Hand()
    pace = SharedRateLimit(database, "portal", TWENTY, clock)
    clock.at += timedelta(minutes=30)
    pace.acquire(60.0)
    clock.at -= timedelta(minutes=30)

    assert pace.acquire(60.0) == 0.0
