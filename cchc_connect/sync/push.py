"""Pushing one route: take its changes from the feed, send what is due, store the receipts.

A message leaves at least once and carries the same idempotency key over all attempts, so its effect is
exactly once. Order is kept for each order key; a message that fails holds back its own key and no other.
Each message that left stands in the journal, with purpose and legal basis, in the transaction that stores
its receipts.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from cchc_connect.adapter import Outcome, Outgoing, Receipt, Target
from cchc_connect.database import deliveries
from cchc_connect.database.counts import Counts, write_counts
from cchc_connect.database.deliveries import Delivery
from cchc_connect.database.instants import stamp
from cchc_connect.database.journal import JournalEntry, write_entry
from cchc_connect.errors import AuthenticationFailed, CchcError, Fatal, Rejected, Retriable, SourceHeld
from cchc_connect.sync.border import adapter_border
from cchc_connect.sync.scope import Scope
from cchc_connect.transport import Transport
from cchc_schemas import RECORD_TYPES, Record, from_document

AT_ONCE = 200
"""Deliveries read from the database at a time."""

RECEIPTS_AT_ONCE = 50
"""Receipts stored in one transaction; after a crash as many messages go out again, under the same keys."""

OUTAGE = 3
"""So many messages in a row that fail mean that the target is down; the rest waits for the next run."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """What leaves, whereto and why."""

    name: str
    record_types: tuple[str, ...]
    receiver: str
    """Agency code of the receiving system."""
    account: str
    purpose: str
    legal_basis: str
    withhold: tuple[str, ...] = ()
    """Fields, `record_type.field`, that stay here."""
    targets: Mapping[str, Target] = field(default_factory=dict[str, Target])
    """The receiving system's service for each record type."""


class Push:
    """One run over one route."""

    def __init__(self, route: Route, transport: Transport, scope: Scope) -> None:
        """Prepare; nothing leaves before `run`."""
        self._route = route
        self._transport = transport
        self._scope = scope
        self._failures = 0
        self._blocked: set[str] = set()
        """Order keys for which a message just failed: what follows it waits."""
        self._answered: list[tuple[Sequence[Delivery], Sequence[Receipt]]] = []
        self.counts = {record_type: Counts() for record_type in route.record_types}

    def run(self) -> None:
        """Send all that is due; `counts` tells what was done, also when it stops with an error.

        Raises:
            AuthenticationFailed: the target refuses our credentials.
            Retriable: the target is down; what was not sent waits.
            Fatal: the run cannot go on.
        """
        self._stage()
        try:
            while ready := self._due():
                self._blocked.clear()
                for batch in self._batches(ready):
                    self._send(batch)
                self._store_receipts()
        except (SourceHeld, Retriable):
            self._store_receipts()
            raise

    def rehearse(self) -> None:
        """Count as waiting what `run` would send now, and send nothing."""
        with self._scope.database.writing(keep=False) as connection:
            while deliveries.stage(connection, self._route.name, self._route.record_types):
                pass
            for one in deliveries.due(connection, self._route.name, self._scope.clock.now()):
                self.counts[one.record_type].waiting += 1

    def _stage(self) -> None:
        more = 1
        while more:
            with self._scope.database.writing(self._scope.token) as connection:
                more = deliveries.stage(connection, self._route.name, self._route.record_types)

    def _due(self) -> list[Delivery]:
        with self._scope.database.reading() as connection:
            return deliveries.due(connection, self._route.name, self._scope.clock.now(), AT_ONCE)

    def _batches(self, ready: Sequence[Delivery]) -> Iterator[list[Delivery]]:
        """Yield messages in the feed's order: neighbours of one record type, as many as the target takes.

        A record stands in a message once: its next version goes into the next message.
        """
        batch: list[Delivery] = []
        for one in ready:
            full = bool(batch) and (
                one.record_type != batch[0].record_type
                or len(batch) >= self._route.targets[one.record_type].batch_limit
                or any(one.record_key == other.record_key for other in batch)
            )
            if full:
                yield batch
                batch = []
            batch.append(one)
        if batch:
            yield batch

    def _send(self, batch: list[Delivery]) -> None:
        batch = [one for one in batch if one.order_key not in self._blocked]
        if not batch:
            return
        target = self._route.targets[batch[0].record_type]
        try:
            with adapter_border(connection=self._route.name, record_type=batch[0].record_type):
                receipts = self._transport.run(target.deliver([self._outgoing(one) for one in batch]))
                _check_receipts(receipts, len(batch))
        except (AuthenticationFailed, Fatal):
            raise
        except Rejected as error:
            receipts = [Receipt(outcome=Outcome.REFUSED, reason=error.code)] * len(batch)
        except CchcError as error:
            self._failures += 1
            reason = "outage" if isinstance(error, Retriable) else error.code
            self._settle(batch, [Receipt(outcome=Outcome.RETRY, reason=reason)] * len(batch))
            if self._failures >= OUTAGE or not isinstance(error, Retriable):
                raise
            return
        self._failures = 0
        if len(batch) > 1 and all(receipt.outcome is Outcome.REFUSED for receipt in receipts):
            for one in batch:
                self._send([one])
            return
        self._settle(batch, receipts)

    def _settle(self, batch: Sequence[Delivery], receipts: Sequence[Receipt]) -> None:
        """Take note of a message's receipts; they are stored with those of its neighbours."""
        counts = self.counts[batch[0].record_type]
        for one, receipt in zip(batch, receipts, strict=True):
            match receipt.outcome:
                case Outcome.DELIVERED | Outcome.DUPLICATE:
                    counts.delivered += 1
                case Outcome.REFUSED:
                    counts.refused += 1
                case Outcome.RETRY:
                    counts.waiting += 1
                    self._blocked.add(one.order_key)
        self._answered.append((batch, receipts))
        if sum(len(answered) for answered, _ in self._answered) >= RECEIPTS_AT_ONCE:
            self._store_receipts()
        self._scope.progress(self._route.name, batch[0].record_type, counts, None)

    def _store_receipts(self) -> None:
        """Commit the receipts that were taken note of, with their journal entries and the counters."""
        if not self._answered:
            return
        now = self._scope.clock.now()
        receipts = [pair for batch, given in self._answered for pair in zip(batch, given, strict=True)]
        with self._scope.database.writing(self._scope.token) as connection:
            deliveries.store_receipts(connection, self._route.name, receipts, now)
            for batch, given in self._answered:
                write_entry(connection, self._entry(batch, given, stamp(now)))
            for record_type, counts in self.counts.items():
                write_counts(connection, (self._scope.run_id, "push", self._route.name, record_type), counts)
        self._answered.clear()

    def _outgoing(self, one: Delivery) -> Outgoing:
        record: Record = from_document(RECORD_TYPES[one.record_type], one.document)
        kept_back = {name: _default(record, name) for name in self._withheld(one.record_type)}
        identity = f"{self._route.name}/{one.record_type}/{one.record_key}/{one.sequence}"
        return Outgoing(
            record=record.model_copy(update=kept_back) if kept_back else record,
            idempotency_key=hashlib.sha256(identity.encode()).hexdigest()[:32],
            known=one.known,
        )

    def _withheld(self, record_type: str) -> list[str]:
        places = (place.partition(".") for place in self._route.withhold)
        return [name for kind, _, name in places if kind == record_type]

    def _entry(self, batch: Sequence[Delivery], receipts: Sequence[Receipt], now: str) -> JournalEntry:
        return JournalEntry(
            at=now,
            run_id=self._scope.run_id,
            route=self._route.name,
            receiver=self._route.receiver,
            account=self._route.account,
            purpose=self._route.purpose,
            legal_basis=self._route.legal_basis,
            record_type=batch[0].record_type,
            record_keys=tuple(one.record_key for one in batch),
            outcomes=tuple(receipt.outcome.value for receipt in receipts),
        )


def _default(record: Record, name: str) -> object:
    return type(record).model_fields[name].get_default(call_default_factory=True, validated_data={})


def _check_receipts(receipts: object, expected: int) -> None:
    """Refuse what an adapter returns in the place of a receipt for each record."""
    if not isinstance(receipts, list | tuple) or len(cast("Sequence[object]", receipts)) != expected:
        raise TypeError("a receipt for each record is due")
    for receipt in cast("Sequence[object]", receipts):
        if not isinstance(receipt, Receipt) or receipt.outcome not in set(Outcome):
            raise TypeError("a receipt is due")
