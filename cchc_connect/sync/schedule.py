"""Resident schedule: runs again and again in one process, each connection at its own period and in its opening hours.

The times of a connection lie on a grid of its period that begins with the first round, by the monotonic clock: neither
the length of a round nor a wall clock that is set makes them drift. A round that came too late, because the one before
took longer or the machine was suspended, is made up once, and then the grid goes on. A connection that is closed when
it is due is pulled when it opens. All connections that are due at the same time share one run, and so one lease.

A round that fails does not end the schedule, whatever failed: another run has the lease, the database is away, the
configuration has a fault. Only the first round does, as long as it cannot work at all.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cchc_connect.clock import Clock
from cchc_connect.config.file import Config
from cchc_connect.errors import CchcError, ConfigurationError, DatabaseLost, DatabaseUnusable
from cchc_connect.sync.report import RunReport
from cchc_connect.transport.opening_hours import OpeningHours, TimeSpan

MAX_WAIT_S = 60.0
"""Longest wait at a stretch, in seconds; then the opening hours are looked at anew, as the wall clock may be set."""

JITTER_SHARE = 0.1
"""Largest delay of a round as a share of the period: systems that many programs ask on the hour are asked in turn."""

MAX_JITTER_S = 60.0
"""Largest delay of a round, in seconds."""


class Grid:
    """When each connection or route is due, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        """Start without names."""
        self._periods_s: dict[str, float] = {}
        self._due_s: dict[str, float] = {}

    def update(self, periods_s: Mapping[str, float], now_s: float) -> None:
        """Take over the present periods: a new name, or one with a new period, begins a grid of its own now."""
        for name in self._periods_s.keys() - periods_s.keys():
            del self._due_s[name]
        for name, period_s in periods_s.items():
            if self._periods_s.get(name) != period_s:
                self._due_s[name] = now_s
        self._periods_s = dict(periods_s)

    def due(self, now_s: float) -> list[str]:
        """Return the names that are due."""
        return [name for name, due_s in self._due_s.items() if due_s <= now_s]

    def begin(self, names: Collection[str], now_s: float) -> None:
        """Note that a round of these names begins: each is due again at the next point of its grid after now."""
        for name in names:
            period_s = self._periods_s[name]
            self._due_s[name] += (math.floor((now_s - self._due_s[name]) / period_s) + 1) * period_s

    def next_point(self, now_s: float) -> tuple[float, float] | None:
        """Return when the next name is due that is not due yet, and its period; None if there is no such name."""
        coming = [(due_s, self._periods_s[name]) for name, due_s in self._due_s.items() if due_s > now_s]
        return min(coming, default=None)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A resident schedule; everything that it uses of the outside is handed in.

    Example::

        Schedule(
            load=lambda: Config.load("cchc.toml"),
            run=lambda config, names: synchronise_once(config, names),
            show=lambda report, *_: print(report.outcome),
            fail=lambda error, config: print(error),
            clock=SystemClock(),
            wait=time.sleep,
            random=random.random,
        ).run_rounds()
    """

    load: Callable[[], Config]
    """Reads the configuration; it is read before each round."""
    run: Callable[[Config, Sequence[str]], RunReport]
    """Runs once, for these connections and routes."""
    show: Callable[[RunReport, Config, float], None]
    """Receives the report of each round, its configuration, and the seconds until the next round is due."""
    fail: Callable[[CchcError, Config | None], None]
    """Receives the error of each round that failed, and its configuration; None if that could not be read."""
    clock: Clock
    wait: Callable[[float], object]
    """Waits for a number of seconds, or less if a stop is requested."""
    random: Callable[[], float]
    """Returns a random number, at least 0 and below 1."""
    period: timedelta | None = None
    """Period of the connections that have none of their own; None: that of the configuration's table `[run]`."""
    only: Collection[str] = ()
    """Names of connections and routes to which the rounds are limited; empty: all connections."""
    is_stopping: Callable[[], bool] = lambda: False
    _grid: Grid = field(default_factory=Grid)

    def run_rounds(self) -> None:
        """Run rounds until a stop is requested.

        Raises:
            ConfigurationError: the configuration has a fault at the start, or names no period.
            DatabaseUnusable: the database cannot be used at the start; a broken connection to it is tried again.
        """
        is_first = True
        while not self.is_stopping():
            config: Config | None = None
            names: Sequence[str] = ()
            try:
                config = self.load()
                self._grid.update(self._periods_s(config), self.clock.monotonic())
                names = self._due_and_open(config)
                self._grid.begin(names, self.clock.monotonic())
                report = self.run(config, names) if names else None
            except CchcError as error:
                if is_first and _is_hopeless(error):
                    raise
                if not names:  # the round failed before it began; what is due is tried again at its next time
                    self._grid.begin(self._grid.due(self.clock.monotonic()), self.clock.monotonic())
                self.fail(error, config)
            else:
                if report is not None:
                    self.show(report, config, self._next_in_s())
            is_first = False
            self._wait_for_next(config)

    def _periods_s(self, config: Config) -> Mapping[str, float]:
        """Return the period of each connection, or of the connections and routes that the rounds are limited to.

        A route has the period of its receiver.

        Raises:
            ConfigurationError: no period is named for one of them.
        """
        connections = {name: config.routes[name].to if name in config.routes else name for name in self.only}
        connections = connections or {name: name for name in config.connections}
        periods: dict[str, float] = {}
        for name, connection in connections.items():
            table = config.connections.get(connection)
            period = (table.every if table else None) or self.period or config.run.every
            if period is None:
                raise ConfigurationError("schedule.no_period", connection=connection)
            periods[name] = period.total_seconds()
        return periods

    def _due_and_open(self, config: Config) -> list[str]:
        now = self.clock.now()
        return [name for name in self._grid.due(self.clock.monotonic()) if _next_opening(config, name, now) <= now]

    def _next_in_s(self) -> float:
        now_s = self.clock.monotonic()
        point = self._grid.next_point(now_s)
        return 0.0 if point is None or self._grid.due(now_s) else point[0] - now_s

    def _wait_for_next(self, config: Config | None) -> None:
        """Wait until a further name is due, with a random delay, or one that is due opens."""
        now_s = self.clock.monotonic()
        point, closed = self._grid.next_point(now_s), self._grid.due(now_s)
        until_s = now_s + MAX_WAIT_S
        if point is not None:
            due_s, period_s = point
            until_s = due_s + self.random() * min(period_s * JITTER_SHARE, MAX_JITTER_S)
        while not self.is_stopping() and (remaining_s := until_s - self.clock.monotonic()) > 0:
            if config is not None:
                opens_s = self._seconds_to_opening(config, closed)
                if opens_s <= 0:
                    return
                remaining_s = min(remaining_s, opens_s)
            self.wait(min(remaining_s, MAX_WAIT_S))

    def _seconds_to_opening(self, config: Config, names: Collection[str]) -> float:
        """Return the seconds until one of the names opens; infinity if there is none."""
        now = self.clock.now()
        return min(((_next_opening(config, name, now) - now).total_seconds() for name in names), default=math.inf)


def _is_hopeless(error: CchcError) -> bool:
    """True if an error of the first round would be that of every further one."""
    is_away = isinstance(error, DatabaseLost)
    return isinstance(error, ConfigurationError) or (isinstance(error, DatabaseUnusable) and not is_away)


def _next_opening(config: Config, name: str, now: datetime) -> datetime:
    """Return when a connection, or the receiver of a route, accepts requests: now, or later on."""
    connection = config.connections.get(config.routes[name].to if name in config.routes else name)
    if connection is None or not connection.opening_hours:
        return now
    return OpeningHours([TimeSpan.parse(span) for span in connection.opening_hours]).next_opening(now)
