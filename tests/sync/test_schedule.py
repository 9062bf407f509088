"""Rules of the resident schedule: when a connection is due, and what does not end the schedule."""

import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cchc_connect import Config
from cchc_connect.errors import CchcError, ConfigurationError, DatabaseLost, DatabaseUnusable, LeaseHeld
from cchc_connect.sync.report import RunReport
from cchc_connect.sync.schedule import MAX_JITTER_S, MAX_WAIT_S, Schedule
from tests.sync.memory_systems import ManualClock

MINUTE, HOUR = 60, 3600
EIGHT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""08:00 in Vietnam."""

Round = tuple[float, list[str]]
"""Seconds since the start, and the names of the round."""


def config(run: Mapping[str, object] | None = None, **connections: Mapping[str, object]) -> Config:
    """Return a configuration of land registries with these keys."""
    table = {"adapter": "ogc_features", "agency": "H09", "base_url": "http://127.0.0.1:1"}
    options = {"options": {"collection": "thua_dat", "scheme": "gso-2025-07"}}
    tables = {name: {**table, **options, **keys} for name, keys in connections.items()}
    return Config.from_tables({"run": run or {}, "connections": tables}, Path("cchc.toml"))


def report(clock: ManualClock) -> RunReport:
    now = clock.now()
    return RunReport(run_id="run", dry_run=False, started_at=now, finished_at=now, seconds=0, lines=[])


@dataclass
class Residence:
    """A resident schedule over a clock that the test moves; it ends after a number of seconds."""

    config: Config
    end_s: float = HOUR
    round_s: Callable[[int], float] = lambda _: 0.0
    """Duration of the n-th round."""
    errors: Mapping[int, CchcError] = field(default_factory=dict[int, CchcError])
    """Error of the n-th round."""
    load_errors: Mapping[int, CchcError] = field(default_factory=dict[int, CchcError])
    """Error of reading the configuration for the n-th time."""
    random: Callable[[], float] = lambda: 0.0
    clock: ManualClock = field(default_factory=lambda: ManualClock(EIGHT))
    rounds: list[Round] = field(default_factory=list[Round])
    failures: list[str] = field(default_factory=list[str])
    coming: list[float] = field(default_factory=list[float])
    waits: list[float] = field(default_factory=list[float])
    loads: int = 0

    def load(self) -> Config:
        self.loads += 1
        if self.loads - 1 in self.load_errors:
            raise self.load_errors[self.loads - 1]
        return self.config

    def run(self, _: Config, names: Sequence[str]) -> RunReport:
        number = len(self.rounds)
        self.rounds.append((self.clock.monotonic(), list(names)))
        self.clock.advance(timedelta(seconds=self.round_s(number)))
        if number in self.errors:
            raise self.errors[number]
        return report(self.clock)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))

    def begin(self, period: timedelta | None = None, only: Sequence[str] = ()) -> list[Round]:
        """Run until the end and return the rounds."""
        Schedule(
            load=self.load,
            run=self.run,
            show=lambda _, __, next_in_s: self.coming.append(next_in_s),
            fail=lambda error, _: self.failures.append(error.code),
            clock=self.clock,
            wait=self.wait,
            random=self.random,
            period=period,
            only=only,
            is_stopping=lambda: self.clock.monotonic() >= self.end_s,
        ).run_rounds()
        return self.rounds


def times(rounds: Sequence[Round]) -> list[float]:
    return [at for at, _ in rounds]


def test_rounds_follow_each_other_at_the_period_however_long_they_take() -> None:
    """The beginnings do not drift."""
    residence = Residence(config(village={}), round_s=lambda number: 10.0 * number)

    rounds = residence.begin(timedelta(minutes=15))

    assert times(rounds) == [0, 15 * MINUTE, 30 * MINUTE, 45 * MINUTE]
    assert residence.coming == [15 * MINUTE, 15 * MINUTE - 10, 15 * MINUTE - 20, 15 * MINUTE - 30]


def test_missed_rounds_are_made_up_once() -> None:
    """The first round takes as long as three; one follows at once, the next at its time."""
    residence = Residence(config(village={}), round_s=lambda number: 35.0 * MINUTE if number == 0 else 0.0)

    assert times(residence.begin(timedelta(minutes=10))) == [0, 35 * MINUTE, 40 * MINUTE, 50 * MINUTE]


def test_a_machine_that_slept_makes_up_one_round() -> None:
    residence = Residence(config(village={}), end_s=5 * HOUR)
    waited = residence.wait

    def wait(seconds: float) -> None:
        waited(seconds)
        if len(residence.waits) == 3:
            residence.clock.advance(timedelta(hours=2, minutes=5))

    residence.wait = wait  # type: ignore[method-assign]  # the machine sleeps in the third wait

    rounds = times(residence.begin(timedelta(hours=1)))

    assert rounds == [0, 2 * HOUR + 8 * MINUTE, 3 * HOUR, 4 * HOUR]


@pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(days=-400)])
def test_a_wall_clock_that_is_set_changes_nothing(jump: timedelta) -> None:
    residence = Residence(config(village={}), end_s=3 * HOUR)

    def set_clock(number: int) -> float:
        residence.clock.moment += jump if number == 0 else timedelta(0)
        return 0.0

    residence.round_s = set_clock

    assert times(residence.begin(timedelta(hours=1))) == [0, HOUR, 2 * HOUR]


def test_each_connection_has_its_own_period_and_those_due_together_share_a_round() -> None:
    residence = Residence(config(run={"every": "30m"}, hamlet={"every": "20m"}, village={}), end_s=61 * MINUTE)

    assert residence.begin() == [
        (0, ["hamlet", "village"]),
        (20 * MINUTE, ["hamlet"]),
        (30 * MINUTE, ["village"]),
        (40 * MINUTE, ["hamlet"]),
        (60 * MINUTE, ["hamlet", "village"]),
    ]


def test_a_connection_without_a_period_is_a_fault_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match="village"):
        Residence(config(hamlet={"every": "20m"}, village={})).begin()


def test_rounds_can_be_limited_to_some_connections() -> None:
    residence = Residence(config(hamlet={}, village={}))

    rounds = residence.begin(timedelta(minutes=30), only=["village"])

    assert [names for _, names in rounds] == [["village"], ["village"]]


def test_a_closed_connection_is_pulled_when_it_opens() -> None:
    """It is due once a day at a time when it is always closed, and others are not delayed by it."""
    night = {"every": "1d", "opening_hours": ["19:00-06:00"]}
    residence = Residence(config(night=night, village={"every": "8h"}), end_s=36 * HOUR)

    assert residence.begin() == [
        (0, ["village"]),
        (8 * HOUR, ["village"]),
        (11 * HOUR, ["night"]),
        (16 * HOUR, ["village"]),
        (24 * HOUR, ["village"]),
        (32 * HOUR, ["village"]),
        (35 * HOUR, ["night"]),
    ]


def test_opening_hours_are_looked_at_every_minute() -> None:
    """So that a wall clock that is set during the wait is noticed."""
    residence = Residence(config(night={"every": "1d", "opening_hours": ["19:00-06:00"]}), end_s=HOUR)

    residence.begin()

    assert max(residence.waits) <= MAX_WAIT_S


def test_a_round_is_delayed_at_random_within_bounds_and_the_grid_stays() -> None:
    """The delay is at most a tenth of the period and at most a minute; it does not add up."""
    largest = Residence(config(village={}), end_s=3 * HOUR, random=lambda: 0.999)
    short = Residence(config(village={}), end_s=MINUTE, random=lambda: 0.5)

    late = 0.999 * MAX_JITTER_S
    assert times(largest.begin(timedelta(hours=1))) == pytest.approx([0, HOUR + late, 2 * HOUR + late])
    assert times(short.begin(timedelta(seconds=20))) == [0, 21, 41]


@pytest.mark.parametrize(
    "error",
    [
        LeaseHeld("lease.held", holder="host:1", until="12:00"),
        DatabaseLost("database.failed", path="db", reason=""),
        DatabaseUnusable("database.failed", path="db", reason=""),
        ConfigurationError("config.secret_env_missing", variable="PASSWORD"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_round_that_fails_is_reported_and_the_next_one_follows(error: CchcError) -> None:
    residence = Residence(config(village={}), errors={1: error})

    assert times(residence.begin(timedelta(minutes=20))) == [0, 20 * MINUTE, 40 * MINUTE]
    assert residence.failures == [error.code]


@pytest.mark.parametrize("error", [LeaseHeld("lease.held"), DatabaseLost("database.failed")])
def test_what_may_pass_is_survived_at_the_start_too(error: CchcError) -> None:
    residence = Residence(config(village={}), errors={0: error})

    assert len(residence.begin(timedelta(minutes=20))) == 3


@pytest.mark.parametrize("error", [ConfigurationError("config.not_toml"), DatabaseUnusable("database.newer")])
def test_what_cannot_work_ends_the_start(error: CchcError) -> None:
    """A service manager shows it at once, instead of a process that never does anything."""
    with pytest.raises(type(error)):
        Residence(config(village={}), errors={0: error}).begin(timedelta(minutes=20))


def test_a_configuration_that_breaks_later_is_reported_and_read_again() -> None:
    """Nothing is run by an old configuration, and one report comes at each time at which a round was due."""
    broken = ConfigurationError("config.not_toml", file="cchc.toml", problem="")
    residence = Residence(config(village={}), load_errors={1: broken, 2: broken})

    assert times(residence.begin(timedelta(minutes=15))) == [0, 45 * MINUTE]
    assert residence.failures == ["config.not_toml"] * 2


def test_the_configuration_is_read_before_each_round() -> None:
    """A new connection is due at once, a removed one is not due any more, and a new period begins with a round."""
    residence = Residence(config(village={"every": "15m"}), end_s=HOUR)
    later = config(village={"every": "40m"}, hamlet={"every": "15m"})

    def change(number: int) -> float:
        if number == 0:
            residence.config = later
        return 0.0

    residence.round_s = change

    assert residence.begin() == [
        (0, ["village"]),
        (15 * MINUTE, ["village", "hamlet"]),
        (30 * MINUTE, ["hamlet"]),
        (45 * MINUTE, ["hamlet"]),
        (55 * MINUTE, ["village"]),
    ]


def test_memory_does_not_grow_with_the_number_of_rounds() -> None:
    residence = Residence(config(village={}), end_s=2000 * HOUR)
    sizes: dict[int, int] = {}

    def measure(number: int) -> float:
        if number in {500, 1999}:
            for recorded in (residence.rounds, residence.waits, residence.coming):
                recorded[:-1] = []
            residence.rounds.extend([residence.rounds[-1]] * number)
            sizes[number] = tracemalloc.get_traced_memory()[0]
        return 0.0

    residence.round_s = measure
    tracemalloc.start()
    try:
        residence.begin(timedelta(hours=1))
    finally:
        tracemalloc.stop()

    assert sizes[1999] - sizes[500] < 100_000
