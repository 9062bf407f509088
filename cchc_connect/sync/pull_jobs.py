"""Pull jobs of a run: one job for each connection, one line of the report for each source or partition."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from threading import Semaphore
from typing import Protocol

from cchc_connect.adapter import Adapter, ListingOrder, Source
from cchc_connect.config.file import Config
from cchc_connect.database.reading.change_feed import last_sequence
from cchc_connect.database.state.circuit_breakers import (
    CircuitBreaker,
    pause,
    read_circuit_breakers,
    record_failure,
    record_success,
)
from cchc_connect.database.state.cursors import hold
from cchc_connect.database.state.freshness import due_changes, store_due_changes
from cchc_connect.database.stream import NO_PARTITION, Stream
from cchc_connect.database.writing.agency_changes import follow_agency, has_other_agency
from cchc_connect.errors import CchcError, Fatal, OutsideHours, Retriable, Stopped
from cchc_connect.messages import Message
from cchc_connect.sync.concurrency import Job
from cchc_connect.sync.error_policy import (
    adapter_boundary,
    circuit_reason,
    is_self_imposed,
    is_unreachable,
    requested_wait_s,
    status_and_reason,
    stops_this_run,
)
from cchc_connect.sync.pull import Pull
from cchc_connect.sync.pull_audit import record_pull
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.report import ReportLine, RunStatus
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.translation import LocalTranslator
from cchc_connect.sync.worker_process import SourceRef, WorkerTranslator
from cchc_connect.transport import Transport

OUTAGE_THRESHOLD = 3
"""Sources or partitions of a system that fail in a row, before their first page, until it counts as down."""


class ConnectionOpener(Protocol):
    """Opens the transport to a connection."""

    def __call__(
        self, name: str, adapter: Adapter, may_send: Callable[[int], None] = ...
    ) -> AbstractContextManager[Transport]:
        """Open the transport to the connection `name`.

        Args:
            name: name of the connection.
            adapter: its adapter.
            may_send: called directly before the first byte of an attempt, with its number from 1; it raises if nothing
                more may be sent.
        """
        ...


class PullJobs:
    """Makes the pull jobs of a run; they add their report lines to `report_lines`."""

    def __init__(
        self,
        config: Config,
        run_context: RunContext,
        open_transport: ConnectionOpener,
        pull_ranges: Mapping[str, PullRange],
    ) -> None:
        """Create the jobs' factory; no request is sent before a job runs.

        Args:
            config: the loaded configuration.
            run_context: context of the run.
            open_transport: opens the transport to a connection.
            pull_ranges: connection -> what to pull from it; a missing one pulls what changed.
        """
        self._config = config
        self._run_context = run_context
        self._open_transport = open_transport
        self._pull_ranges = pull_ranges
        self._circuit_breakers = run_context.read(read_circuit_breakers)
        self._last_sequence = run_context.read(last_sequence)
        self._worker_slots = Semaphore(config.run.worker_processes)
        self.report_lines: list[ReportLine] = []
        self.lists_key = False
        """Whether a source listed the item with the key of its pull range."""

    def jobs(self, names: Collection[str]) -> list[Job]:
        """Return a job for each connection; those that failed recently come last, so that the others do not wait."""

        def failures(name: str) -> int:
            return self._circuit_breakers[name].failures if name in self._circuit_breakers else 0

        return [self._job(name) for name in sorted(names, key=failures)]

    def _job(self, name: str) -> Job:
        def job() -> None:
            adapter = self._config.adapter(name)
            if not adapter.sources:
                return
            requested_type = self._pull_ranges.get(name, PullRange()).record_type
            lines = [
                ReportLine(kind="pull", name=name, record_type=record_type, partition=partition)
                for record_type, partition in _listings(adapter)
                if requested_type in {None, record_type}
            ]
            self.report_lines += lines
            if requested_type is None:
                self._note_due(name, lines)
            circuit_breaker = self._circuit_breakers.get(name)
            if circuit_breaker is not None and circuit_breaker.is_open(self._run_context.clock.now()):
                self._skip_open_circuit(lines, circuit_breaker)
                return
            self._follow_agency(name, adapter)
            with self._open_transport(name, adapter) as transport:
                self._pull_all(name, adapter, lines, transport)
            if not self._run_context.dry_run:
                agency = self._config.connections[name].agency
                record_pull(self._run_context, agency, lines, self._last_sequence)

        return job

    def _follow_agency(self, name: str, adapter: Adapter) -> None:
        """Let what the database has of a connection be of the agency that its configuration names now."""
        types = [source.record_type.record_type for source in adapter.sources]
        agency = self._config.connections[name].agency
        if self._run_context.read(partial(has_other_agency, name=name, agency=agency, record_types=types)):
            self._run_context.commit(partial(follow_agency, name=name, agency=agency, record_types=types))

    def _note_due(self, name: str, lines: list[ReportLine]) -> None:
        """Store which streams of a connection are expected to be read; nothing if that is known."""
        listings = [(line.record_type, line.partition) for line in lines]
        limits_of = self._run_context.terms_of(name).promise.limits
        changes = self._run_context.read(partial(due_changes, name=name, listings=listings, limits_of=limits_of))
        if changes is not None:
            now = self._run_context.clock.now()
            self._run_context.commit(partial(store_due_changes, name=name, changes=changes, now=now))

    def _skip_open_circuit(self, lines: list[ReportLine], circuit_breaker: CircuitBreaker) -> None:
        for line in lines:
            line.outcome, line.reason = RunStatus.FAILED, circuit_reason(line.name, circuit_breaker)

    def _pull_all(self, name: str, adapter: Adapter, lines: list[ReportLine], transport: Transport) -> None:
        """Pull the sources of a connection; if the system cannot be reached, skip the remaining ones."""
        sources = {source.record_type.record_type: source for source in adapter.sources}
        outage, failures = None, 0
        for line in lines:
            if outage is not None:
                line.outcome, line.reason = status_and_reason(outage)
                self._hold(self._stream(line), outage, ListingOrder.NONE)
            elif self._run_context.is_stopping():
                line.outcome, line.reason = RunStatus.STOPPED, Message("run.stopped", {})
            else:
                error = self._pull(sources[line.record_type], line, transport)
                is_failure = isinstance(error, Retriable) and not is_self_imposed(error) and line.counts.pages == 0
                failures = failures + 1 if is_failure else 0
                is_outage = failures > 0 and (failures == OUTAGE_THRESHOLD or is_unreachable(error))
                outage = error if is_outage or stops_this_run(error) else None
        self._update_circuit_breaker(name, lines, outage, is_down=failures > 0)

    def _pull(self, source: Source, line: ReportLine, transport: Transport) -> CchcError | None:
        stream = self._stream(line)
        local = LocalTranslator(source, self._run_context.terms_of(line.name).quality)
        translator = WorkerTranslator(local, self._source_ref(line), self._worker_slots)
        pull = Pull(source, stream, transport, self._run_context, self._pull_ranges.get(line.name), translator)
        pull.profile = self._config.connections[line.name].applied_to(source.profile, line.record_type)
        traffic_before, began_s, failure = transport.traffic, self._run_context.clock.monotonic(), None
        try:
            with translator, adapter_boundary(connection=stream.connection, record_type=stream.record_type):
                pull.run()
        except Fatal:
            raise
        except CchcError as error:
            failure = error
            line.outcome, line.reason = status_and_reason(failure)
            self._hold(stream, failure, source.profile.order)
        if failure is None and pull.incomplete is not None:
            line.outcome, line.reason = RunStatus.INCOMPLETE, pull.incomplete
        self.lists_key |= pull.lists_key
        line.counts, line.before, line.after = pull.counts, pull.before, pull.after
        line.notes = [*pull.drift_guard.notes()]
        line.seconds = self._run_context.clock.monotonic() - began_s
        line.counts.requests = transport.traffic.requests - traffic_before.requests
        line.counts.bytes_received = transport.traffic.bytes_received - traffic_before.bytes_received
        return failure

    def _source_ref(self, line: ReportLine) -> SourceRef | None:
        """Return how a worker process finds the source of a line; None if no worker may be used."""
        if self._run_context.prefetch == 0 or self._config.run.worker_processes == 0:
            return None
        return SourceRef(config=self._config, connection=line.name, record_type=line.record_type)

    def _stream(self, line: ReportLine) -> Stream:
        agency = self._config.connections[line.name].agency
        return Stream(connection=line.name, record_type=line.record_type, agency=agency, partition=line.partition)

    def _hold(self, stream: Stream, error: CchcError, order: ListingOrder) -> None:
        """Store why a stream is held; the failure of a partial pull does not concern the stream as a whole."""
        is_partial = self._pull_ranges.get(stream.connection, PullRange()).is_partial
        if not isinstance(error, Stopped | OutsideHours) and not is_partial:
            now = self._run_context.clock.now()
            self._run_context.commit(lambda connection: hold(connection, stream, error, now, order))

    def _update_circuit_breaker(
        self, name: str, lines: list[ReportLine], outage: CchcError | None, *, is_down: bool
    ) -> None:
        """Store for the next run whether the system asked for a pause, is down, or works."""
        wait_s = requested_wait_s(outage)
        if wait_s is not None:
            self._run_context.commit(lambda connection: pause(connection, name, self._run_context.clock.now(), wait_s))
        elif is_self_imposed(outage):
            return
        elif is_down and not any(line.counts.pages for line in lines):
            self._run_context.commit(lambda connection: record_failure(connection, name, self._run_context.clock.now()))
        elif name in self._circuit_breakers:
            self._run_context.commit(lambda connection: record_success(connection, name))


def _listings(adapter: Adapter) -> Iterator[tuple[str, str]]:
    """Yield record type and partition of each listing of an adapter."""
    for source in adapter.sources:
        for partition in source.profile.partitions or (NO_PARTITION,):
            yield source.record_type.record_type, partition
