"""Freshness of connections (độ cập nhật của dữ liệu): whether the data of each is fresh, and how long it was.

Every second of the opening hours is judged, from the intervals that the runs stored. A connection is as fresh as its
oldest stream: it is fresh while each of its streams was read completely within `fresh_within` and none is held. Seconds
outside the opening hours do not count, and the age of data stands still in them. Data that was never read completely is
a breach from the first attempt on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from cchc_connect.clock import SystemClock
from cchc_connect.database.direct import queries
from cchc_connect.database.direct.connection import DirectConnection, StoredRow
from cchc_connect.database.state.freshness_state import FreshnessState
from cchc_connect.monitoring.intervals import Intervals

if TYPE_CHECKING:
    from cchc_connect.config.file import Config
    from cchc_connect.database.shared_database import SharedDatabase
    from cchc_connect.sync.freshness_promise import FreshnessPromise

END_OF_TIME = 1 << 60
"""Stands for the end of an interval that is open."""


class Freshness(StrEnum):
    """How fresh the data of a connection is at an instant."""

    FRESH = "fresh"
    STALE = "stale"
    """Older than `fresh_within`."""
    HELD = "held"
    """A stream waits for somebody, as what its source sent was not taken."""
    BREACH = "breach"
    """Older than twice the SLA, or never read completely."""


@dataclass(frozen=True, kw_only=True)
class FreshnessHistory:
    """In which seconds a connection was what, over all its streams; nothing is known of the others."""

    connection: str
    due: Intervals
    """A stream was expected to be read."""
    fresh: Intervals
    within_sla: Intervals
    """Every stream was read within the SLA, and none was held: the connection counts as read."""
    held: Intervals
    breach: Intervals
    """Older than twice the SLA, or never read completely."""
    stretches: tuple[Intervals, ...]
    """Of each stream that was due, from its first complete pass to its last one, without the time of outages."""
    record_types: frozenset[str]
    """Record types of its streams."""
    complete_at: int | None
    """Last complete pass of the stream that is read least; None while one was never read completely."""

    def was_complete_in(self, period: Intervals) -> bool:
        """True if each stream was read completely in a period, or before and after it without an outage between."""
        return bool(self.stretches) and all(stretch & period for stretch in self.stretches)

    def state(self, at: int) -> Freshness | None:
        """Return how fresh the data is at an instant, in seconds since 1970; None if no stream is due then."""
        if at not in self.due:
            return None
        if at in self.breach:
            return Freshness.BREACH
        if at in self.held:
            return Freshness.HELD
        return Freshness.FRESH if at in self.fresh else Freshness.STALE


@dataclass(frozen=True, kw_only=True)
class ConnectionFreshness:
    """Freshness of one connection at an instant and in a period; the seconds are those of its opening hours."""

    connection: str
    state: Freshness | None
    """Now, or at the end of the period; None if nothing was ever read."""
    is_open: bool
    """Whether it is in its opening hours then."""
    complete_at: datetime | None
    """Since when its data is complete: the last complete pass of the stream that is read least, UTC; None: never."""
    age_s: int | None
    """Seconds of opening hours since then."""
    fresh_within_s: int
    sla_s: int
    due_s: int
    """Seconds of the period that count: of its opening hours, from the first attempt on."""
    fresh_s: int
    within_sla_s: int
    held_s: int
    breach_s: int

    @property
    def share(self) -> float | None:
        """Return the share of the counted seconds in which it was fresh; None if none counts."""
        return self.fresh_s / self.due_s if self.due_s else None


@dataclass(frozen=True, kw_only=True)
class FreshnessNow:
    """How fresh the data of one connection is at an instant."""

    connection: str
    state: Freshness
    complete_at: datetime | None
    """Since when its data is complete, UTC; None: a stream was never read completely."""
    due_since: datetime
    """First attempt to read it, UTC."""


def freshness(
    database: "SharedDatabase", config: "Config", start: datetime, end: datetime, *, now: datetime | None = None
) -> list[ConnectionFreshness]:
    """Return the freshness of each connection that is pulled, by name.

    Args:
        database: the shared database.
        config: the loaded configuration.
        start: beginning of the period (aware).
        end: its end (aware), itself excluded; what is after `now` does not count.
        now: the present instant (aware); None: that of this machine.

    Raises:
        DatabaseUnusable: the database failed.
    """
    from cchc_connect.sync.freshness_promise import promise_of  # noqa: PLC0415  # `status` reads no configuration

    with database.reading_directly() as connection:
        histories = read_histories(connection)
    at = min(whole_seconds(end), whole_seconds(now or SystemClock().now()))
    return [
        _freshness(name, histories.get(name), promise_of(table), whole_seconds(start), at)
        for name, table in sorted(config.connections.items())
        if not table.is_program and (name in histories or config.adapter(name).sources)
    ]


def read_histories(connection: DirectConnection) -> Mapping[str, FreshnessHistory]:
    """Return what is stored of the freshness of every connection, by its name."""
    rows = queries.freshness_intervals(connection)
    by_name = groupby(rows, key=lambda row: row["connection"])
    return {name: _history(name, list(of_connection)) for name, of_connection in by_name}


def read_states(connection: DirectConnection, at: datetime) -> tuple[FreshnessNow, ...]:
    """Return how fresh the data of every connection is at an instant (aware), by name; of none that is not due."""
    states = [
        (history, state)
        for _, history in sorted(read_histories(connection).items())
        if (state := history.state(whole_seconds(at))) is not None
    ]
    return tuple(
        FreshnessNow(
            connection=history.connection,
            state=state,
            complete_at=as_utc(history.complete_at),
            due_since=datetime.fromtimestamp(history.due.parts[0][0], UTC),
        )
        for history, state in states
    )


def as_utc(seconds: int | None) -> datetime | None:
    """Return whole seconds since 1970 as an aware instant in UTC; None for None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def whole_seconds(instant: datetime) -> int:
    """Return an aware instant as whole seconds since 1970."""
    return int(instant.timestamp() // 1)


def _freshness(
    name: str, history: FreshnessHistory | None, promise: "FreshnessPromise", start: int, end: int
) -> ConnectionFreshness:
    history = history or _history(name, ())
    counted = history.due & Intervals(promise.open_intervals(start, end))
    complete_at = history.complete_at
    return ConnectionFreshness(
        connection=name,
        state=history.state(end),
        is_open=bool(Intervals(promise.open_intervals(end, end + 1))),
        complete_at=as_utc(complete_at),
        age_s=None if complete_at is None else promise.age_s(complete_at, max(complete_at, end)),
        fresh_within_s=int(promise.fresh_within.total_seconds()),
        sla_s=int(promise.sla.total_seconds()),
        due_s=counted.seconds,
        fresh_s=(counted & history.fresh).seconds,
        within_sla_s=(counted & history.within_sla).seconds,
        held_s=(counted & history.held).seconds,
        breach_s=(counted & history.breach).seconds,
    )


def _history(name: str, rows: Iterable[StoredRow]) -> FreshnessHistory:
    due, outdated, late, held, breach = (Intervals() for _ in range(5))
    stretches, record_types = list[Intervals](), set[str]()
    oldest = list[int | None]()
    for (record_type, _), of_stream in groupby(rows, key=lambda row: (row["record_type"], row["partition"])):
        by_state: dict[str, list[StoredRow]] = {state: [] for state in FreshnessState}
        for row in of_stream:
            by_state[row["state"]].append(row)
        complete = by_state[FreshnessState.COMPLETE]
        stream_due = _open_ended(by_state[FreshnessState.DUE])
        stream_held = stream_due & _open_ended(by_state[FreshnessState.HELD])
        due |= stream_due
        held |= stream_held
        outdated |= (stream_due - _until(complete, "fresh_until")) | stream_held
        late |= (stream_due - _until(complete, "within_until")) | stream_held
        breach |= stream_due - _until(complete, "breach_from")
        stretches.append(Intervals((row["since"], row["until"] + 1) for row in complete))
        record_types.add(record_type)
        if END_OF_TIME - 1 in stream_due:
            oldest.append(complete[-1]["until"] if complete else None)
    ends = [until for until in oldest if until is not None]
    return FreshnessHistory(
        connection=name,
        due=due,
        fresh=due - outdated,
        within_sla=due - late,
        held=held,
        breach=breach,
        stretches=tuple(stretches),
        record_types=frozenset(record_types),
        complete_at=min(ends) if ends and len(ends) == len(oldest) else None,
    )


def _open_ended(rows: Iterable[StoredRow]) -> Intervals:
    return Intervals((row["since"], END_OF_TIME if row["until"] is None else row["until"]) for row in rows)


def _until(rows: Iterable[StoredRow], limit: str) -> Intervals:
    return Intervals((row["since"], row[limit]) for row in rows)
