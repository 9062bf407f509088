"""The audit log entries of a push: what is about to leave, what became of it, and what did not leave after all."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from cchc_connect.adapter import DeliveryStatus, Receipt
from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.database.audit.entries import LEAVING, NOT_SENT, AuditEntry, AuditKind, Decision, append
from cchc_connect.database.audit.persons import person_numbers
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.audit.subjects import NO_SUBJECTS, Subjects
from cchc_connect.database.outbox.deliveries import Delivery, DeliveryKind
from cchc_connect.errors import ConfigurationError, SourceHeld
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

    def add_leaving(self, connection: Connection, ready: Sequence[Delivery], now: datetime) -> None:
        """Add what is about to leave, one entry for each record type and kind of message."""
        self._add(connection, ready, LEAVING, now)

    def add_not_sent(self, connection: Connection, unsent: Sequence[Delivery], now: datetime) -> None:
        """Add what was announced and did not leave."""
        self._add(connection, unsent, NOT_SENT, now)

    def add_not_accepted(self, connection: Connection, refused: Sequence[Delivery], now: datetime) -> None:
        """Add what a receiver got with credentials that it refused."""
        self._add(connection, refused, NOT_ACCEPTED, now)

    def add_receipts(
        self, connection: Connection, batch: Sequence[Delivery], receipts: Sequence[Receipt], now: datetime
    ) -> None:
        """Add the outcomes of one message, one entry for each outcome."""
        for status in dict.fromkeys(receipt.status for receipt in receipts):
            sent = [due for due, receipt in zip(batch, receipts, strict=True) if receipt.status is status]
            released = [due for due in sent if _is_released(due, status)]
            self._add(connection, released, status.value, now, Decision.RELEASED)
            self._add(connection, [due for due in sent if not _is_released(due, status)], status.value, now)

    def _add(
        self,
        connection: Connection,
        due: Sequence[Delivery],
        outcome: str,
        now: datetime,
        decision: Decision | None = None,
    ) -> None:
        groups: dict[tuple[int, DeliveryKind], list[Delivery]] = {}
        for delivery in due:
            position = self._route.record_types.index(delivery.record_type)
            groups.setdefault((position, delivery.kind), []).append(delivery)
        for _, group in sorted(groups.items()):
            entry, subjects = self._entry(group, outcome, now, decision), self._subjects(group, now)
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

    def _entry(self, group: Sequence[Delivery], outcome: str, now: datetime, decision: Decision | None) -> AuditEntry:
        route = self._route
        request_ids = dict.fromkeys(delivery.request_id for delivery in group if delivery.request_id)
        return AuditEntry(
            at=now,
            kind=AuditKind.PUSH,
            request_id=" ".join(request_ids) or None,
            run_id=self._run_id,
            route=route.name,
            consumer=route.receiver,
            account=route.account or None,
            purpose=route.purpose,
            legal_basis=route.legal_basis,
            record_type=group[0].record_type,
            keys=tuple(delivery.record_key for delivery in group),
            count=len(group),
            message_kind=group[0].kind.value,
            outcome=outcome,
            decision=decision,
        )


def _is_released(sent: Delivery, status: DeliveryStatus) -> bool:
    """Return whether the receiver has read a message: also one that it refused, but not one that could not be made."""
    if status is DeliveryStatus.REFUSED:
        return sent.request_id is not None
    return status is not DeliveryStatus.RETRY
