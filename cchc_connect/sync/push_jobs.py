"""The pushing half of a run: one job for each route, a line of the report for each of its record types."""

from collections.abc import Collection

from cchc_connect.adapter import Adapter
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.config.file import Config, RouteTable
from cchc_connect.database.outbox import deliveries
from cchc_connect.database.state.circuit_breakers import Breaker, park, read_breakers
from cchc_connect.errors import CchcError, Fatal, OutsideHours, Stopped
from cchc_connect.messages import Phrase
from cchc_connect.sync.error_policy import asked_wait_s, failed, resting
from cchc_connect.sync.executor import Job
from cchc_connect.sync.pull_jobs import Open
from cchc_connect.sync.push import Push
from cchc_connect.sync.report import Line, Outcome
from cchc_connect.sync.route import Route
from cchc_connect.sync.run_context import Scope
from cchc_connect.transport import Transport


class Pushing:
    """Pushes routes; the lines come together in `lines`."""

    def __init__(self, config: Config, scope: Scope, open_transport: Open) -> None:
        """Prepare; nothing leaves before a job is carried out."""
        self._config = config
        self._scope = scope
        self._open = open_transport
        self.lines: list[Line] = []

    def jobs(self, names: Collection[str]) -> list[Job]:
        """Return a job for each route."""
        return [self._job(name, self._config.routes[name]) for name in names]

    def _job(self, name: str, table: RouteTable) -> Job:
        def job() -> None:
            adapter = self._config.adapter(table.to)
            route = _route(name, table, self._config.connections[table.to], adapter)
            with self._scope.database.reading() as connection:
                known = read_breakers(connection).get(table.to)  # another route may have just noted something
            if self._scope.keeps and known is not None and known.is_open(self._scope.clock.now()):
                self._leave_alone(route, known)
                return
            with self._open(table.to, adapter) as transport:
                self._push(route, transport)

        return job

    def _leave_alone(self, route: Route, known: Breaker) -> None:
        told = {"connection": route.connection, "failures": known.failures, "until": known.closed_until}
        reason = Phrase(resting(known), told)
        self.lines += [
            Line(kind="push", name=route.name, record_type=kind, outcome=Outcome.FAILED, reason=reason)
            for kind in route.record_types
        ]

    def _push(self, route: Route, transport: Transport) -> None:
        push, began, traffic = Push(route, transport, self._scope), self._scope.clock.monotonic(), transport.traffic
        outcome, reason = Outcome.DONE, None
        try:
            if not self._scope.keeps:
                push.rehearse()
            else:
                push.run()
                self._scope.commit(lambda connection: deliveries.hold_route(connection, route.name, None))
        except Fatal:
            raise
        except CchcError as error:
            outcome, reason = failed(error)
            if not isinstance(error, Stopped | OutsideHours):
                held = error
                self._scope.commit(lambda connection: deliveries.hold_route(connection, route.name, held))
            wait_s = asked_wait_s(error)
            if wait_s is not None:
                self._scope.commit(
                    lambda connection: park(connection, route.connection, self._scope.clock.now(), wait_s)
                )
        seconds = self._scope.clock.monotonic() - began
        lines = [
            Line(
                kind="push",
                name=route.name,
                record_type=kind,
                outcome=outcome,
                reason=reason,
                counts=counts,
                seconds=seconds,
            )
            for kind, counts in push.counts.items()
        ]
        # A route's record types share its messages' traffic; it stands with the first of them.
        lines[0].counts.requests = transport.traffic.requests - traffic.requests
        lines[0].counts.bytes_received = transport.traffic.bytes_received - traffic.bytes_received
        self.lines += lines


def _route(name: str, table: RouteTable, receiver: ConnectionTable, adapter: Adapter) -> Route:
    return Route(
        name=name,
        record_types=table.records,
        connection=table.to,
        receiver=receiver.agency,
        account="" if receiver.account is None else receiver.account.named,
        purpose=table.purpose,
        legal_basis=table.legal_basis,
        withhold=table.withhold,
        targets={target.record_type.record_type: target for target in adapter.targets},
    )
