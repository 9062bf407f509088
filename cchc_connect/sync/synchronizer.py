"""Starts runs: synchronise all connections and routes, pull a part, reconcile, or replay quarantine entries.

A run takes the lease, pulls every connection, then pushes every route, and returns a report.

The failure of one connection or route does not stop the others. Only an error that makes writing impossible ends the
whole run: the lease is lost, or the database fails.
"""

import time
import uuid
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec

from cchc_connect.adapter import Adapter, Source
from cchc_connect.clock import Clock, SystemClock, VietnameseClock
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.config.file import Config
from cchc_connect.database.names import require_all_known, require_known
from cchc_connect.database.reading.quarantine_entries import QuarantineEntry
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.state.runs import begin_run, finish_run
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.incoming import PageBatch
from cchc_connect.database.writing.ownership import owners_of
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.errors import ConfigurationError, NotFound, Rejected
from cchc_connect.messages import Message
from cchc_connect.sync.change_detection import ChangeDetector
from cchc_connect.sync.concurrency import Executor, ThreadExecutor, relaxed_gc
from cchc_connect.sync.connector import TransportFactory
from cchc_connect.sync.pull_jobs import PullJobs
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.push_jobs import PushJobs
from cchc_connect.sync.reconcile import Comparison, Reconciler, Reconciliation
from cchc_connect.sync.report import ReportLine, RunReport, RunStatus
from cchc_connect.sync.run_context import Progress, RunContext, never, no_progress
from cchc_connect.transport import FileTokenStore, TokenStore, Transport
from cchc_connect.transport.auth.token_store import default_token_folder

TransportOpener = Callable[[str, ConnectionTable, Adapter, float], AbstractContextManager[Transport]]
"""Opens the transport to a connection: its name, table, adapter and a call's deadline in seconds."""


def _new_run_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, kw_only=True)
class RunEnvironment:
    """Everything that a run uses beside its configuration and database. Tests replace parts of it."""

    clock: Clock = field(default_factory=SystemClock)
    """Gives the time; a time without offset is Vietnamese time."""
    open_transport: TransportOpener | None = None
    """Opens transports. None: over the network, with the rate limits and sessions that all processes share."""
    executor: Executor | None = None
    """Runs the jobs. None: threads of this process, as many as the configuration allows."""
    progress: Progress = no_progress
    """Callback for the progress; several threads call it."""
    new_run_id: Callable[[], str] = _new_run_id
    """Returns the id of a new run."""
    is_stopping: Callable[[], bool] = never
    """Returns whether the run was asked to end. The run then ends after the current page or messages."""
    sleep: Callable[[float], None] = time.sleep
    """Waits for a number of seconds before a broken transaction is repeated."""
    prefetch: int = 1
    """Pages fetched ahead while one is translated and one is written; 0: these stages
    run one after the other without threads; the threads of `executor` are separate."""


class Synchronizer:
    """Runs the synchronisation that a configuration describes, over one shared database.

    Every method may be called again at any time, also after a crash: the next run continues where the last one
    committed.

    Example::

        config = Config.load("cchc.toml")
        with config.open_database() as database:
            report = Synchronizer(config, database).synchronise()
            print(report.outcome, report.rows_written)
    """

    def __init__(self, config: Config, database: SharedDatabase, environment: RunEnvironment | None = None) -> None:
        """Create the synchronizer. It sends no request and writes nothing before a run.

        Args:
            config: the loaded configuration.
            database: the shared database.
            environment: clock, transports and callbacks; None: the real ones.
        """
        self._config = config
        self._database = database
        self._environment = environment or RunEnvironment()
        self._clock = VietnameseClock(self._environment.clock)
        self._transport_opener = self._environment.open_transport or TransportFactory(
            database, self._clock, _token_store(config)
        )

    def synchronise(
        self,
        only: Collection[str] = (),
        *,
        dry_run: bool = False,
        accept_shrink: Collection[str] = (),
        full: Collection[str] = (),
    ) -> RunReport:
        """Pull all connections, then push all routes.

        Args:
            only: names of connections and routes; empty: all. A connection includes the routes that lead to it.
            dry_run: pull and count what would be written and sent, but commit nothing and send no message.
            accept_shrink: names of connections for which any number of records may be deleted; otherwise at most a
                fifth.
            full: names of connections whose sources are listed completely and compared, also what was read before.

        Returns:
            The report, also if single connections or routes failed.

        Raises:
            UsageMistake: a name is unknown, or a single name is given instead of a list; nothing was begun.
            ConfigurationError: an address or a secret cannot be used; nothing was begun.
            LeaseHeld: another run is active.
            LeaseLost: this run froze past its lease and another run took over.
            DatabaseUnusable: the database failed; what was committed stays.
        """
        require_names(self._config, only=only, accept_shrink=accept_shrink, full=full)
        names = [name for name in self._config.connections if not only or name in only]
        pull_ranges = {name: PullRange(everything=True) for name in full}

        def run_jobs(run_context: RunContext) -> list[ReportLine]:
            pull_jobs = self._run_pull_jobs(
                names, replace(run_context, accept_shrink=frozenset(accept_shrink)), pull_ranges
            )
            return [*pull_jobs.report_lines, *self._run_push_jobs(only, run_context)]

        receiving_connections = {self._config.routes[route].to for route in self._selected_routes(only)}
        return self._run_jobs([*names, *receiving_connections.difference(names)], run_jobs, dry_run=dry_run)

    def pull(self, name: str, pull_range: PullRange | None = None, *, dry_run: bool = False) -> RunReport:
        """Pull one connection, or a part of it: the changes of a time range, one item or one record type.

        A part limited by time or key does not move the cursors of the connection. Raises as `synchronise` does.

        Args:
            name: name of the connection.
            pull_range: time range, source key or record type to pull; None: what changed.
            dry_run: commit nothing.

        Raises:
            UsageMistake: there is no such connection, or it does not provide the record type; nothing was begun.
            NotFound: the sources have no item with the key of `pull_range`.
        """
        pull_range = pull_range or PullRange()
        self._require_provided(name, pull_range.record_type)
        missing: list[Message] = []

        def run_jobs(run_context: RunContext) -> list[ReportLine]:
            pull_jobs = self._run_pull_jobs([name], run_context, {name: pull_range})
            lines = pull_jobs.report_lines
            is_done = all(line.outcome is RunStatus.DONE for line in lines)
            if pull_range.key is None or pull_jobs.lists_key or not is_done:
                return lines
            missing.append(Message("source.no_item", {"connection": name, "key": pull_range.key}))
            for line in lines:
                line.outcome, line.reason = RunStatus.FAILED, missing[0]
            return lines

        report = self._run_jobs([name], run_jobs, dry_run=dry_run)
        for message in missing:
            raise NotFound(message.code, **message.context)
        return report

    def reconcile(
        self, name: str, *, record_type: str | None = None, repair: bool = False, accept_shrink: bool = False
    ) -> Reconciliation:
        """Compare complete listings of a connection's sources with the shared database.

        Raises as `synchronise` does, and `UsageMistake` for an unknown name of a connection or record type.

        Without `repair` nothing is written and no lease is taken. If a run is active at the same time, the changes
        that it has not written yet show as differences.

        Args:
            name: name of the connection.
            record_type: compare only the source of this record type; None: all sources.
            repair: also make the shared database equal to the sources.
            accept_shrink: whether a repair may delete any number of records; otherwise at most a fifth.
        """
        self._require_provided(name, record_type)
        comparisons: list[Comparison] = []

        def run_jobs(run_context: RunContext) -> list[ReportLine]:
            shrink_context = replace(run_context, accept_shrink=frozenset({name} if accept_shrink else ()))
            reconciler = Reconciler(self._config, shrink_context, self._open_transport)
            reconciler.run(name, record_type)
            comparisons.extend(reconciler.comparisons)
            return reconciler.report_lines

        self._run_jobs([name], run_jobs, dry_run=not repair)
        return Reconciliation(connection=name, repair=repair, comparisons=comparisons)

    def replay(self, entries: Iterable[QuarantineEntry]) -> Counters:
        """Translate quarantined items again and write those that are valid now. No request is sent.

        The items go through the same code as in a pull.

        Returns:
            The counters over all entries.

        Raises:
            LeaseHeld: a run is active.
            Rejected: an entry's connection or source is not configured any more.
        """
        counts = Counters()
        with self._open_run_context(dry_run=False) as run_context:
            for entry in entries:
                counts.add(self._replay_entry(entry, run_context))
        return counts

    def _run_jobs(
        self, names: Collection[str], run_jobs: Callable[[RunContext], list[ReportLine]], *, dry_run: bool
    ) -> RunReport:
        for name in names:
            with self._open_transport(name, self._config.adapter(name)):
                pass  # report an unusable address or secret before anything is begun
        with self._open_run_context(dry_run=dry_run) as run_context:
            started_at, began_s = run_context.clock.now(), run_context.clock.monotonic()
            if not dry_run:
                begin_run(self._database, run_context.token, run_context.run_id, started_at)
            with relaxed_gc():
                lines = run_jobs(run_context)
            report = RunReport(
                run_id=run_context.run_id,
                dry_run=dry_run,
                started_at=started_at,
                finished_at=run_context.clock.now(),
                seconds=run_context.clock.monotonic() - began_s,
                lines=sorted(lines, key=lambda line: (line.kind, line.name, line.partition)),
            )
            if not dry_run:
                finish_run(self._database, run_context.token, report.as_document())
            return report

    def _run_pull_jobs(
        self, names: Collection[str], run_context: RunContext, pull_ranges: Mapping[str, PullRange]
    ) -> PullJobs:
        pull_jobs = PullJobs(self._config, run_context, self._open_transport, pull_ranges)
        self._executor.run(pull_jobs.jobs(names))
        return pull_jobs

    def _run_push_jobs(self, only: Collection[str], run_context: RunContext) -> list[ReportLine]:
        push_jobs = PushJobs(self._config, run_context, self._open_transport)
        self._executor.run(push_jobs.jobs(self._selected_routes(only)))
        return push_jobs.report_lines

    def _selected_routes(self, only: Collection[str]) -> list[str]:
        """Return the routes that `only` names or that lead to a connection it names; all if it is empty."""
        return [name for name, route in self._config.routes.items() if not only or {name, route.to} & set(only)]

    @property
    def _executor(self) -> Executor:
        return self._environment.executor or ThreadExecutor(self._config.run.max_parallel_connections)

    def _replay_entry(self, entry: QuarantineEntry, run_context: RunContext) -> Counters:
        source = self._source(entry.connection, entry.record_type)
        agency = self._config.connections[entry.connection].agency
        stream = Stream(
            connection=entry.connection, record_type=entry.record_type, agency=agency, partition=entry.partition
        )
        detector = ChangeDetector(source, owners_of(run_context.owners, entry.record_type))
        classified = detector.classify_all([entry.item])
        incoming_records = [
            msgspec.structs.replace(incoming, source_key=entry.source_key) for incoming in classified.records
        ]
        faulty = [replace(item, source_key=entry.source_key) for item in classified.faulty]
        batch = PageBatch(records=incoming_records, faulty=faulty)
        write_context = run_context.write_context(entry.record_type)
        return run_context.commit(lambda connection: write_page(connection, stream, batch, write_context))

    def _require_provided(self, name: str, record_type: str | None) -> None:
        """Check that the connection exists and provides the record type, if one is named."""
        require_known("names.connection_unknown", name, self._config.connections)
        provided = [source.record_type.record_type for source in self._config.adapter(name).sources]
        require_known("names.record_type_unknown", record_type, provided)

    def _source(self, name: str, record_type: str) -> Source:
        sources = self._config.adapter(name).sources if name in self._config.connections else ()
        for source in sources:
            if source.record_type.record_type == record_type:
                return source
        raise Rejected("quarantine.source_unknown", connection=name, record_type=record_type)

    @contextmanager
    def _open_run_context(self, *, dry_run: bool) -> Generator[RunContext, None, None]:
        """Yield the run context, and hold the lease while the block runs; a dry run takes no lease."""
        environment = self._environment
        run_context = RunContext(
            run_id=environment.new_run_id(),
            database=self._database,
            clock=self._clock,
            token=None,
            owners=self._config.ownership,
            max_quarantined_share=self._config.run.max_quarantined_share,
            progress=environment.progress,
            is_stopping=environment.is_stopping,
            sleep=environment.sleep,
            prefetch=environment.prefetch,
        )
        if dry_run:
            yield run_context
            return
        with Lease(self._database, self._clock, timedelta(seconds=self._config.run.lease_s)) as lease:
            yield replace(run_context, token=lease.token)

    def _open_transport(self, name: str, adapter: Adapter) -> AbstractContextManager[Transport]:
        return self._transport_opener(name, self._config.connections[name], adapter, self._config.run.deadline_s)


def require_names(
    config: Config, *, only: Collection[str], accept_shrink: Collection[str], full: Collection[str]
) -> None:
    """Check the names that `Synchronizer.synchronise` is given.

    Raises:
        UsageMistake: a name is unknown, or a single name is given instead of a list.
    """
    require_all_known("names.connection_or_route_unknown", "only", only, [*config.connections, *config.routes])
    require_all_known("names.connection_unknown", "accept_shrink", accept_shrink, config.connections)
    require_all_known("names.connection_unknown", "full", full, config.connections)


def _token_store(config: Config) -> TokenStore | None:
    """Return the token store that processes share: the configured folder, else the runtime folder, else None."""
    if config.run.session_folder is not None:
        return FileTokenStore(config.run.session_folder)
    folder = default_token_folder()
    try:
        return None if folder is None else FileTokenStore(folder)
    except ConfigurationError:  # the runtime folder was not configured, so the run works without it
        return None
