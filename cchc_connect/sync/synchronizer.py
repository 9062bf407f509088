"""One run: under one lease, pull every connection, then push every route, and report.

One connection's failure leaves the others running. What ends the whole run is only what makes writing
impossible: the lease is lost, or the database fails.
"""

import time
import uuid
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec

from cchc_connect.adapter import Adapter, Source
from cchc_connect.clock import Clock, SystemClock
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.config.file import Config
from cchc_connect.database.instants import stamp
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.counters import Counts
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.state.runs import begin_run, finish_run
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.incoming import SiftedPage
from cchc_connect.database.writing.ownership import owners_of
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.database.writing.quarantine import QuarantineEntry
from cchc_connect.errors import ConfigurationError, Rejected
from cchc_connect.sync.change_detection import Sieve
from cchc_connect.sync.collector import spared_collector
from cchc_connect.sync.connector import Connecting
from cchc_connect.sync.executor import Executor, ThreadExecutor
from cchc_connect.sync.pull import Extent
from cchc_connect.sync.pull_jobs import Pulling
from cchc_connect.sync.push_jobs import Pushing
from cchc_connect.sync.reconcile import Comparison, Reconciliation, Reconciling
from cchc_connect.sync.report import Line, RunReport
from cchc_connect.sync.run_context import Progress, Scope, never, no_progress
from cchc_connect.transport import FolderShelf, Shelf, Transport
from cchc_connect.transport.auth.token_store import runtime_folder

Connect = Callable[[str, ConnectionTable, Adapter, float], AbstractContextManager[Transport]]
"""Opens the transport to a connection: its name, table, adapter and a call's deadline in seconds."""


def _new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a run takes from the world; everything can be handed in."""

    clock: Clock = field(default_factory=SystemClock)
    connect: Connect | None = None
    """None: over the network, with the quotas and sessions that all processes share."""
    executor: Executor | None = None
    """None: threads of this process, as many as the configuration says."""
    progress: Progress = no_progress
    new_id: Callable[[], str] = _new_id
    is_stopping: Callable[[], bool] = never
    """Was the run asked to end? It then ends after the page or messages at hand."""
    sleep: Callable[[float], None] = time.sleep
    prefetch: int = 1
    """Pages fetched ahead while one is read and one is written; 0: one thing after the other."""


class Synchronizer:
    """Runs what the configuration describes over one shared database."""

    def __init__(self, config: Config, database: SharedDatabase, surroundings: Surroundings | None = None) -> None:
        """Prepare; nothing is asked or written before a run."""
        self._config = config
        self._database = database
        self._with = surroundings or Surroundings()
        self._connect = self._with.connect or Connecting(database, self._with.clock, _shelf(config))

    def synchronise(
        self,
        only: Collection[str] = (),
        *,
        rehearse: bool = False,
        accept_shrink: Collection[str] = (),
        full: Collection[str] = (),
    ) -> RunReport:
        """Pull all connections, then push all routes; with `only`, those connections and routes.

        Connections in `accept_shrink` may have lost more records than is believed otherwise. Those in `full`
        are listed as a whole and compared, whatever was read before.

        A rehearsal asks the sources and counts what would be written and sent, but writes and sends nothing.

        Raises:
            ConfigurationError: an address or a secret cannot be used; nothing was begun.
            LeaseHeld: another run is at work.
            LeaseLost: this run froze and another took over.
            DatabaseUnusable: the database failed; what was committed stays.
        """
        names = [name for name in self._config.connections if not only or name in only]
        extents = {name: Extent(everything=True) for name in full}

        def work(scope: Scope) -> list[Line]:
            pulled = self._pull(names, replace(scope, shrinking=frozenset(accept_shrink)), extents)
            return [*pulled, *self._push(only, scope)]

        receivers = {
            route.to for name, route in self._config.routes.items() if not only or {name, route.to} & set(only)
        }
        return self._run([*names, *receivers.difference(names)], work, rehearse=rehearse)

    def pull(self, name: str, extent: Extent, *, rehearse: bool = False) -> RunReport:
        """Pull a part of one connection again: what changed in a window of time, or one item.

        How far the connection was read stays as it is. Raises as `synchronise` does.
        """
        return self._run([name], lambda scope: self._pull([name], scope, {name: extent}), rehearse=rehearse)

    def reconcile(
        self, name: str, *, record_type: str | None = None, repair: bool = False, accept_shrink: bool = False
    ) -> Reconciliation:
        """Compare all that a connection's sources list with what is here; with `repair`, put right what differs.

        Without `repair` nothing is written and no lease is taken; beside a run at work that shows what the run
        has not written yet. With `accept_shrink` more records may be gone than is believed otherwise. Raises as
        `synchronise` does.
        """
        found: list[Comparison] = []

        def work(scope: Scope) -> list[Line]:
            shrinking = frozenset({name} if accept_shrink else ())
            reconciling = Reconciling(self._config, replace(scope, shrinking=shrinking), self._transport)
            reconciling.run(name, record_type)
            found.extend(reconciling.found)
            return reconciling.lines

        self._run([name], work, rehearse=not repair)
        return Reconciliation(connection=name, repair=repair, sources=found)

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

    def _run(self, names: Collection[str], work: Callable[[Scope], list[Line]], *, rehearse: bool) -> RunReport:
        for name in names:
            with self._transport(name, self._config.adapter(name)):
                pass  # an address or a secret that cannot be used is told before anything is begun
        with self._scope(rehearse=rehearse) as scope:
            started, clock = scope.clock.now(), scope.clock.monotonic()
            if scope.keeps:
                begin_run(self._database, scope.token, scope.run_id, started)
            with spared_collector():
                lines = work(scope)
            report = RunReport(
                run_id=scope.run_id,
                rehearsal=rehearse,
                started_at=stamp(started),
                finished_at=stamp(scope.clock.now()),
                seconds=scope.clock.monotonic() - clock,
                lines=sorted(lines, key=lambda line: (line.kind, line.name, line.partition)),
            )
            if scope.keeps:
                finish_run(self._database, scope.token, report.as_document())
            return report

    def _pull(self, names: Collection[str], scope: Scope, extents: Mapping[str, Extent]) -> list[Line]:
        pulling = Pulling(self._config, scope, self._transport, extents)
        self._executor.run(pulling.jobs(names))
        return pulling.lines

    def _push(self, only: Collection[str], scope: Scope) -> list[Line]:
        pushing = Pushing(self._config, scope, self._transport)
        routes = self._config.routes.items()
        self._executor.run(pushing.jobs([name for name, route in routes if not only or {name, route.to} & set(only)]))
        return pushing.lines

    @property
    def _executor(self) -> Executor:
        return self._with.executor or ThreadExecutor(self._config.run.parallel)

    def _replay_one(self, entry: QuarantineEntry, scope: Scope) -> Counts:
        source = self._source(entry.connection, entry.record_type)
        agency = self._config.connections[entry.connection].agency
        stream = Stream(
            connection=entry.connection, record_type=entry.record_type, agency=agency, partition=entry.partition
        )
        sieve = Sieve(source, owners_of(scope.owners, entry.record_type))
        sifted = sieve.sift([entry.item])
        arrivals = [msgspec.structs.replace(arrival, source_key=entry.source_key) for arrival in sifted.arrivals]
        faulty = [replace(item, source_key=entry.source_key) for item in sifted.faulty]
        page, occasion = SiftedPage(arrivals=arrivals, faulty=faulty), scope.occasion(entry.record_type)
        return scope.commit(lambda connection: write_page(connection, stream, page, occasion))

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
            most_quarantined=self._config.run.most_quarantined,
            progress=given.progress,
            is_stopping=given.is_stopping,
            sleep=given.sleep,
            prefetch=given.prefetch,
        )
        if rehearse:
            yield scope
            return
        with Lease(self._database, given.clock, timedelta(seconds=self._config.run.lease_s)) as lease:
            yield replace(scope, token=lease.token)

    def _transport(self, name: str, adapter: Adapter) -> AbstractContextManager[Transport]:
        return self._connect(name, self._config.connections[name], adapter, self._config.run.deadline_s)


def _shelf(config: Config) -> Shelf | None:
    """Return where sessions are left for other processes, None where no place is named."""
    if config.run.sessions is not None:
        return FolderShelf(config.run.sessions)
    folder = runtime_folder()
    try:
        return None if folder is None else FolderShelf(folder)
    except ConfigurationError:  # nobody asked for it
        return None
