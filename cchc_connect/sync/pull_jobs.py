"""The pulling half of a run: one job for each connection, a line of the report for each of its sources."""

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
from cchc_connect.sync.border import adapter_border
from cchc_connect.sync.error_policy import answers_nobody, asked_wait_s, failed, is_our_own, resting, wants_peace
from cchc_connect.sync.executor import Job
from cchc_connect.sync.pull import Extent, Pull
from cchc_connect.sync.report import Line, Outcome
from cchc_connect.sync.run_context import Scope
from cchc_connect.sync.translation import Translation
from cchc_connect.sync.worker_process import Place, SecondProcess
from cchc_connect.transport import Transport

OUTAGE = 3
"""So many sources or partitions in a row that a system has only errors for mean that it is down."""

Open = Callable[[str, Adapter], AbstractContextManager[Transport]]
"""Opens the transport to a connection."""


class Pulling:
    """Pulls connections; the lines come together in `lines`."""

    def __init__(self, config: Config, scope: Scope, open_transport: Open, extents: Mapping[str, Extent]) -> None:
        """Prepare; nothing is asked before a job is carried out."""
        self._config = config
        self._scope = scope
        self._open = open_transport
        self._extents = extents
        with scope.database.reading() as connection:
            self._breakers = read_breakers(connection)
        self._seats = Semaphore(config.run.processes)
        self.lines: list[Line] = []

    def jobs(self, names: Collection[str]) -> list[Job]:
        """Return a job for each connection; those that failed of late come last, so that nobody waits for them."""

        def failures(name: str) -> int:
            return self._breakers[name].failures if name in self._breakers else 0

        return [self._job(name) for name in sorted(names, key=failures)]

    def _job(self, name: str) -> Job:
        def job() -> None:
            adapter = self._config.adapter(name)
            if not adapter.sources:
                return
            wanted = self._extents.get(name, Extent()).record_type
            lines = [
                Line(kind="pull", name=name, record_type=kind, partition=part)
                for kind, part in _parts(adapter)
                if wanted in {None, kind}
            ]
            self.lines += lines
            known = self._breakers.get(name)
            if known is not None and known.is_open(self._scope.clock.now()):
                self._leave_alone(lines, known)
                return
            with self._open(name, adapter) as transport:
                self._pull_all(name, adapter, lines, transport)

        return job

    def _leave_alone(self, lines: list[Line], known: Breaker) -> None:
        for line in lines:
            told = {"connection": line.name, "failures": known.failures, "until": known.closed_until}
            line.outcome, line.reason = Outcome.FAILED, Phrase(resting(known), told)

    def _pull_all(self, name: str, adapter: Adapter, lines: list[Line], transport: Transport) -> None:
        """Pull a connection's sources; where it cannot be reached the rest of them is not tried."""
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
                is_outage = failures > 0 and (failures == OUTAGE or answers_nobody(error))
                outage = error if is_outage or wants_peace(error) else None
        if self._scope.keeps:
            self._remember(name, lines, outage, is_down=failures > 0)

    def _pull(self, source: Source, line: Line, transport: Transport) -> CchcError | None:
        stream = self._stream(line)
        translator = SecondProcess(Translation(source), self._place(line), self._seats)
        pull = Pull(source, stream, transport, self._scope, self._extents.get(line.name), translator)
        traffic, began, failure = transport.traffic, self._scope.clock.monotonic(), None
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
        line.seconds = self._scope.clock.monotonic() - began
        line.counts.requests = transport.traffic.requests - traffic.requests
        line.counts.bytes_received = transport.traffic.bytes_received - traffic.bytes_received
        return failure

    def _place(self, line: Line) -> Place | None:
        """Return how another process finds the source of a line, where one may be used."""
        if self._scope.prefetch == 0 or self._config.run.processes == 0:
            return None
        return Place(config=self._config, connection=line.name, record_type=line.record_type)

    def _stream(self, line: Line) -> Stream:
        agency = self._config.connections[line.name].agency
        return Stream(connection=line.name, record_type=line.record_type, agency=agency, partition=line.partition)

    def _hold(self, stream: Stream, error: CchcError, order: Order) -> None:
        """Write down why a stream is not read; a part that could not be pulled tells nothing of the stream."""
        is_partial = self._extents.get(stream.connection, Extent()).is_partial
        if not isinstance(error, Stopped | OutsideHours) and not is_partial:
            now = self._scope.clock.now()
            self._scope.commit(lambda connection: hold(connection, stream, error, now, order))

    def _remember(self, name: str, lines: list[Line], outage: CchcError | None, *, is_down: bool) -> None:
        wait_s = asked_wait_s(outage)
        if wait_s is not None:
            self._scope.commit(lambda connection: park(connection, name, self._scope.clock.now(), wait_s))
        elif is_our_own(outage):
            return
        elif is_down and not any(line.counts.pages for line in lines):
            self._scope.commit(lambda connection: note_failure(connection, name, self._scope.clock.now()))
        elif name in self._breakers:
            self._scope.commit(lambda connection: note_success(connection, name))


def _parts(adapter: Adapter) -> Iterator[tuple[str, str]]:
    for source in adapter.sources:
        for partition in source.profile.partitions or (WHOLE,):
            yield source.record_type.record_type, partition
