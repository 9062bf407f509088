"""The audit log entries of a push: what is about to leave, what became of it, and what did not leave after all."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from cchc_connect.adapter import DeliveryStatus, Receipt
from cchc_connect.clock import VIETNAM_TIME
from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.database.audit.entries import (
    LEAVING,
    MAY_HAVE_ARRIVED,
    NOT_SENT,
    AuditEntry,
    AuditKind,
    Decision,
    append_all,
)
from cchc_connect.database.audit.persons import person_numbers
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.audit.subjects import NO_SUBJECTS, Subjects, subject_hash
from cchc_connect.database.outbox.deliveries import Delivery, DeliveryKind
from cchc_connect.errors import ConfigurationError, SourceHeld
from cchc_connect.sharing.route_grants import RouteGrants
from cchc_connect.sync.outgoing import Route

NOT_ACCEPTED = "not_accepted"
"""Outcome of messages of which the receiver took nothing, since it refused our credentials."""


Message = tuple[Sequence[Delivery], Sequence[Receipt]]
"""The deliveries of one message, and the receipt of each."""


class PushAudit:
    """Writes the entries of one route in one run; the caller's transaction commits them."""

    def __init__(self, route: Route, run_id: str, subject_keys: SubjectKeys | None) -> None:
        """Prepare the entries; nothing is written. Without `subject_keys` there is no subject index."""
        self._route = route
        self._run_id = run_id
        self._subject_keys = subject_keys
        self._year, self._key_id, self._key = 0, "", b""
        """Vietnamese year of the key of the subject index, and the key, which is read when there is a person."""
        self._persons = dict[int, frozenset[bytes]]()
        """Keyed hashes of the persons in each message of the batch, by sequence."""

    def add_leaving(
        self, connection: Connection, ready: Sequence[Delivery], grants: RouteGrants, now: datetime
    ) -> None:
        """Add what is about to leave, one entry for each record type and kind of message.

        `grants` are what they leave by, also in the entries of what became of them.
        """
        self._persons.clear()
        append_all(connection, self._entries(ready, _Outcome(LEAVING, grants, now)), chain=RUNS_CHAIN)

    def add_not_sent(
        self, connection: Connection, unsent: Sequence[Delivery], grants: RouteGrants, now: datetime
    ) -> None:
        """Add what was announced and did not leave."""
        append_all(connection, self._entries(unsent, _Outcome(NOT_SENT, grants, now)), chain=RUNS_CHAIN)

    def add_not_accepted(
        self, connection: Connection, refused: Sequence[Delivery], grants: RouteGrants, now: datetime
    ) -> None:
        """Add what a receiver got with credentials that it refused."""
        append_all(connection, self._entries(refused, _Outcome(NOT_ACCEPTED, grants, now)), chain=RUNS_CHAIN)

    def add_receipts(
        self, connection: Connection, messages: Sequence[Message], grants: RouteGrants, now: datetime
    ) -> None:
        """Add the outcomes of messages, of each one entry for each outcome."""
        entries = (entry for message in messages for entry in self._outcomes(message, grants, now))
        append_all(connection, entries, chain=RUNS_CHAIN)

    def _outcomes(self, message: Message, grants: RouteGrants, now: datetime) -> Iterator[tuple[AuditEntry, Subjects]]:
        batch, receipts = message
        for status in dict.fromkeys(receipt.status for receipt in receipts):
            sent = [due for due, receipt in zip(batch, receipts, strict=True) if receipt.status is status]
            released = [due for due in sent if _is_released(due, status)]
            yield from self._entries(released, _Outcome(status.value, grants, now, Decision.RELEASED))
            unread = [due for due in sent if not _is_released(due, status)]
            is_open = status is DeliveryStatus.RETRY
            perhaps = [due for due in unread if is_open and due.may_have_arrived]
            yield from self._entries(perhaps, _Outcome(status.value, grants, now, may_have_arrived=True))
            unsent = [due for due in unread if not (is_open and due.may_have_arrived)]
            yield from self._entries(unsent, _Outcome(status.value, grants, now))

    def _entries(self, due: Sequence[Delivery], outcome: "_Outcome") -> Iterator[tuple[AuditEntry, Subjects]]:
        """Yield an entry for each record type and kind of message, with the persons in its records."""
        groups: dict[tuple[int, DeliveryKind], list[Delivery]] = {}
        for delivery in due:
            position = self._route.record_types.index(delivery.record_type)
            groups.setdefault((position, delivery.kind), []).append(delivery)
        for _, group in sorted(groups.items()):
            yield self._entry(group, outcome), self._subjects(group, outcome.at)

    def _subjects(self, group: Sequence[Delivery], now: datetime) -> Subjects:
        """Return the persons in these records.

        Raises:
            SourceHeld: the keys of the subject index cannot be used.
        """
        if self._subject_keys is None:
            return NO_SUBJECTS
        year = now.astimezone(VIETNAM_TIME).year
        if year != self._year:  # the first batch, or another key
            self._year, self._key_id = year, ""
            self._persons.clear()
        try:
            hashes = frozenset[bytes]().union(*(self._persons_in(due, self._subject_keys, now) for due in group))
        except ConfigurationError as error:
            raise SourceHeld(error.code, **error.context) from error
        return Subjects(key_id=self._key_id, hashes=hashes) if hashes else NO_SUBJECTS

    def _persons_in(self, due: Delivery, keys: SubjectKeys, now: datetime) -> frozenset[bytes]:
        """Return the persons in a record; they are looked for once, when it leaves."""
        persons = self._persons.get(due.sequence)
        if persons is None:
            numbers = person_numbers(due.record_type, due.document)
            if numbers and not self._key_id:
                self._key_id, self._key = keys.key_at(now)
            persons = self._persons[due.sequence] = frozenset(subject_hash(self._key, number) for number in numbers)
        return persons

    def _entry(self, group: Sequence[Delivery], outcome: "_Outcome") -> AuditEntry:
        route, record_type = self._route, group[0].record_type
        request_ids = dict.fromkeys(delivery.request_id for delivery in group if delivery.request_id)
        return AuditEntry(
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
            details={MAY_HAVE_ARRIVED: True} if outcome.may_have_arrived else {},
            **outcome.grants.by_type[record_type].members_of(group[0].kind),
        )


class _Outcome(NamedTuple):
    """What became of messages, and by what they left."""

    code: str
    grants: RouteGrants
    at: datetime
    decision: Decision | None = None
    may_have_arrived: bool = False


def _is_released(sent: Delivery, status: DeliveryStatus) -> bool:
    """Return whether the receiver has read a message: also one that it refused, but not one that could not be made."""
    if status is DeliveryStatus.REFUSED:
        return sent.request_id is not None
    return status is not DeliveryStatus.RETRY
