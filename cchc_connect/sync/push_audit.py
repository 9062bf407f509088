"""The audit log entries of a push: what is about to leave, what became of it, and what did not leave after all."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from cchc_connect.adapter import DeliveryStatus, Receipt
from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.database.audit.entries import LEAVING, NOT_SENT, AuditEntry, AuditKind, Decision, append
from cchc_connect.database.audit.persons import person_numbers
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.audit.subjects import NO_SUBJECTS, Subjects
from cchc_connect.database.outbox.deliveries import Delivery, DeliveryKind
from cchc_connect.errors import ConfigurationError, SourceHeld
from cchc_connect.sharing.route_grants import RouteGrants, granted_entry
from cchc_connect.sync.outgoing import Route

NOT_ACCEPTED = "not_accepted"
"""Outcome of messages of which the receiver took nothing, since it refused our credentials."""


class PushAudit:
    """Writes the entries of one route in one run; the caller's transaction commits them."""

    def __init__(self, route: Route, run_id: str, subject_keys: SubjectKeys | None) -> None:
        """Prepare the entries; nothing is written. Without `subject_keys` there is no subject index."""
        self._route = route
        self._run_id = run_id
        self._subject_keys = subject_keys

    def add_leaving(
        self, connection: Connection, ready: Sequence[Delivery], grants: RouteGrants, now: datetime
    ) -> None:
        """Add what is about to leave, one entry for each record type and kind of message.

        `grants` are what they leave by, also in the entries of what became of them.
        """
        self._add(connection, ready, _Outcome(LEAVING, grants, now))

    def add_not_sent(
        self, connection: Connection, unsent: Sequence[Delivery], grants: RouteGrants, now: datetime
    ) -> None:
        """Add what was announced and did not leave."""
        self._add(connection, unsent, _Outcome(NOT_SENT, grants, now))

    def add_not_accepted(
        self, connection: Connection, refused: Sequence[Delivery], grants: RouteGrants, now: datetime
    ) -> None:
        """Add what a receiver got with credentials that it refused."""
        self._add(connection, refused, _Outcome(NOT_ACCEPTED, grants, now))

    def add_receipts(
        self,
        connection: Connection,
        batch: Sequence[Delivery],
        receipts: Sequence[Receipt],
        grants: RouteGrants,
        now: datetime,
    ) -> None:
        """Add the outcomes of one message, one entry for each outcome."""
        for status in dict.fromkeys(receipt.status for receipt in receipts):
            sent = [due for due, receipt in zip(batch, receipts, strict=True) if receipt.status is status]
            released = [due for due in sent if _is_released(due, status)]
            self._add(connection, released, _Outcome(status.value, grants, now, Decision.RELEASED))
            unread = [due for due in sent if not _is_released(due, status)]
            self._add(connection, unread, _Outcome(status.value, grants, now))

    def _add(self, connection: Connection, due: Sequence[Delivery], outcome: "_Outcome") -> None:
        groups: dict[tuple[int, DeliveryKind], list[Delivery]] = {}
        for delivery in due:
            position = self._route.record_types.index(delivery.record_type)
            groups.setdefault((position, delivery.kind), []).append(delivery)
        for _, group in sorted(groups.items()):
            entry, subjects = self._entry(group, outcome), self._subjects(group, outcome.at)
            append(connection, entry, chain=RUNS_CHAIN, subjects=subjects)

    def _subjects(self, group: Sequence[Delivery], now: datetime) -> Subjects:
        """Return the persons in these records.

        Raises:
            SourceHeld: the keys of the subject index cannot be used.
        """
        if self._subject_keys is None:
            return NO_SUBJECTS
        numbers = {number for due in group for number in person_numbers(due.record_type, due.document)}
        try:
            return self._subject_keys.subjects_of(numbers, now)
        except ConfigurationError as error:
            raise SourceHeld(error.code, **error.context) from error

    def _entry(self, group: Sequence[Delivery], outcome: "_Outcome") -> AuditEntry:
        route, record_type = self._route, group[0].record_type
        request_ids = dict.fromkeys(delivery.request_id for delivery in group if delivery.request_id)
        entry = AuditEntry(
            at=outcome.at,
            kind=AuditKind.PUSH,
            request_id=" ".join(request_ids) or None,
            run_id=self._run_id,
            route=route.name,
            consumer=route.receiver,
            account=route.account or None,
            record_type=record_type,
            keys=tuple(delivery.record_key for delivery in group),
            count=len(group),
            message_kind=group[0].kind.value,
            outcome=outcome.code,
            decision=outcome.decision,
        )
        return granted_entry(outcome.grants, record_type, entry)


class _Outcome(NamedTuple):
    """What became of messages, and by what they left."""

    code: str
    grants: RouteGrants
    at: datetime
    decision: Decision | None = None


def _is_released(sent: Delivery, status: DeliveryStatus) -> bool:
    """Return whether the receiver has read a message: also one that it refused, but not one that could not be made."""
    if status is DeliveryStatus.REFUSED:
        return sent.request_id is not None
    return status is not DeliveryStatus.RETRY
