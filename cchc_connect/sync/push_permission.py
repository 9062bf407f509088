"""Whether a route may send by its agreement: decided for each batch, and looked at again before each group of messages.

A batch is decided in the transaction that records its intent. Directly before each group leaves, what that was decided
from must still be so: the agreement as it is stored, and the day. Where it is not, nothing more of the batch leaves,
and the rest is decided anew. A route without an agreement in force is on hold: its messages wait and lose no attempt.

While a route sends, its row has the fencing token of the run; who suspends the agreement waits until it is gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from cchc_connect.adapter import DeliveryStatus, Receipt
from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append
from cchc_connect.database.direct.connection import DirectConnection
from cchc_connect.database.direct.queries import agreement_versions
from cchc_connect.database.outbox import deliveries, set_aside
from cchc_connect.database.outbox.deliveries import Delivery, DeliveryKind, DeliveryReceipt, DeliveryState
from cchc_connect.errors import CchcError, OutsideHours, SourceHeld, Stopped
from cchc_connect.sharing.facts import AgreementUse
from cchc_connect.sharing.route_grants import RouteGrants, RouteRefusal, refused_entry
from cchc_connect.sharing.route_rows import outside_grants
from cchc_connect.sharing.stored_agreements import count_use, count_use_within
from cchc_connect.sync.outgoing import Route
from cchc_connect.sync.run_context import RunContext
from cchc_schemas import vietnamese_day

JUDGED_BATCH_SIZE = 1000
"""Messages that are judged anew in one transaction."""

RECHECK_S = 0.2
"""Seconds for which an answer of the database holds; shorter than a lease, within which nobody else may act."""


class PermissionLapsed(SourceHeld):
    """What a batch was decided from is not so any more; the message waits and is decided anew."""


class Choice(NamedTuple):
    """What of due messages leaves."""

    leaving: list[Delivery]
    outside: list[Delivery]
    """Those with records that the grants do not reach."""
    not_taken: list[Delivery]
    """Withdrawals of such records that the target does not take."""


class PushPermission:
    """The permission of one route in one run."""

    def __init__(self, route: Route, run_context: RunContext) -> None:
        """Prepare; nothing is decided."""
        self._route = route
        self._run_context = run_context
        self._refusal: RouteRefusal | None = None
        self._grants: RouteGrants | None = None
        self._judged: int | None = 0
        """Sequence up to which what was sent or set aside is judged by the grants; None: all is."""
        self._counted = set[int]()
        """Sequences of the messages of the batch that are counted as used; only those are given back."""
        self._waits_for: RouteRefusal | None = None
        """Why records wait for the next day, once some do."""
        self._asked_at_s = -RECHECK_S
        """When the database was asked last and said yes, by the monotonic clock."""

    @property
    def grants(self) -> RouteGrants:
        """What the batch may contain, as it was decided last.

        Raises:
            LookupError: nothing was decided yet.
        """
        if self._grants is None:
            raise LookupError(self._route.name)
        return self._grants

    def decide(self, connection: Connection, now: datetime) -> None:
        """Decide what may leave, by the facts of this write transaction.

        Under another agreement or version than before, what was sent or set aside is to be judged anew.

        Raises:
            SourceHeld: nothing may leave.
        """
        decided = self._route.agreement.decide(connection, now)
        self._refusal = decided if isinstance(decided, RouteRefusal) else None
        if isinstance(decided, RouteRefusal):
            raise decided.error
        self._grants = decided
        if decided.quota_refusal is None:
            self._waits_for = None
        self._judged = set_aside.follow_agreement(connection, self._route.name, decided.agreement.reference)

    def choose(self, connection: Connection, ready: Sequence[Delivery], now: datetime) -> Choice:
        """Decide in the transaction that records the intent to send what of these may leave.

        It is counted as used there, unless a quota of the day counts it: that is counted group by group (`admit`).

        What the grants do not reach is set aside there, or withdrawn where the receiver may hold it. It is noted that
        this run may be sending. Nothing leaves while there is something to judge.

        Raises:
            SourceHeld: nothing may leave.
        """
        self.decide(connection, now)
        if self.must_judge:
            return Choice([], [], [])
        outside = list(outside_grants(connection, self.grants, ready))
        departed = set_aside.leave_grant(connection, self._route.scope, outside, now)
        withdrawals = {each.sequence: each for each in departed.withdrawals}
        left_out = {each.sequence for each in outside} - withdrawals.keys()
        reached = [withdrawals.get(each.sequence, each) for each in ready if each.sequence not in left_out]
        leaving = _within(self.grants.records_left, reached)
        if len(leaving) < len(reached):
            self._waits_for = self.grants.quota_refusal
        self._counted = set[int]()
        if self._records_per_day is None:
            self._counted = {each.sequence for each in leaving}
            self._count(connection, _records_in(leaving), self.grants)
        deliveries.begin_sending(connection, self._route.name, self._run_context.token)
        return Choice(leaving, outside, departed.not_taken)

    def pretend(self, connection: Connection, ready: Sequence[Delivery]) -> Choice:
        """Choose as `choose`, and have what would leave delivered in the database, which is the copy of a dry run.

        Raises:
            SourceHeld: nothing may leave.
        """
        now, arrived = self._run_context.clock.now(), Receipt(status=DeliveryStatus.DELIVERED)
        choice = self.choose(connection, ready, now)
        deliveries.store_receipts(connection, self._route.name, [(each, arrived) for each in choice.leaving], now)
        return choice

    @property
    def must_judge(self) -> bool:
        """Whether the agreement, or whose records they are, changed since what was sent or set aside was judged."""
        return self._judged is not None

    @property
    def records_wait(self) -> bool:
        """Whether records wait for the next day, since the quota is used up."""
        return self._waits_for is not None

    def judge(self, connection: Connection, now: datetime) -> Choice:
        """Judge the next of what was sent or set aside, in a write transaction; return what is outside the grants.

        Raises:
            SourceHeld: nothing may leave.
        """
        self.decide(connection, now)
        if self._judged is None:
            return Choice([], [], [])
        scope = self._route.scope
        judged = set_aside.to_judge(connection, scope, self._judged, JUDGED_BATCH_SIZE)
        as_records = [replace(each, kind=DeliveryKind.RECORD) for each in judged]
        sequences = {each.sequence for each in outside_grants(connection, self.grants, as_records)}
        outside = [each for each in judged if each.sequence in sequences and each.kind is DeliveryKind.RECORD]
        departed = set_aside.leave_grant(connection, scope, outside, now)
        set_aside.come_back(connection, scope.name, [each for each in judged if each.sequence not in sequences])
        self._judged = judged[-1].sequence if len(judged) == JUDGED_BATCH_SIZE else None
        set_aside.note_judged(connection, scope.name, self._judged)
        return Choice([], [each for each in outside if each.state is DeliveryState.NOT_GRANTED], departed.not_taken)

    def raise_if_records_wait(self) -> None:
        """Raise if records wait since the quota of the day is used up.

        Raises:
            SourceHeld: they do.
        """
        self._refusal = self._waits_for
        if self._refusal is not None:
            raise self._refusal.error

    def admit(self, group: Iterable[Delivery]) -> bool:
        """Return whether these messages, which leave at the same time, may leave now. Ask directly before.

        Where a quota counts the records of a day they are counted first, so that a killed run has counted what left,
        and at the most one group that did not. They may not leave where others used up what was left.

        Raises:
            LeaseLost: another run took the lease over.
        """
        return self._count_group(list(group)) and self.still_holds()

    def _count_group(self, group: Sequence[Delivery]) -> bool:
        records, records_per_day = _records_in(group), self._records_per_day
        if records_per_day is None or not records:
            return True
        use = self._use(records, self.grants)
        if not self._run_context.commit(partial(count_use_within, use=use, records_per_day=records_per_day)):
            return False
        self._counted.update(each.sequence for each in group)
        return True

    def give_back(self, connection: Connection, unsent: Sequence[Delivery], grants: RouteGrants) -> None:
        """Count what did not leave by `grants` as not used, if it was counted."""
        self._count(connection, -_records_in([each for each in unsent if each.sequence in self._counted]), grants)

    @property
    def _records_per_day(self) -> int | None:
        return self.grants.agreement.quota.records_per_day

    def still_holds(self) -> bool:
        """Return whether what the batch was decided from is still so. Ask directly before something leaves.

        Raises:
            LeaseLost: another run took the lease over.
        """
        asked_at_s = self._run_context.clock.monotonic()
        holds = self._run_context.read_with_lease(self._is_unchanged)
        # Noted only now: other threads of the group do not pass on an answer that is still to come.
        self._asked_at_s = asked_at_s if holds else -RECHECK_S
        return holds

    def require(self, attempt: int, /) -> None:
        """Check directly before a request leaves that the batch may still leave.

        The database is asked before a repetition, and by a process that froze after its group was looked at. `attempt`
        is the number of the attempt to send it, from 1.

        Raises:
            PermissionLapsed: what the batch was decided from is not so any more.
            LeaseLost: another run took the lease over.
        """
        is_recent = self._run_context.clock.monotonic() - self._asked_at_s < RECHECK_S
        if (attempt > 1 or not is_recent) and not self.still_holds():
            raise PermissionLapsed("push.permission_lapsed", route=self._route.name)

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

    def _count(self, connection: Connection, records: int, grants: RouteGrants) -> None:
        if records:
            count_use(connection, self._use(records, grants))

    @staticmethod
    def _use(records: int, grants: RouteGrants) -> AgreementUse:
        return AgreementUse(agreement=grants.agreement.id, day=grants.day, dossier="", records=records)

    def _is_unchanged(self, connection: DirectConnection) -> bool:
        grants = self.grants
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


def unread(receipts: Iterable[DeliveryReceipt]) -> list[Delivery]:
    """Return the messages of which the receiver has nothing, and which another attempt sends."""
    return [due for due, receipt in receipts if receipt.status is DeliveryStatus.RETRY and not due.may_have_arrived]


def _records_in(due: Sequence[Delivery]) -> int:
    """Return how many of these messages count for a quota: withdrawals do not."""
    return sum(each.kind is DeliveryKind.RECORD for each in due)


def _within(records_left: int | None, due: Sequence[Delivery]) -> list[Delivery]:
    """Return those of these messages that the quota lets leave: the first records, and withdrawals.

    A withdrawal overtakes records that wait for the next day, but none with the same order key.
    """
    leaving, waiting_keys = list[Delivery](), set[str]()
    for each in due:
        is_record = each.kind is DeliveryKind.RECORD
        if each.order_key in waiting_keys or (is_record and records_left == 0):
            waiting_keys.add(each.order_key)
            continue
        leaving.append(each)
        if is_record and records_left is not None:
            records_left -= 1
    return leaving
