"""The audit log entries of a push: what is about to leave, what became of it, and what did not leave after all.

What is about to leave stands in the log with its fields and persons; each outcome names that entry and repeats neither.
A person of whom nothing was released after all is indexed with the last of the messages that were not.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from cchc_connect.adapter import DeliveryStatus, Receipt
from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.database.audit.entries import (
    HAS_PERSONS,
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
        self._announced = _Announced()

    def add_leaving(
        self, connection: Connection, ready: Sequence[Delivery], grants: RouteGrants, now: datetime
    ) -> None:
        """Add what is about to leave, one entry for each record type and kind of message.

        It has the fields and the persons; the entries of what became of the messages refer to it. `grants` are what
        they leave by, also in the entries of what became of them.

        Raises:
            SourceHeld: the keys of the subject index cannot be used.
        """
        announced = self._with_persons(ready, now)
        groups, outcome = self._groups(ready), _Outcome(LEAVING, grants, now)
        entries = [self._leaving(group, outcome, announced.persons_of(group)) for group in groups]
        numbers = append_all(connection, entries, chain=RUNS_CHAIN)
        for group, number in zip(groups, numbers, strict=True):
            announced.entries.update((due.sequence, number.entry) for due in group)
        self._announced = announced

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

    def _groups(self, due: Sequence[Delivery]) -> list[list[Delivery]]:
        """Return these messages by record type, in the order of the route, and kind."""
        groups: dict[tuple[int, DeliveryKind], list[Delivery]] = {}
        for delivery in due:
            position = self._route.record_types.index(delivery.record_type)
            groups.setdefault((position, delivery.kind), []).append(delivery)
        return [group for _, group in sorted(groups.items())]

    def _with_persons(self, due: Sequence[Delivery], now: datetime) -> "_Announced":
        """Return these messages with the persons in each.

        Raises:
            SourceHeld: the keys of the subject index cannot be used.
        """
        if self._subject_keys is None:
            return _Announced()
        numbers = {each.sequence: person_numbers(each.record_type, each.document) for each in due}
        if not any(numbers.values()):
            return _Announced()
        try:
            key_id, key = self._subject_keys.key_at(now)
        except ConfigurationError as error:
            raise SourceHeld(error.code, **error.context) from error
        return _Announced(
            key_id,
            {
                sequence: frozenset(subject_hash(key, number) for number in of_record)
                for sequence, of_record in numbers.items()
            },
        )

    def _leaving(
        self, group: Sequence[Delivery], outcome: "_Outcome", persons: Subjects
    ) -> tuple[AuditEntry, Subjects]:
        """Return the entry of messages that are about to leave, with the fields of each and the persons in them."""
        grant, details = outcome.grants.by_type[group[0].record_type], {HAS_PERSONS: True} if persons.hashes else {}
        fields = grant.fields_of(group[0].kind)
        return replace(self._entry(group, outcome), fields=fields, details=details), persons

    def _entries(self, due: Sequence[Delivery], outcome: "_Outcome") -> Iterator[tuple[AuditEntry, Subjects]]:
        """Yield an entry for each record type and kind of message, with the persons of whom nothing was released."""
        for group in self._groups(due):
            persons = NO_SUBJECTS
            if outcome.decision is not Decision.RELEASED:
                persons = self._announced.without_release(group)
            yield self._entry(group, outcome), persons

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
            leaving=None if outcome.code == LEAVING else self._announced.entries[group[0].sequence],
            decision=outcome.decision,
            details={MAY_HAVE_ARRIVED: True} if outcome.may_have_arrived else {},
            **outcome.grants.by_type[record_type].members,
        )


@dataclass
class _Announced:
    """Messages that are about to leave, until the next ones are."""

    key_id: str = ""
    """Id of the key with which the numbers of persons were hashed."""
    persons: Mapping[int, frozenset[bytes]] = field(default_factory=dict[int, frozenset[bytes]])
    """Sequence of each message -> keyed hashes of the persons in it; empty without a subject index."""
    entries: dict[int, int] = field(default_factory=dict[int, int])
    """Sequence of each message -> number of the entry that announces it."""
    _not_released: set[int] = field(default_factory=set[int])
    """Sequences of the messages that the receiver has not got, or may not have got."""

    def persons_of(self, group: Sequence[Delivery]) -> Subjects:
        """Return the persons in these messages."""
        return self._subjects(self._united(due.sequence for due in group))

    def without_release(self, group: Sequence[Delivery]) -> Subjects:
        """Return the persons in messages that were not released whom no other message of the same entry is about.

        Those others were released, or nothing is known of them yet.
        """
        if not self.persons:
            return NO_SUBJECTS
        number = self.entries[group[0].sequence]
        self._not_released.update(due.sequence for due in group)
        announced = (sequence for sequence, entry in self.entries.items() if entry == number)
        elsewhere = self._united(sequence for sequence in announced if sequence not in self._not_released)
        return self._subjects(self._united(due.sequence for due in group) - elsewhere)

    def _united(self, sequences: Iterable[int]) -> frozenset[bytes]:
        return frozenset[bytes]().union(*(self.persons.get(sequence, ()) for sequence in sequences))

    def _subjects(self, hashes: frozenset[bytes]) -> Subjects:
        return Subjects(key_id=self.key_id, hashes=hashes) if hashes else NO_SUBJECTS


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
