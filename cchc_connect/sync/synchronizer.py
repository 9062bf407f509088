"""Starts runs: synchronise all connections and routes, pull a part, reconcile, or replay quarantine entries.

A run takes the lease, pulls every connection, then pushes every route, and returns a report.

The failure of one connection or route does not stop the others. Only an error that makes writing impossible ends the
whole run: the lease is lost, or the database fails.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial

import msgspec
from sqlalchemy import Connection

from cchc_connect.adapter import Source
from cchc_connect.clock import VietnameseClock
from cchc_connect.config.durations import RetentionTable
from cchc_connect.config.file import Config
from cchc_connect.database.names import require_all_known, require_known, require_record_type
from cchc_connect.database.private_copy import private_copy
from cchc_connect.database.reading.quarantine_entries import QuarantineEntry
from cchc_connect.database.replay import replayed_read
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.cursors import end_hold, held_code
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.state.runs import begin_run
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.fingerprints import live_source_keys
from cchc_connect.database.writing.incoming import PageBatch
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.database.writing.quarantine import open_keys
from cchc_connect.errors import NotFound, Rejected, UsageMistake
from cchc_connect.messages import Message
from cchc_connect.sharing.route_grants import RouteAgreement, route_agreements
from cchc_connect.sync.audit_sealing import seal_if_overdue, seal_quietly, subject_keys_of
from cchc_connect.sync.change_detection import ChangeDetector
from cchc_connect.sync.concurrency import Executor, ThreadExecutor, relaxed_gc
from cchc_connect.sync.connection_opener import connection_opener
from cchc_connect.sync.connection_terms import connection_terms
from cchc_connect.sync.high_water import high_water_file, present_mark, settle_epoch
from cchc_connect.sync.plausibility import is_too_many
from cchc_connect.sync.pull_jobs import ConnectionOpener, PullJobs
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.purge import Purge, PurgeReport
from cchc_connect.sync.push_jobs import PushJobs
from cchc_connect.sync.reconcile import Comparison, Reconciler, Reconciliation
from cchc_connect.sync.report import ReportLine, RunReport, RunStatus
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.run_end import end_run
from cchc_connect.sync.run_environment import RunEnvironment
from cchc_connect.sync.senders import senders_of
from cchc_connect.sync.written_records import WrittenRecords
from cchc_schemas import RECORD_TYPES


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
            dry_run: count what would be written and sent, in a private copy of the database; send no message.
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
        systems = [name for name, table in self._config.connections.items() if not table.is_program]
        names = [name for name in systems if not only or name in only]
        pull_ranges = {name: PullRange(everything=True) for name in full}

        def run_jobs(run_context: RunContext) -> list[ReportLine]:
            shrink_context = replace(run_context, accept_shrink=frozenset(accept_shrink))
            pull_jobs = self._run_pull_jobs(names, shrink_context, pull_ranges)
            return [*pull_jobs.report_lines, *self._run_push_jobs(only, agreements, run_context)]

        agreements = route_agreements(self._config, self._selected_routes(only))
        receivers = {self._config.routes[route].to for route in self._selected_routes(only)}
        return self._run_jobs([*names, *receivers.difference(names)], run_jobs, dry_run=dry_run, on_copy=dry_run)

    def pull(self, name: str, pull_range: PullRange | None = None, *, dry_run: bool = False) -> RunReport:
        """Pull one connection, or a part of it: the changes of a time range, one item or one record type.

        A part limited by time or key does not move the cursors of the connection. Raises as `synchronise` does.

        Args:
            name: name of the connection.
            pull_range: time range, source key or record type to pull; None: what changed.
            dry_run: as in `synchronise`.

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

        report = self._run_jobs([name], run_jobs, dry_run=dry_run, on_copy=dry_run)
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
            reconciler = Reconciler(self._config, shrink_context, self._connection_opener(dry_run=not repair))
            reconciler.run(name, record_type)
            comparisons.extend(reconciler.comparisons)
            return reconciler.report_lines

        self._run_jobs([name], run_jobs, dry_run=not repair)
        return Reconciliation(connection=name, repair=repair, comparisons=comparisons)

    def replay(self, entries: Iterable[QuarantineEntry]) -> Counters:
        """Translate quarantined items again and write those that are valid now. No request is sent.

        The items go through the same code as in a pull. A hold of a source for too many faulty items ends if so many
        are resolved that it would not be put on hold now.

        Returns:
            The counters over all entries.

        Raises:
            LeaseHeld: a run is active.
            Rejected: an entry's connection or source is not configured any more.
        """
        counts, streams = Counters(), set[Stream]()
        with self._open_run_context(dry_run=False) as run_context:
            for entry in entries:
                counts.add(self._replay_entry(entry, run_context))
                streams.add(self._stream(entry))
            for stream in streams:
                run_context.commit(partial(self._end_hold, stream))
        return counts

    def purge(self, *, dry_run: bool = False) -> PurgeReport:
        """Delete rows that nothing needs any more and that are older than `[retention]` says, or its defaults.

        A run does so by itself once a day if the configuration has that table. Records and the latest version of each
        are never deleted. Of the audit log, sealed entries are removed that are older than `[audit]` says; the entry
        that says so is sealed at once.

        Args:
            dry_run: delete nothing, but count what would be deleted.

        Raises:
            LeaseHeld: a run is active.
            DatabaseUnusable: the database failed; what was deleted stays deleted.
        """
        with self._open_run_context(dry_run=dry_run) as run_context:
            retention = self._config.retention or RetentionTable()
            report = Purge(run_context, retention, self._config.routes, self._config.audit.retention_years).run()
            if not dry_run:
                seal_quietly(self._config, self._database, self._clock)
            return report

    def _run_jobs(
        self,
        names: Collection[str],
        run_jobs: Callable[[RunContext], list[ReportLine]],
        *,
        dry_run: bool,
        on_copy: bool = False,
    ) -> RunReport:
        open_transport = self._connection_opener(dry_run=dry_run)
        for name in names:
            self._config.require_secrets(name)
            with open_transport(name, self._config.adapter(name)):
                pass  # report an unusable address or secret before anything is begun
        with self._open_run_context(dry_run=dry_run, on_copy=on_copy) as run_context:
            started_at, began_s = run_context.clock.now(), run_context.clock.monotonic()
            if not dry_run:
                run_context.commit(lambda connection: begin_run(connection, run_context.run_id, started_at))
            with relaxed_gc():
                lines = run_jobs(run_context)
            report = RunReport(
                run_id=run_context.run_id,
                dry_run=dry_run,
                started_at=started_at,
                finished_at=run_context.clock.now(),
                seconds=run_context.clock.monotonic() - began_s,
                lines=sorted(lines, key=lambda line: (line.kind, line.name, line.partition)),
                lost_sequence=run_context.lost_sequence,
            )
            if not dry_run:
                end_run(run_context, report)
                self._purge_daily(run_context)
                seal_quietly(self._config, self._database, self._clock)
            return report

    def _purge_daily(self, run_context: RunContext) -> None:
        """Purge at the end of the first run of a day, where the configuration has a table `[retention]`."""
        if self._config.retention is not None and not run_context.is_stopping():
            years = self._config.audit.retention_years
            daily = Purge(run_context, self._config.retention, self._config.routes, years)
            if daily.is_due():
                daily.run()

    def _run_pull_jobs(
        self, names: Collection[str], run_context: RunContext, pull_ranges: Mapping[str, PullRange]
    ) -> PullJobs:
        open_transport = self._connection_opener(dry_run=run_context.dry_run, run_context=run_context)
        pull_jobs = PullJobs(self._config, run_context, open_transport, pull_ranges)
        self._executor.run(pull_jobs.jobs(names))
        return pull_jobs

    def _run_push_jobs(
        self, only: Collection[str], agreements: Mapping[str, RouteAgreement], run_context: RunContext
    ) -> list[ReportLine]:
        opener = self._connection_opener(dry_run=run_context.dry_run, run_context=run_context)
        if not run_context.dry_run:
            seal_if_overdue(self._config, run_context)
        push_jobs = PushJobs(self._config, agreements, run_context, opener)
        self._executor.run(push_jobs.jobs(self._selected_routes(only)))
        return push_jobs.report_lines

    def _selected_routes(self, only: Collection[str]) -> list[str]:
        """Return the routes that `only` names or that lead to a connection it names; all if it is empty."""
        return [name for name, route in self._config.routes.items() if not only or {name, route.to} & set(only)]

    @property
    def _executor(self) -> Executor:
        return self._environment.executor or ThreadExecutor(self._config.run.max_parallel_connections)

    def _replay_entry(self, entry: QuarantineEntry, run_context: RunContext) -> Counters:
        source, stream = self._source(entry.connection, entry.record_type), self._stream(entry)
        owners, terms = run_context.owners_of(entry.record_type), run_context.terms_of(entry.connection)
        detector = ChangeDetector(source, owners, connection=entry.connection, terms=terms)
        classified = detector.classify_all([entry.item])
        incoming_records = [
            msgspec.structs.replace(incoming, source_key=entry.source_key) for incoming in classified.records
        ]
        faulty = [replace(item, source_key=entry.source_key) for item in classified.faulty]
        batch = PageBatch(records=incoming_records, faulty=faulty)
        write_context = run_context.write_context(entry.record_type)
        return run_context.commit(lambda connection: write_page(connection, stream, batch, write_context))

    def _stream(self, entry: QuarantineEntry) -> Stream:
        agency = self._config.connections[entry.connection].agency
        return Stream(
            connection=entry.connection, record_type=entry.record_type, agency=agency, partition=entry.partition
        )

    def _end_hold(self, stream: Stream, connection: Connection) -> None:
        """End the hold of a stream for too many faulty items if it has no longer too many of them."""
        if held_code(connection, stream) != "source.too_faulty":
            return
        faulty = len(open_keys(connection, stream))
        read = faulty + sum(1 for _ in live_source_keys(connection, stream))
        if not is_too_many(faulty, read, self._config.run.max_quarantined_share):
            end_hold(connection, stream, self._clock.now())

    def _require_provided(self, name: str, record_type: str | None) -> None:
        """Check that the connection exists and provides the record type, if one is named."""
        require_known("names.connection_unknown", name, self._config.connections)
        if self._config.connections[name].is_program:
            raise UsageMistake("program.no_system", connection=name)
        provided = [source.record_type.record_type for source in self._config.adapter(name).sources]
        require_record_type(record_type, provided)

    def _source(self, name: str, record_type: str) -> Source:
        if name in self._config.connections and self._config.connections[name].is_program:
            return WrittenRecords(RECORD_TYPES[record_type])
        sources = self._config.adapter(name).sources if name in self._config.connections else ()
        for source in sources:
            if source.record_type.record_type == record_type:
                return source
        raise Rejected("quarantine.source_unknown", connection=name, record_type=record_type)

    @contextmanager
    def _open_run_context(self, *, dry_run: bool, on_copy: bool = False) -> Generator[RunContext, None, None]:
        """Yield the run context, and hold the lease while the block runs; a dry run takes no lease."""
        environment = self._environment
        run_context = RunContext(
            run_id=environment.new_run_id(),
            database=self._database,
            clock=self._clock,
            token=None,
            owners=self._config.ownership,
            senders=senders_of(self._config, self._database),
            max_quarantined_share=self._config.run.max_quarantined_share,
            progress=environment.progress,
            is_stopping=environment.is_stopping,
            sleep=environment.sleep,
            prefetch=environment.prefetch,
            max_pass_s=self._config.run.max_pass_s,
            terms=connection_terms(self._config.connections),
            subject_keys=subject_keys_of(self._config.audit),
        )
        if dry_run:
            with private_copy(self._database) if on_copy else nullcontext(self._database) as database:
                yield replace(run_context, database=database, is_on_copy=on_copy)
            return
        high_water = high_water_file(self._config, self._database)
        with Lease(self._database, self._clock, timedelta(seconds=self._config.run.lease_s)) as lease:
            lost_sequence = settle_epoch(self._database, lease.token, high_water, self._clock)
            yield replace(run_context, token=lease.token, high_water=high_water, lost_sequence=lost_sequence)
            high_water.write(replayed_read(self._database, present_mark))

    def _connection_opener(self, *, dry_run: bool, run_context: RunContext | None = None) -> ConnectionOpener:
        return connection_opener(
            self._config, self._database, self._environment, dry_run=dry_run, run_context=run_context
        )


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
