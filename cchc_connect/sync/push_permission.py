"""Whether a route may send by its agreement: decided for each batch, and looked at again before each group of messages.

A batch is decided in the transaction that records its intent. Directly before each group leaves, what that was decided
from must still be so: the agreement as it is stored, and the day. Where it is not, nothing more of the batch leaves,
and the rest is decided anew. A route without an agreement in force is on hold: its messages wait and lose no attempt.

While a route sends, its row has the fencing token of the run; who suspends the agreement waits until it is gone.
"""

from datetime import datetime

from sqlalchemy import Connection

from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append
from cchc_connect.database.direct.connection import DirectConnection
from cchc_connect.database.direct.queries import agreement_versions
from cchc_connect.database.outbox import deliveries
from cchc_connect.errors import CchcError, OutsideHours, Stopped
from cchc_connect.sharing.route_grants import RouteGrants, RouteRefusal, refused_entry
from cchc_connect.sync.outgoing import Route
from cchc_connect.sync.run_context import RunContext
from cchc_schemas import vietnamese_day


class PushPermission:
    """The permission of one route in one run."""

    def __init__(self, route: Route, run_context: RunContext) -> None:
        """Prepare; nothing is decided."""
        self._route = route
        self._run_context = run_context
        self._refusal: RouteRefusal | None = None
        self.grants: RouteGrants | None = None
        """What the batch may contain; None for a route without an agreement."""

    def decide(self, connection: Connection, now: datetime) -> None:
        """Decide what may leave, by the facts of this transaction.

        Raises:
            SourceHeld: nothing may leave.
        """
        if self._route.agreement is None:
            return
        decided = self._route.agreement.decide(connection, now)
        self._refusal = decided if isinstance(decided, RouteRefusal) else None
        if isinstance(decided, RouteRefusal):
            raise decided.error
        self.grants = decided

    def begin(self, connection: Connection, now: datetime) -> None:
        """Decide in the transaction that records the intent to send, and note that this run may be sending.

        Raises:
            SourceHeld: nothing may leave.
        """
        self.decide(connection, now)
        if self.grants is not None:
            reference = self.grants.agreement.reference
            deliveries.begin_sending(connection, self._route.name, reference, self._run_context.token)

    def still_holds(self) -> bool:
        """Return whether what the batch was decided from is still so. Ask directly before something leaves.

        Raises:
            LeaseLost: another run took the lease over.
        """
        return self._run_context.read_with_lease(self._is_unchanged)

    def end(self, connection: Connection, error: CchcError | None) -> None:
        """End the push: hold the route for `error` or end its hold, and note that nothing is being sent any more.

        A refusal is put on record, once while the route is on hold for the same reasons.
        """
        deliveries.end_sending(connection, self._route.name)
        if isinstance(error, Stopped | OutsideHours):
            return
        is_new = deliveries.hold_route(connection, self._route.name, error)
        if self._refusal is not None and is_new:
            for record_type in self._refusal.reasons:
                entry = refused_entry(self._refusal, record_type, self._asked())
                append(connection, entry, chain=RUNS_CHAIN)

    def _is_unchanged(self, connection: DirectConnection) -> bool:
        grants = self.grants
        if grants is None:
            return True
        is_same_day = vietnamese_day(self._run_context.clock.now()) == grants.day
        return is_same_day and agreement_versions(connection, grants.agreement.id) == grants.versions

    def _asked(self) -> AuditEntry:
        """Return an entry with what the route would have sent to whom."""
        return AuditEntry(
            at=self._run_context.clock.now(),
            kind=AuditKind.PUSH,
            run_id=self._run_context.run_id,
            route=self._route.name,
            consumer=self._route.receiver,
            account=self._route.account or None,
        )
