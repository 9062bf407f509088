"""Connection percentage: which databases of the province's list are read, and which are shared.

Three steps are told apart (hoàn thành, kết nối, chia sẻ): a database is registered, it is read, and it is shared. It is
read in a second if every stream of all its connections was read completely within the SLA and none is on hold; for a
period, if it was read in at least 95 % of the seconds that count. Seconds outside the opening hours, before it had to
be connected, while it is exempt, and before the first run of all do not count. An instant is a period of one second.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from cchc_connect.clock import SystemClock, in_vietnam
from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.messages import Message
from cchc_connect.monitoring.freshness import FreshnessHistory, read_histories, whole_seconds
from cchc_connect.monitoring.intervals import Intervals
from cchc_connect.quality.registered import ALWAYS, ListedDatabase, listed_databases
from cchc_connect.quality.sharing_use import SharingUse, sharing_use
from cchc_connect.sync.freshness_promise import promise_of

READ_PERCENT = 95
"""Share of the counted seconds of a period in which a database must be read, in per cent."""


class ConnectionState(StrEnum):
    """What a registered database is in a period."""

    READ = "read"
    UNREAD = "unread"
    NOT_DUE = "not_due"
    """It need not be connected yet."""
    EXEMPT = "exempt"
    """It need not be connected, for a legal basis and until a day."""
    CLOSED = "closed"
    """Its system was not open in the period."""
    UNKNOWN = "unknown"
    """Nothing was recorded in the period, or a program writes it, of which nobody knows whether it is complete."""


@dataclass(frozen=True, kw_only=True)
class ConnectedDatabase:
    """One database of the list in a period."""

    code: str
    name: str
    owner: str
    """Code of the agency that is responsible for it; "" if the list does not say it."""
    connections: tuple[str, ...]
    state: ConnectionState
    required_s: int
    """Seconds of the period in which it had to be connected and was not exempt."""
    counted_s: int
    """Those of them that count: recorded, and in the opening hours of a system."""
    read_s: int
    """Those of these in which it was read."""
    was_read_once: bool
    """Whether each of its streams was read completely at least once; at an instant: so far."""
    has_agreement: bool
    """Whether an agreement was in force by which its owner shares its records."""
    is_shared: bool
    """Whether a record left under such an agreement: a release or a delivery."""
    remarks: tuple[Message, ...] = ()
    """Why it is not read or not shared, and what of its entry in the list does not count."""


@dataclass(frozen=True, kw_only=True)
class ConnectedCounts:
    """Numbers of registered databases; those of several agencies may be added."""

    registered: int = 0
    due: int = 0
    """Denominator of "connected": registered, due, not exempt, known."""
    connected: int = 0
    """Numerator of it: read."""
    unknown: int = 0
    not_due: int = 0
    exempt: int = 0
    closed: int = 0
    once: int = 0
    """Of `due`, those that were read completely at least once."""
    shareable: int = 0
    """Denominator of "shared": registered, due, not exempt, with an owner."""
    shared: int = 0
    """Numerator of it: an agreement in force, and a release or delivery."""
    shared_unknown: int = 0
    """Due and not exempt, but the list does not say whose it is."""
    connected_and_shared: int = 0

    def __add__(self, added: Self) -> Self:
        return type(self)(**{each.name: getattr(self, each.name) + getattr(added, each.name) for each in fields(self)})


@dataclass(frozen=True, kw_only=True)
class ConnectedReport:
    """The databases of the list in a period."""

    start: datetime
    end: datetime
    """Excluded."""
    recorded_since: datetime | None
    """First run of which the freshness was recorded; None: there is none."""
    databases: tuple[ConnectedDatabase, ...]
    """By code."""

    @property
    def total(self) -> ConnectedCounts:
        """Return the numbers of all databases."""
        return _counts(self.databases)

    @property
    def by_owner(self) -> Mapping[str, ConnectedCounts]:
        """Return the numbers by the code of the responsible agency; "" where the list does not say it."""
        owners = sorted({database.owner for database in self.databases})
        return {owner: _counts(each for each in self.databases if each.owner == owner) for owner in owners}


def connected_databases(
    database: SharedDatabase, config: Config, start: datetime, end: datetime, *, now: datetime | None = None
) -> ConnectedReport:
    """Return which databases of the list were read and shared in a period.

    The list and the opening hours are those of today.

    Args:
        database: the shared database.
        config: the loaded configuration.
        start: beginning of the period (aware).
        end: its end (aware), itself excluded; what is after the second of `now` does not count.
        now: the present instant (aware); None: that of this machine.

    Raises:
        DatabaseUnusable: the database failed.
    """
    present = now or SystemClock().now()
    end = min(end, present.replace(microsecond=0) + timedelta(seconds=1))
    days = in_vietnam(start).date(), in_vietnam(max(start, end - timedelta(microseconds=1))).date()
    with database.reading_directly() as direct:
        histories = read_histories(direct)
    with database.reading() as connection:
        listed, use = listed_databases(connection, config), sharing_use(connection, config, *days)
    judge = _Judge(config, histories, use, Intervals([(whole_seconds(start), whole_seconds(end))]))
    return ConnectedReport(
        start=start,
        end=end,
        recorded_since=judge.recorded_since,
        databases=tuple(judge.judged(each) for each in listed),
    )


def connected_now(database: SharedDatabase, config: Config, *, at: datetime | None = None) -> ConnectedReport:
    """Return which databases of the list are read at an instant (aware; None: now), and shared on its Vietnamese day.

    Raises:
        DatabaseUnusable: the database failed.
    """
    instant = (at or SystemClock().now()).replace(microsecond=0)
    return connected_databases(database, config, instant, instant + timedelta(seconds=1), now=instant)


class _Judge:
    """Judges databases of the list in one period."""

    def __init__(
        self, config: Config, histories: Mapping[str, FreshnessHistory], use: SharingUse, period: Intervals
    ) -> None:
        self._config = config
        self._histories = histories
        self._use = use
        self._period = period
        first = min((history.due.parts[0][0] for history in histories.values() if history.due), default=None)
        self._recorded = Intervals() if first is None else ALWAYS & Intervals([(first, ALWAYS.parts[0][1])])
        self.recorded_since = None if first is None else datetime.fromtimestamp(first, UTC)

    def judged(self, listed: ListedDatabase) -> ConnectedDatabase:
        """Return what a database was in the period."""
        required = (self._period & listed.due) - listed.exempt
        recorded = required & self._recorded if self._pulled(listed) else Intervals()
        counted = recorded & self._open(listed) if listed.connections else required
        read = counted - self._unread(listed) if listed.connections else Intervals()
        state = self._state(listed, required, recorded, counted, read)
        agreements = self._use.agreements_of(listed.owner, self._record_types(listed)) if listed.owner else []
        is_shared = self._use.is_used(agreements)
        return ConnectedDatabase(
            code=listed.code,
            name=listed.name,
            owner=listed.owner,
            connections=listed.connections,
            state=state,
            required_s=required.seconds,
            counted_s=counted.seconds,
            read_s=read.seconds,
            was_read_once=bool(listed.connections) and all(map(self._was_read, listed.connections)),
            has_agreement=bool(agreements),
            is_shared=is_shared,
            remarks=tuple(self._remarks(listed, required, has_agreement=bool(agreements), is_shared=is_shared)),
        )

    def _state(
        self, listed: ListedDatabase, required: Intervals, recorded: Intervals, counted: Intervals, read: Intervals
    ) -> ConnectionState:
        if not required:
            return ConnectionState.EXEMPT if self._period & listed.due else ConnectionState.NOT_DUE
        if not counted:
            return ConnectionState.CLOSED if recorded else ConnectionState.UNKNOWN
        return ConnectionState.READ if read.seconds * 100 >= READ_PERCENT * counted.seconds else ConnectionState.UNREAD

    def _pulled(self, listed: ListedDatabase) -> list[str]:
        """Return the connections of a database apart from those that programs write."""
        tables = self._config.connections
        return [name for name in listed.connections if name not in tables or not tables[name].is_program]

    def _hours(self, name: str) -> Intervals:
        """Return when a connection is open within the period; one that is not configured has no hours."""
        table = self._config.connections.get(name)
        if table is None:
            return self._period
        return Intervals(
            part for start, end in self._period.parts for part in promise_of(table).open_intervals(start, end)
        )

    def _open(self, listed: ListedDatabase) -> Intervals:
        """Return when a system of the database is open."""
        opened = Intervals()
        for name in self._pulled(listed):
            opened |= self._hours(name)
        return opened

    def _unread(self, listed: ListedDatabase) -> Intervals:
        """Return when one of its systems is open and was not read within the SLA."""
        unread = Intervals()
        for name in self._pulled(listed):
            history = self._history(name)
            unread |= self._hours(name) if history is None else self._hours(name) - history.within_sla
        return unread

    def _history(self, name: str) -> FreshnessHistory | None:
        """Return the history of a connection that is configured."""
        return self._histories.get(name) if name in self._config.connections else None

    def _was_read(self, name: str) -> bool:
        history = self._history(name)
        span = Intervals([(0, self._period.parts[-1][1])]) if self._period.seconds == 1 else self._period
        return history is not None and history.was_complete_in(span)

    def _record_types(self, listed: ListedDatabase) -> frozenset[str] | None:
        """Return the record types of a database's connections; None if a program writes one, which may be of any."""
        if len(self._pulled(listed)) < len(listed.connections):
            return None
        histories = [history for name in listed.connections if (history := self._history(name)) is not None]
        return frozenset(record_type for history in histories for record_type in history.record_types)

    def _remarks(
        self, listed: ListedDatabase, required: Intervals, *, has_agreement: bool, is_shared: bool
    ) -> Iterable[Message]:
        if listed.has_void_exemption:
            yield Message("connected_remark.exemption_void", {})
        if not required:
            return
        if not listed.connections:
            yield Message("connected_remark.no_connection", {})
        yield from filter(None, map(self._remark, listed.connections))
        if not listed.owner:
            yield Message("connected_remark.no_owner", {})
        elif not has_agreement:
            yield Message("connected_remark.no_agreement", {"agency": listed.owner})
        elif not is_shared:
            yield Message("connected_remark.nothing_left", {})

    def _remark(self, name: str) -> Message | None:
        """Return why a connection cannot be judged, or is not read at all; None if it is judged by its history."""
        table = self._config.connections.get(name)
        if table is None:
            return Message("connected_remark.not_configured", {"connection": name})
        if table.is_program:
            return Message("connected_remark.program", {"connection": name})
        return None if name in self._histories else Message("connected_remark.never_pulled", {"connection": name})


def _counts(databases: Iterable[ConnectedDatabase]) -> ConnectedCounts:
    return sum(map(_count, databases), ConnectedCounts())


def _count(each: ConnectedDatabase) -> ConnectedCounts:
    is_read, is_required = each.state is ConnectionState.READ, each.required_s > 0
    is_judged = is_read or each.state is ConnectionState.UNREAD
    return ConnectedCounts(
        registered=1,
        due=is_judged,
        connected=is_read,
        unknown=each.state is ConnectionState.UNKNOWN,
        not_due=each.state is ConnectionState.NOT_DUE,
        exempt=each.state is ConnectionState.EXEMPT,
        closed=each.state is ConnectionState.CLOSED,
        once=is_judged and each.was_read_once,
        shareable=is_required and bool(each.owner),
        shared=is_required and each.is_shared,
        shared_unknown=is_required and not each.owner,
        connected_and_shared=is_read and each.is_shared,
    )
