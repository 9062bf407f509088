"""One run: under one lease, pull every connection, then push every route, and report.

One connection's failure leaves the others running. What ends the whole run is only what makes writing
impossible: the lease is lost, or the database fails.
"""

import uuid
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from cchc_connect.adapter import Adapter, Source
from cchc_connect.clock import Clock, SystemClock
from cchc_connect.config import Config, ConnectionTable, RouteTable
from cchc_connect.database import deliveries
from cchc_connect.database.counts import Counts
from cchc_connect.database.cursors import hold, stream_states
from cchc_connect.database.instants import stamp
from cchc_connect.database.lease import Lease
from cchc_connect.database.quarantine import QuarantineEntry
from cchc_connect.database.runs import begin_run, finish_run
from cchc_connect.database.shared import SharedDatabase
from cchc_connect.database.stream import Stream
from cchc_connect.database.writer import Occasion, SiftedPage, write_page
from cchc_connect.errors import CchcError, Fatal, Rejected, Retriable
from cchc_connect.messages import Phrase
from cchc_connect.sync.border import adapter_border
from cchc_connect.sync.connect import connect
from cchc_connect.sync.executor import Executor, Job, ThreadExecutor
from cchc_connect.sync.pull import Pull
from cchc_connect.sync.push import Push, Route
from cchc_connect.sync.report import Line, Outcome, RunReport
from cchc_connect.sync.scope import Progress, Scope, no_progress
from cchc_connect.sync.sift import Sieve
from cchc_connect.transport import Transport

Connect = Callable[[str, ConnectionTable, Adapter, float], AbstractContextManager[Transport]]
"""Opens the transport to a connection: its name, table, adapter and a call's deadline in seconds."""


def _new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a run takes from the world; everything can be handed in."""

    clock: Clock = field(default_factory=SystemClock)
    connect: Connect = connect
    executor: Executor | None = None
    """None: threads of this process, as many as the configuration says."""
    progress: Progress = no_progress
    new_id: Callable[[], str] = _new_id


class Synchronizer:
    """Runs what the configuration describes over one shared database."""

    def __init__(self, config: Config, database: SharedDatabase, surroundings: Surroundings | None = None) -> None:
        """Prepare; nothing is asked or written before a run."""
        self._config = config
        self._database = database
        self._with = surroundings or Surroundings()

    def synchronise(
        self, only: Collection[str] = (), *, rehearse: bool = False, accept_shrink: Collection[str] = ()
    ) -> RunReport:
        """Pull all connections, then push all routes; with `only`, those connections and routes.

        Connections in `accept_shrink` may have lost more records than is believed otherwise.

        A rehearsal asks the sources and counts what would be written and sent, but writes and sends nothing.

        Raises:
            ConfigurationError: an address or a secret cannot be used; nothing was begun.
            LeaseHeld: another run is at work.
            LeaseLost: this run froze and another took over.
            DatabaseUnusable: the database failed; what was committed stays.
        """
        for name in self._config.connections:
            if not only or name in only:
                with self._transport(name, self._config.adapter(name)):
                    pass  # an address or a secret that cannot be used is told before anything is begun
        with self._scope(rehearse=rehearse) as given:
            scope = replace(given, shrinking=frozenset(accept_shrink))
            started, clock = scope.clock.now(), scope.clock.monotonic()
            if scope.keeps:
                begin_run(self._database, scope.token, scope.run_id, started)
            lines = self._lines(only, scope)
            report = RunReport(
                run_id=scope.run_id,
                rehearsal=rehearse,
                started_at=stamp(started),
                finished_at=stamp(scope.clock.now()),
                seconds=scope.clock.monotonic() - clock,
                lines=lines,
            )
            if scope.keeps:
                finish_run(self._database, scope.token, report.as_document())
            return report

    def replay(self, entries: Iterable[QuarantineEntry]) -> Counts:
        """Read quarantined items anew, through the very code that pulled them; no source is asked.

        Raises:
            LeaseHeld: a run is at work.
        """
        counts = Counts()
        with self._scope(rehearse=False) as scope:
            for entry in entries:
                counts.add(self._replay_one(entry, scope))
        return counts

    def _replay_one(self, entry: QuarantineEntry, scope: Scope) -> Counts:
        source = self._source(entry.connection, entry.record_type)
        stream = self._stream(entry.connection, entry.record_type)
        sifted = Sieve(source).sift([entry.item], {}, {})
        arrivals = [replace(arrival, source_key=entry.source_key) for arrival in sifted.arrivals]
        faulty = [replace(item, source_key=entry.source_key) for item in sifted.faulty]
        occasion = Occasion(
            run_id=scope.run_id, now=stamp(scope.clock.now()), owner=scope.owners.get(entry.record_type)
        )
        with self._database.writing(scope.token) as connection:
            return write_page(connection, stream, SiftedPage(arrivals=arrivals, faulty=faulty), occasion)

    def _source(self, name: str, record_type: str) -> Source:
        sources = self._config.adapter(name).sources if name in self._config.connections else ()
        for source in sources:
            if source.record_type.record_type == record_type:
                return source
        raise Rejected("quarantine.source_unknown", connection=name, record_type=record_type)

    @contextmanager
    def _scope(self, *, rehearse: bool) -> Generator[Scope, None, None]:
        """Give the run's scope, with the lease held while the block runs; a rehearsal needs none."""
        given = self._with
        scope = Scope(
            run_id=given.new_id(),
            database=self._database,
            clock=given.clock,
            token=None,
            owners=self._config.ownership,
            progress=given.progress,
        )
        if rehearse:
            yield scope
            return
        with Lease(self._database, given.clock, timedelta(seconds=self._config.run.lease_s)) as lease:
            yield replace(scope, token=lease.token)

    def _lines(self, only: Collection[str], scope: Scope) -> list[Line]:
        executor = self._with.executor or ThreadExecutor(self._config.run.parallel)
        lines: list[Line] = []
        chosen = [name for name in self._config.connections if not only or name in only]
        pulls = [self._pull_job(name, scope, lines) for name in sorted(chosen, key=self._held().__contains__)]
        executor.run(pulls)
        pushes = [
            self._push_job(name, route, scope, lines)
            for name, route in self._config.routes.items()
            if not only or name in only or route.to in only
        ]
        executor.run(pushes)
        return sorted(lines, key=lambda line: (line.kind, line.name))

    def _held(self) -> frozenset[str]:
        """Return the connections that failed last time: pulled last, one that hangs keeps no other waiting."""
        with self._database.reading() as connection:
            return frozenset(one.connection for one in stream_states(connection) if one.held_code is not None)

    def _stream(self, name: str, record_type: str) -> Stream:
        return Stream(connection=name, record_type=record_type, agency=self._config.connections[name].agency)

    def _transport(self, name: str, adapter: Adapter) -> AbstractContextManager[Transport]:
        return self._with.connect(name, self._config.connections[name], adapter, self._config.run.deadline_s)

    def _pull_job(self, name: str, scope: Scope, lines: list[Line]) -> Job:
        def job() -> None:
            adapter = self._config.adapter(name)
            if not adapter.sources:
                return
            with self._transport(name, adapter) as transport:
                for source in adapter.sources:
                    stream = self._stream(name, source.record_type.record_type)
                    line = self._pull(source, stream, transport, scope)
                    lines.append(line)

        return job

    def _pull(self, source: Source, stream: Stream, transport: Transport, scope: Scope) -> Line:
        line = Line(kind="pull", name=stream.connection, record_type=stream.record_type)
        pull = Pull(source, stream, transport, scope)
        before = transport.traffic
        try:
            with adapter_border(connection=stream.connection, record_type=stream.record_type):
                pull.run()
        except Fatal:
            raise
        except CchcError as error:
            line.outcome, line.reason = _failure(error)
            with self._database.writing(scope.token, keep=scope.keeps) as connection:
                hold(connection, stream, error, scope.clock.now())
        line.counts = pull.counts
        line.counts.requests = transport.traffic.requests - before.requests
        line.counts.bytes_received = transport.traffic.bytes_received - before.bytes_received
        return line

    def _push_job(self, name: str, table: RouteTable, scope: Scope, lines: list[Line]) -> Job:
        def job() -> None:
            adapter = self._config.adapter(table.to)
            push_route = _route(name, table, self._config.connections[table.to], adapter)
            with self._transport(table.to, adapter) as transport:
                lines.extend(self._push(push_route, transport, scope))

        return job

    def _push(self, route: Route, transport: Transport, scope: Scope) -> list[Line]:
        push = Push(route, transport, scope)
        outcome, reason = Outcome.DONE, None
        try:
            if not scope.keeps:
                push.rehearse()
            else:
                push.run()
                with self._database.writing(scope.token) as connection:
                    deliveries.hold_route(connection, route.name, None)
        except Fatal:
            raise
        except CchcError as error:
            outcome, reason = _failure(error)
            with self._database.writing(scope.token) as connection:
                deliveries.hold_route(connection, route.name, error)
        return [
            Line(kind="push", name=route.name, record_type=kind, outcome=outcome, reason=reason, counts=counts)
            for kind, counts in push.counts.items()
        ]


def _failure(error: CchcError) -> tuple[Outcome, Phrase]:
    outcome = Outcome.FAILED if isinstance(error, Retriable) else Outcome.HELD
    return outcome, Phrase(error.code, error.context)


def _route(name: str, table: RouteTable, receiver: ConnectionTable, adapter: Adapter) -> Route:
    return Route(
        name=name,
        record_types=table.records,
        receiver=receiver.agency,
        account="" if receiver.account is None else receiver.account.username,
        purpose=table.purpose,
        legal_basis=table.legal_basis,
        withhold=table.withhold,
        targets={target.record_type.record_type: target for target in adapter.targets},
    )
