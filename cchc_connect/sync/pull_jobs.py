"""Pull jobs of a run: one job for each connection, one line of the report for each source or partition."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from threading import Semaphore

from cchc_connect.adapter import Adapter, Order, Source
from cchc_connect.config.file import Config
from cchc_connect.database.state.circuit_breakers import Breaker, note_failure, note_success, park, read_breakers
from cchc_connect.database.state.cursors import hold
from cchc_connect.database.stream import WHOLE, Stream
from cchc_connect.errors import CchcError, Fatal, OutsideHours, Retriable, Stopped
from cchc_connect.messages import Phrase
from cchc_connect.sync.concurrency import Job
from cchc_connect.sync.error_policy import (
    adapter_border,
    answers_nobody,
    asked_wait_s,
    failed,
    is_our_own,
    resting,
    wants_peace,
)
from cchc_connect.sync.pull import Extent, Pull
from cchc_connect.sync.report import Line, Outcome
from cchc_connect.sync.run_context import Scope
from cchc_connect.sync.translation import Translation
from cchc_connect.sync.worker_process import Place, SecondProcess
from cchc_connect.transport import Transport

OUTAGE_THRESHOLD = 3
"""If so many sources or partitions of a system in a row fail before their first page, it counts as down."""

Open = Callable[[str, Adapter], AbstractContextManager[Transport]]
"""Opens the transport to a connection, given its name and adapter."""


class Pulling:
    """Makes the pull jobs of a run; they collect their report lines in `lines`."""

    def __init__(self, config: Config, scope: Scope, open_transport: Open, extents: Mapping[str, Extent]) -> None:
        """Create the jobs' factory; no request is sent before a job runs.

        Args:
            config: the loaded configuration.
            scope: context of the run.
            open_transport: opens the transport to a connection.
            extents: connection -> what to pull from it; a missing one pulls what changed.
        """
        self._config = config
        self._scope = scope
        self._open = open_transport
        self._extents = extents
        with scope.database.reading() as connection:
            self._breakers = read_breakers(connection)
        self._worker_slots = Semaphore(config.run.processes)
        self.lines: list[Line] = []

    def jobs(self, names: Collection[str]) -> list[Job]:
        """Return a job for each connection; those that failed recently come last, so that no other waits for them."""

        def failures(name: str) -> int:
            return self._breakers[name].failures if name in self._breakers else 0

        return [self._job(name) for name in sorted(names, key=failures)]

    def _job(self, name: str) -> Job:
        def job() -> None:
            adapter = self._config.adapter(name)
            if not adapter.sources:
                return
            only_type = self._extents.get(name, Extent()).record_type
            lines = [
                Line(kind="pull", name=name, record_type=record_type, partition=partition)
                for record_type, partition in _listings(adapter)
                if only_type in {None, record_type}
            ]
            self.lines += lines
            breaker = self._breakers.get(name)
            if breaker is not None and breaker.is_open(self._scope.clock.now()):
                self._skip_open_circuit(lines, breaker)
                return
            with self._open(name, adapter) as transport:
                self._pull_all(name, adapter, lines, transport)

        return job

    def _skip_open_circuit(self, lines: list[Line], breaker: Breaker) -> None:
        for line in lines:
            context = {"connection": line.name, "failures": breaker.failures, "until": breaker.closed_until}
            line.outcome, line.reason = Outcome.FAILED, Phrase(resting(breaker), context)

    def _pull_all(self, name: str, adapter: Adapter, lines: list[Line], transport: Transport) -> None:
        """Pull the sources of a connection; if the system cannot be reached, skip the remaining ones."""
        sources = {source.record_type.record_type: source for source in adapter.sources}
        outage, failures = None, 0
        for line in lines:
            if outage is not None:
                line.outcome, line.reason = failed(outage)
                self._hold(self._stream(line), outage, Order.NONE)
            elif self._scope.is_stopping():
                line.outcome, line.reason = Outcome.STOPPED, Phrase("run.stopped", {})
            else:
                error = self._pull(sources[line.record_type], line, transport)
                is_failure = isinstance(error, Retriable) and not is_our_own(error) and line.counts.pages == 0
                failures = failures + 1 if is_failure else 0
                is_outage = failures > 0 and (failures == OUTAGE_THRESHOLD or answers_nobody(error))
                outage = error if is_outage or wants_peace(error) else None
        if self._scope.keeps:
            self._update_breaker(name, lines, outage, is_down=failures > 0)

    def _pull(self, source: Source, line: Line, transport: Transport) -> CchcError | None:
        stream = self._stream(line)
        translator = SecondProcess(Translation(source), self._source_ref(line), self._worker_slots)
        pull = Pull(source, stream, transport, self._scope, self._extents.get(line.name), translator)
        traffic_before, began_s, failure = transport.traffic, self._scope.clock.monotonic(), None
        try:
            with translator, adapter_border(connection=stream.connection, record_type=stream.record_type):
                pull.run()
        except Fatal:
            raise
        except CchcError as error:
            failure = error
            line.outcome, line.reason = failed(failure)
            self._hold(stream, failure, source.profile.order)
        line.counts, line.before, line.after = pull.counts, pull.before, pull.after
        line.seconds = self._scope.clock.monotonic() - began_s
        line.counts.requests = transport.traffic.requests - traffic_before.requests
        line.counts.bytes_received = transport.traffic.bytes_received - traffic_before.bytes_received
        return failure

    def _source_ref(self, line: Line) -> Place | None:
        """Return how a worker process finds the source of a line; None if no worker may be used."""
        if self._scope.prefetch == 0 or self._config.run.processes == 0:
            return None
        return Place(config=self._config, connection=line.name, record_type=line.record_type)

    def _stream(self, line: Line) -> Stream:
        agency = self._config.connections[line.name].agency
        return Stream(connection=line.name, record_type=line.record_type, agency=agency, partition=line.partition)

    def _hold(self, stream: Stream, error: CchcError, order: Order) -> None:
        """Store why a stream is held; the failure of a partial pull does not concern the stream as a whole."""
        is_partial = self._extents.get(stream.connection, Extent()).is_partial
        if not isinstance(error, Stopped | OutsideHours) and not is_partial:
            now = self._scope.clock.now()
            self._scope.commit(lambda connection: hold(connection, stream, error, now, order))

    def _update_breaker(self, name: str, lines: list[Line], outage: CchcError | None, *, is_down: bool) -> None:
        """Store for the next run whether the system asked for a pause, is down, or works."""
        wait_s = asked_wait_s(outage)
        if wait_s is not None:
            self._scope.commit(lambda connection: park(connection, name, self._scope.clock.now(), wait_s))
        elif is_our_own(outage):
            return
        elif is_down and not any(line.counts.pages for line in lines):
            self._scope.commit(lambda connection: note_failure(connection, name, self._scope.clock.now()))
        elif name in self._breakers:
            self._scope.commit(lambda connection: note_success(connection, name))


def _listings(adapter: Adapter) -> Iterator[tuple[str, str]]:
    """Yield record type and partition of each listing of an adapter."""
    for source in adapter.sources:
        for partition in source.profile.partitions or (WHOLE,):
            yield source.record_type.record_type, partition
