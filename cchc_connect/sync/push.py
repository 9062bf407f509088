"""Pushing one route: take its changes from the feed, send what is due, store the receipts.

A message leaves at least once and carries the same idempotency key over all attempts, so its effect is
exactly once. Messages go out in waves, as many at a time as the target takes; no two of a wave speak of one
order key, so order is kept for each key, and a message that fails holds back its own key and no other. What is
about to leave stands in the journal before it does, with purpose and legal basis, and what became of it afterwards.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from cchc_connect.adapter import Outcome, Receipt, parallel_of
from cchc_connect.database.instants import stamp
from cchc_connect.database.outbox import deliveries
from cchc_connect.database.outbox.audit_log import LEAVING, JournalEntry, write_entry
from cchc_connect.database.outbox.deliveries import Delivery
from cchc_connect.database.state.counters import Counts, write_counts
from cchc_connect.errors import AuthenticationFailed, CchcError, Fatal, Rejected, Retriable, SourceHeld
from cchc_connect.sync.border import adapter_border
from cchc_connect.sync.concurrency import Behind
from cchc_connect.sync.error_policy import wants_peace
from cchc_connect.sync.outgoing import Making
from cchc_connect.sync.route import Route
from cchc_connect.sync.run_context import Scope
from cchc_connect.transport import Transport

AT_ONCE = 2000
"""Deliveries read from the database at a time."""

RECEIPTS_AT_ONCE = 50
"""Receipts stored in one transaction, or a wave's; after a crash as many messages go out again, under the same keys."""

OUTAGE = 3
"""So many messages in a row that fail mean that the target is down; the rest waits for the next run."""

Batch = list[Delivery]
Answer = Sequence[Receipt] | CchcError
"""What came of sending a batch."""


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
        self._refused: set[str] = set()
        """Order keys of which a refusal is not committed yet."""
        self._answered: list[tuple[Batch, Sequence[Receipt]]] = []
        self._making = Making(route, ahead=scope.prefetch > 0)
        self._parallel = max((parallel_of(target) for target in route.targets.values()), default=1)
        self._behind = Behind(overlapping=scope.prefetch > 0)
        self.counts = {record_type: Counts() for record_type in route.record_types}

    def run(self) -> None:
        """Send all that is due; `counts` tells what was done, also when it stops with an error.

        Raises:
            AuthenticationFailed: the target refuses our credentials.
            Stopped: the run was asked to end; what was not sent waits.
            Retriable: the target is down; what was not sent waits.
            Fatal: the run cannot go on.
        """
        self._stage()
        try:
            with self._making, ThreadPoolExecutor(self._parallel, thread_name_prefix="push") as pool:
                while ready := self._due():
                    self._blocked.clear()
                    self._making.begin(ready)
                    self._announce(ready)
                    for wave in self._waves(ready):
                        self._scope.check_stop()
                        self._remember_refusals(wave)
                        self._settle_wave(wave, self._answers(wave, pool))
                    self._store_receipts()
        except (SourceHeld, Retriable):
            self._store_receipts()
            self._behind.finish()
            raise
        finally:
            self._behind.close()

    def rehearse(self) -> None:
        """Count as waiting what `run` would send now, and send nothing."""
        with self._scope.database.writing(keep=False) as connection:
            while deliveries.stage(connection, self._route.name, self._route.record_types, self._route.connection):
                pass
            for one in deliveries.due(connection, self._route.name, self._scope.clock.now()):
                self.counts[one.record_type].waiting += 1

    def _stage(self) -> None:
        route, more = self._route, 1
        while more:
            with self._scope.database.writing(self._scope.token) as connection:
                more = deliveries.stage(connection, route.name, route.record_types, route.connection)

    def _due(self) -> list[Delivery]:
        self._behind.finish()
        with self._scope.database.reading() as connection:
            return deliveries.due(connection, self._route.name, self._scope.clock.now(), AT_ONCE)

    def _announce(self, ready: Sequence[Delivery]) -> None:
        """Write down what is about to leave: after a crash nobody would know that it has."""
        now = stamp(self._scope.clock.now())
        leaving = {kind: [one for one in ready if one.record_type == kind] for kind in self._route.record_types}
        with self._scope.database.writing(self._scope.token) as connection:
            for messages in filter(None, leaving.values()):
                write_entry(connection, self._entry(messages, [LEAVING] * len(messages), now))

    def _waves(self, ready: Sequence[Delivery]) -> Iterator[list[Batch]]:
        """Yield batches that may be sent at the same time: no two of a wave speak of one order key."""
        wave: list[Batch] = []
        spoken_of: set[str] = set()
        most = 1
        for full in self._batches(ready):
            keys = {one.order_key for one in full}
            if wave and (len(wave) >= most or keys & spoken_of or full[0].record_type != wave[0][0].record_type):
                yield wave
                wave, spoken_of = [], set()
            batch = [one for one in full if one.order_key not in self._blocked]
            if batch:
                wave.append(batch)
                spoken_of |= keys
                most = parallel_of(self._route.targets[batch[0].record_type])
        if wave:
            yield wave

    def _batches(self, ready: Sequence[Delivery]) -> Iterator[Batch]:
        """Yield messages in the feed's order: neighbours of one record type, as many as the target takes.

        A record stands in a message once: its next version goes into the next message.
        """
        batch: list[Delivery] = []
        keys: set[str] = set()
        for one in ready:
            full = bool(batch) and (
                one.record_type != batch[0].record_type
                or len(batch) >= self._route.targets[one.record_type].batch_limit
                or one.record_key in keys
            )
            if full:
                yield batch
                batch, keys = [], set()
            batch.append(one)
            keys.add(one.record_key)
        if batch:
            yield batch

    def _remember_refusals(self, wave: list[Batch]) -> None:
        """Have refusals committed before a later message of their order key leaves.

        After a crash a refused message would be sent again, and taken this time it would undo the later one.
        """
        if self._refused & {one.order_key for batch in wave for one in batch}:
            self._store_receipts()
            self._behind.finish()

    def _answers(self, wave: list[Batch], pool: ThreadPoolExecutor) -> Iterable[Answer]:
        """Send a wave's batches, all at the same time; return what came of each."""
        return [self._sent(wave[0])] if len(wave) == 1 else list(pool.map(self._sent, wave))

    def _sent(self, batch: Batch) -> Answer:
        target = self._route.targets[batch[0].record_type]
        try:
            with adapter_border(connection=self._route.name, record_type=batch[0].record_type):
                receipts = self._transport.run(target.deliver([self._making.outgoing(one) for one in batch]))
                _check_receipts(receipts, len(batch))
        except Rejected as error:
            return [Receipt(outcome=Outcome.REFUSED, reason=error.code)] * len(batch)
        except CchcError as error:
            return error
        return receipts

    def _settle_wave(self, wave: list[Batch], answers: Iterable[Answer]) -> None:
        """Take note of a wave's answers, all of them, before an error among them ends the route's run."""
        last: CchcError | None = None
        for batch, answer in zip(wave, answers, strict=True):
            last = self._settle(batch, answer) or last
        if sum(len(batch) for batch, _ in self._answered) >= RECEIPTS_AT_ONCE:
            self._store_receipts()
        if last is not None:
            raise last

    def _settle(self, batch: Batch, answer: Answer) -> CchcError | None:
        """Take note of a message's answer; return the error that ends the route's run, if it is one."""
        if isinstance(answer, AuthenticationFailed | Fatal):
            return answer
        if isinstance(answer, CchcError):
            self._failures += 1
            reason = "outage" if isinstance(answer, Retriable) else answer.code
            self._note(batch, [Receipt(outcome=Outcome.RETRY, reason=reason)] * len(batch))
            is_last = self._failures >= OUTAGE or not isinstance(answer, Retriable) or wants_peace(answer)
            return answer if is_last else None
        self._failures = 0
        if len(batch) > 1 and all(receipt.outcome is Outcome.REFUSED for receipt in answer):
            errors = [self._settle([one], self._sent([one])) for one in batch if one.order_key not in self._blocked]
            return next((error for error in errors if error is not None), None)
        self._note(batch, answer)
        return None

    def _note(self, batch: Batch, receipts: Sequence[Receipt]) -> None:
        counts = self.counts[batch[0].record_type]
        for one, receipt in zip(batch, receipts, strict=True):
            counts.shortened += bool(one.shortened)
            match receipt.outcome:
                case Outcome.DELIVERED | Outcome.DUPLICATE:
                    counts.delivered += 1
                case Outcome.REFUSED:
                    counts.refused += 1
                    self._refused.add(one.order_key)
                case Outcome.RETRY:
                    counts.waiting += 1
                    self._blocked.add(one.order_key)
        self._answered.append((batch, receipts))
        self._scope.progress(self._route.name, batch[0].record_type, counts, None)

    def _store_receipts(self) -> None:
        """Have the receipts that were taken note of committed, with their journal entries and the counters."""
        if not self._answered:
            return
        answered, self._answered = self._answered, []
        self._refused.clear()
        counted = {record_type: counts.copy() for record_type, counts in self.counts.items()}
        now = self._scope.clock.now()

        def store() -> None:
            receipts = [pair for batch, given in answered for pair in zip(batch, given, strict=True)]
            with self._scope.database.writing(self._scope.token) as connection:
                deliveries.store_receipts(connection, self._route.name, receipts, now)
                for batch, given in answered:
                    outcomes = [receipt.outcome.value for receipt in given]
                    write_entry(connection, self._entry(batch, outcomes, stamp(now)))
                for record_type, counts in counted.items():
                    write_counts(connection, (self._scope.run_id, "push", self._route.name, record_type), counts)

        self._behind.do(store)

    def _entry(self, batch: Sequence[Delivery], outcomes: Sequence[str], now: str) -> JournalEntry:
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
            outcomes=tuple(outcomes),
        )


def _check_receipts(receipts: object, expected: int) -> None:
    """Refuse what an adapter returns in the place of a receipt for each record."""
    if not isinstance(receipts, list | tuple) or len(cast("Sequence[object]", receipts)) != expected:
        raise TypeError("a receipt for each record is due")
    known = set(Outcome)
    for receipt in cast("Sequence[object]", receipts):
        if not isinstance(receipt, Receipt) or receipt.outcome not in known:
            raise TypeError("a receipt is due")
