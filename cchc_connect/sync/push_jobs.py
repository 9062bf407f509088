"""Push jobs of a run: one job for each route, one line of the report for each of its record types."""

from collections.abc import Collection, Mapping
from functools import partial

from cchc_connect.adapter import Adapter
from cchc_connect.config.file import Config, RouteTable
from cchc_connect.database.state.circuit_breakers import CircuitBreaker, pause, read_circuit_breakers
from cchc_connect.errors import CchcError, Fatal
from cchc_connect.sharing.route_grants import RouteAgreement
from cchc_connect.sync.audit_sealing import require_sealed
from cchc_connect.sync.concurrency import Job
from cchc_connect.sync.error_policy import circuit_reason, requested_wait_s, status_and_reason
from cchc_connect.sync.outgoing import Route
from cchc_connect.sync.pull_jobs import ConnectionOpener
from cchc_connect.sync.push import Push
from cchc_connect.sync.push_permission import PushPermission
from cchc_connect.sync.report import ReportLine, RunStatus
from cchc_connect.sync.run_context import RunContext
from cchc_connect.transport import Transport


class PushJobs:
    """Makes the push jobs of a run; they add their report lines to `report_lines`."""

    def __init__(
        self,
        config: Config,
        agreements: Mapping[str, RouteAgreement],
        run_context: RunContext,
        open_transport: ConnectionOpener,
    ) -> None:
        """Create the jobs' factory; nothing is sent before a job runs. `agreements` are those of the routes."""
        self._agreements = agreements
        self._config = config
        self._run_context = run_context
        self._open_transport = open_transport
        self.report_lines: list[ReportLine] = []

    def jobs(self, names: Collection[str]) -> list[Job]:
        """Return a job for each route."""
        return [self._job(name, self._config.routes[name]) for name in names]

    def _job(self, name: str, table: RouteTable) -> Job:
        def job() -> None:
            adapter = self._config.adapter(table.to)
            route = self._route(name, table, adapter)
            # Read now, and not once for all jobs: another route may have just changed it.
            circuit_breaker = self._run_context.read(read_circuit_breakers).get(table.to)
            if circuit_breaker is not None and circuit_breaker.is_open(self._run_context.clock.now()):
                self._skip_open_circuit(route, circuit_breaker)
                return
            permission = PushPermission(route, self._run_context)
            with self._open_transport(table.to, adapter, permission.require) as transport:
                self._push(route, transport, permission)

        return job

    def _skip_open_circuit(self, route: Route, circuit_breaker: CircuitBreaker) -> None:
        reason = circuit_reason(route.connection, circuit_breaker)
        self.report_lines += [
            ReportLine(kind="push", name=route.name, record_type=record_type, outcome=RunStatus.FAILED, reason=reason)
            for record_type in route.record_types
        ]

    def _push(self, route: Route, transport: Transport, permission: PushPermission) -> None:
        push, traffic_before = Push(route, transport, self._run_context, permission), transport.traffic
        began_s = self._run_context.clock.monotonic()
        outcome, reason = RunStatus.DONE, None
        try:
            if self._run_context.dry_run:
                push.count_pending()
            else:
                require_sealed(self._config.audit, self._run_context)
                push.run()
                self._run_context.commit(partial(push.end, error=None))
        except Fatal:
            raise
        except CchcError as error:
            outcome, reason = status_and_reason(error)
            self._run_context.commit(partial(push.end, error=error))
            wait_s = requested_wait_s(error)
            if wait_s is not None:
                self._run_context.commit(
                    lambda connection: pause(connection, route.connection, self._run_context.clock.now(), wait_s)
                )
        seconds = self._run_context.clock.monotonic() - began_s
        lines = [
            ReportLine(
                kind="push",
                name=route.name,
                record_type=record_type,
                outcome=outcome,
                reason=reason,
                counts=counts,
                seconds=seconds,
            )
            for record_type, counts in push.counts.items()
        ]
        # The traffic of a route is counted once, in the line of its first record type.
        lines[0].counts.requests = transport.traffic.requests - traffic_before.requests
        lines[0].counts.bytes_received = transport.traffic.bytes_received - traffic_before.bytes_received
        self.report_lines += lines

    def _route(self, name: str, table: RouteTable, adapter: Adapter) -> Route:
        receiver = self._config.connections[table.to]
        return Route(
            name=name,
            record_types=table.records,
            connection=table.to,
            receiver=receiver.agency,
            account="" if receiver.account is None else receiver.account.display_name,
            agreement=self._agreements[name],
            targets={target.record_type.record_type: target for target in adapter.targets},
            configured=frozenset(self._config.routes),
        )
