"""Pushes one route: takes its changes from the feed into the outbox, sends due deliveries, stores the receipts.

A message is what one call of `Target.deliver` sends: a batch of deliveries of one record type. It is sent at least
once; each record in it has the same idempotency key in all attempts, so a target that honours the key applies it once.
The key is stored before the first attempt. Withdrawals of deleted records are messages too, if the target takes them.
Messages are sent in parallel groups, as many at the same time as the target accepts. No two messages of a group share
an order key, so the order of each key is preserved; a message that fails delays its own key only. The audit log records
each message before it is sent, with purpose, agreement and acts, and afterwards its outcome.

Directly before a group leaves, the lease is checked, and the agreement by which it leaves; the transport asks for both
again before the first byte of a request that waited. So a run that froze past its lease, or whose agreement was
suspended, sends nothing more.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain

from sqlalchemy import Connection

from cchc_connect.adapter import DeliveryStatus, Outgoing, Receipt, max_parallel_of
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.outbox import deliveries, queueing
from cchc_connect.database.outbox.deliveries import Delivery, DeliveryKind
from cchc_connect.database.outbox.queueing import Queued
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.run_counters import CounterKey, write_counters
from cchc_connect.errors import AuthenticationFailed, CchcError, Fatal, Rejected, Retriable, SourceHeld, Stopped
from cchc_connect.sync.adapter_calls import RequestRules, send_batch
from cchc_connect.sync.concurrency import BackgroundWriter
from cchc_connect.sync.due_messages import DueMessages
from cchc_connect.sync.error_policy import adapter_boundary, may_have_arrived, stops_this_run
from cchc_connect.sync.outgoing import OutgoingBuilder, Route
from cchc_connect.sync.push_audit import PushAudit
from cchc_connect.sync.push_batches import Batch, batches
from cchc_connect.sync.push_permission import Choice, PermissionLapsed, PushPermission, unread
from cchc_connect.sync.run_context import RunContext
from cchc_connect.transport import Transport

RECEIPT_BATCH_SIZE = 50
"""Receipts stored in one transaction, and at least those of one group.

After a crash up to so many messages are sent again, with the same idempotency keys.
"""

OUTAGE_THRESHOLD = 3
"""Messages in a row that fail until the target counts as down; the other deliveries wait for the next run."""

SendResult = Sequence[Receipt] | CchcError
"""Result of sending a batch: a receipt for each delivery, or the error."""


class Push:
    """Pushes one route in one run."""

    def __init__(
        self, route: Route, transport: Transport, run_context: RunContext, permission: PushPermission | None = None
    ) -> None:
        """Create the push; nothing is sent before `run`. `permission` is the one that the transport asks."""
        self._route = route
        self._transport = transport
        self._run_context = run_context
        self._consecutive_failures = 0
        self._blocked_keys: set[str] = set()
        """Order keys of which a message just failed; their later messages wait."""
        self._refused_keys: set[str] = set()
        """Order keys with a refusal that is not committed yet."""
        self._holds: dict[tuple[str, str], bool] = {}
        """Whether the target holds a record, by type and key, for those sent since the last reading."""
        self._unstored_receipts: list[tuple[Batch, Sequence[Receipt]]] = []
        self._unsent: dict[int, Delivery] = {}
        """Deliveries that the audit log announced and that were not sent yet, by sequence."""
        self._not_accepted: list[Delivery] = []
        """Deliveries of messages with credentials that the receiver refused."""
        self._permission = permission or PushPermission(route, run_context)
        self._due_messages = DueMessages(route.name, run_context)
        self._audit = PushAudit(route, run_context.run_id, run_context.subject_keys)
        self._builder = OutgoingBuilder(route, ahead=run_context.prefetch > 0)
        self._max_parallel = max((max_parallel_of(target) for target in route.targets.values()), default=1)
        self._writer = BackgroundWriter(overlapping=run_context.prefetch > 0)
        self.counts = {record_type: Counters() for record_type in route.record_types}

    def run(self) -> None:
        """Send all due deliveries. `counts` holds the counters, also if an error is raised.

        Deliveries that were not sent stay in the outbox for the next run.

        Raises:
            AuthenticationFailed: the target refuses our credentials.
            Stopped: the run was asked to end.
            Retriable: the target is down.
            SourceHeld: a response of the target is implausible, its adapter failed, or nothing may leave.
            Fatal: the run cannot continue.
        """
        self._enqueue()
        self._require_permission()
        try:
            with self._builder, ThreadPoolExecutor(self._max_parallel, thread_name_prefix="push") as pool:
                while ready := self._due():
                    self._blocked_keys.clear()
                    self._holds.clear()
                    self._announce(ready)
                    leaving = self._record_intent(ready)
                    self._builder.prepare(leaving, self._permission.grants)
                    for group in self._parallel_groups(leaving):
                        self._run_context.raise_if_stopping()
                        self._commit_refusals(group)
                        if not self._permission.admit(chain.from_iterable(group)):
                            break
                        self._handle_results(group, self._send_group(group, pool))
                    self._store_receipts()
                    self._forget_unsent()
                    if not self._permission.still_holds():
                        self._require_permission()
                self._permission.raise_if_records_wait()
        except (SourceHeld, Retriable, Stopped):
            self._store_receipts()
            self._writer.flush()
            self._forget_unsent()
            raise
        finally:
            self._writer.close()

    def end(self, connection: Connection, error: CchcError | None) -> None:
        """End the push in a write transaction: hold the route for `error`, or end its hold where that is None."""
        self._permission.end(connection, error)

    def count_pending(self) -> None:
        """Count as waiting what `run` would send now, and what the grants do not reach, as it does. Send nothing.

        Only for a dry run, on its copy: there, what would be sent counts as delivered.

        Raises:
            SourceHeld: nothing may leave, or records wait for the quota of the next day.
        """
        self._enqueue()
        self._require_permission()
        while ready := self._due():
            choice = self._run_context.commit(partial(self._permission.pretend, ready=ready))
            self._permission.admit(choice.leaving)
            self._due_messages.note(choice)
            for delivery in choice.leaving:
                self.counts[delivery.record_type].waiting += 1
            self._count_outside(choice)
        for record_type, counts in self.counts.items():
            if counts.waiting or counts.not_granted:
                self._run_context.progress(self._route.name, record_type, counts, None)
        self._permission.raise_if_records_wait()

    def _require_permission(self) -> None:
        now = self._run_context.clock.now()
        self._run_context.commit(lambda connection: self._permission.decide(connection, now))

    def _enqueue(self) -> None:
        """Take into the outbox what the route has to send, and count what changed with the route."""
        scope, commit = self._route.scope, self._run_context.commit
        self._count(commit(lambda connection: queueing.follow_route(connection, scope, self._route.configured)))
        for record_type in self._run_context.read(lambda connection: queueing.new_types(connection, scope)):
            after: int | None = 0
            while after is not None:
                queued, after = commit(partial(queueing.begin_type, scope=scope, record_type=record_type, after=after))
                self._count(queued)
        changes_read = 1
        while changes_read:
            queued = self._run_context.commit(lambda connection: queueing.enqueue(connection, scope))
            self._count(queued)
            changes_read = queued.read

    def _count(self, queued: Queued) -> None:
        for name in ("initial", "dropped", "not_withdrawn"):
            for record_type, number in getattr(queued, name).items():
                counts = self.counts.setdefault(record_type, Counters())
                setattr(counts, name, getattr(counts, name) + number)

    def _count_outside(self, choice: Choice) -> None:
        for delivery in choice.outside:
            self.counts[delivery.record_type].not_granted += 1
        for delivery in choice.not_taken:
            self.counts[delivery.record_type].not_withdrawn += 1

    def _announce(self, ready: Sequence[Delivery]) -> None:
        """Report the record types of which the first message is about to be sent."""
        for record_type in dict.fromkeys(delivery.record_type for delivery in ready):
            self._run_context.progress(self._route.name, record_type, self.counts[record_type], None)

    def _due(self) -> list[Delivery]:
        self._writer.flush()
        while self._permission.must_judge:
            now = self._run_context.clock.now()
            self._count_outside(self._run_context.commit(partial(self._permission.judge, now=now)))
        return self._due_messages.next(without_records=self._permission.records_wait)

    def _record_intent(self, ready: Sequence[Delivery]) -> list[Delivery]:
        """Write audit log entries and idempotency keys before sending, and return what of these messages may leave.

        Otherwise a crash could hide what was sent.

        Raises:
            SourceHeld: nothing may leave.
        """
        now = self._run_context.clock.now()

        def store(connection: Connection) -> Choice:
            choice = self._permission.choose(connection, ready, now)
            deliveries.store_keys(connection, self._route.name, choice.leaving, to_timestamp_text(now))
            self._audit.add_leaving(connection, choice.leaving, self._permission.grants, now)
            self._run_context.mark_high_water(connection)
            return choice

        choice = self._run_context.commit(store)
        self._due_messages.note(choice)
        self._count_outside(choice)
        self._unsent = {delivery.sequence: delivery for delivery in choice.leaving}
        return choice.leaving

    def _forget_unsent(self) -> None:
        """Note what did not leave after all, and remove its new keys: the receiver cannot have them."""
        unsent, not_accepted = list(self._unsent.values()), self._not_accepted
        if not unsent and not not_accepted:
            return
        now = self._run_context.clock.now()
        new = [delivery for delivery in unsent if delivery.is_first_attempt]
        grants = self._permission.grants

        def store(connection: Connection) -> None:
            deliveries.forget_keys(connection, self._route.name, new)
            self._permission.give_back(connection, unsent, grants)
            self._audit.add_not_sent(connection, unsent, grants, now)
            self._audit.add_not_accepted(connection, not_accepted, grants, now)

        self._run_context.commit(store)
        self._unsent, self._not_accepted = {}, []

    def _parallel_groups(self, ready: Sequence[Delivery]) -> Iterator[list[Batch]]:
        """Yield groups of batches that may be sent at the same time: no two batches of a group share an order key.

        The caller sends a group before it takes the next one; deliveries whose order key that has blocked are left out.
        """
        group: list[Batch] = []
        group_keys: set[str] = set()
        max_batches = 1
        for full_batch in batches(ready, self._route.targets):
            keys = {delivery.order_key for delivery in full_batch}
            is_other_type = bool(group) and full_batch[0].record_type != group[0][0].record_type
            if group and (len(group) >= max_batches or keys & group_keys or is_other_type):
                yield group
                group, group_keys = [], set()
            batch = [delivery for delivery in full_batch if delivery.order_key not in self._blocked_keys]
            if batch:
                group.append(batch)
                group_keys |= keys
                max_batches = max_parallel_of(self._route.targets[batch[0].record_type])
        if group:
            yield group

    def _commit_refusals(self, group: list[Batch]) -> None:
        """Commit refusals before a later message with the same order key is sent.

        Otherwise a refused message would be sent again after a crash. If it were accepted then, it would overwrite
        the later one.
        """
        if self._refused_keys & {delivery.order_key for batch in group for delivery in batch}:
            self._store_receipts()
            self._writer.flush()

    def _send_group(self, group: list[Batch], pool: ThreadPoolExecutor) -> Iterable[SendResult]:
        """Send the batches of a group at the same time; return the result of each."""
        return [self._send(group[0])] if len(group) == 1 else list(pool.map(self._send, group))

    def _send(self, batch: Batch) -> SendResult:
        target = self._route.targets[batch[0].record_type]
        try:
            with adapter_boundary(connection=self._route.name, record_type=batch[0].record_type):
                outgoing = [self._outgoing(delivery) for delivery in batch]
            for delivery in batch:
                self._unsent.pop(delivery.sequence, None)
                delivery.request_id = None
            receipts = send_batch(
                self._transport,
                target,
                outgoing,
                route=self._route.name,
                is_withdrawal=batch[0].kind is DeliveryKind.WITHDRAWAL,
                rules=RequestRules(
                    may_send=self._permission.require, new_request_id=partial(self._new_request_id, batch)
                ),
            )
        except Rejected as error:
            return [Receipt(status=DeliveryStatus.REFUSED, reason=error.code)] * len(batch)
        except CchcError as error:
            return error
        return receipts

    def _new_request_id(self, batch: Batch) -> str:
        """Return the id of the next request, and note it on the deliveries of its message."""
        request_id = self._run_context.new_request_id()
        for delivery in batch:
            delivery.may_have_arrived |= delivery.request_id is not None
            delivery.request_id = request_id
        return request_id

    def _outgoing(self, delivery: Delivery) -> Outgoing:
        """Return the outgoing record; it was built before the receipts of its former versions came."""
        outgoing = self._builder.build(delivery)
        is_held = self._holds.get((delivery.record_type, delivery.record_key), outgoing.previously_delivered)
        return outgoing if is_held == outgoing.previously_delivered else replace(outgoing, previously_delivered=is_held)

    def _handle_results(self, group: list[Batch], results: Iterable[SendResult]) -> None:
        """Handle all results of a group; after that raise the error among them that ends the push, if any."""
        final_error: CchcError | None = None
        for batch, result in zip(group, results, strict=True):
            final_error = self._handle_result(batch, result) or final_error
        if sum(len(batch) for batch, _ in self._unstored_receipts) >= RECEIPT_BATCH_SIZE:
            self._store_receipts()
        if final_error is not None:
            raise final_error

    def _handle_result(self, batch: Batch, result: SendResult) -> CchcError | None:
        """Handle the result of one message; return it if it is an error that ends the push."""
        for delivery in batch:
            delivery.may_have_arrived |= delivery.request_id is not None and may_have_arrived(result)
        if isinstance(result, AuthenticationFailed | Fatal):
            self._not_accepted += batch
            return result
        if isinstance(result, PermissionLapsed):
            self._keep_waiting(batch, deliveries.NOT_GRANTED)
            return None
        if isinstance(result, CchcError):
            self._consecutive_failures += 1
            reason = "outage" if isinstance(result, Retriable) else result.code
            self._keep_waiting(batch, reason)
            is_final = (
                self._consecutive_failures >= OUTAGE_THRESHOLD
                or not isinstance(result, Retriable)
                or stops_this_run(result)
            )
            return result if is_final else None
        self._consecutive_failures = 0
        if len(batch) > 1 and all(receipt.status is DeliveryStatus.REFUSED for receipt in result):
            return self._send_alone(batch)
        self._record_receipts(batch, result)
        return None

    def _send_alone(self, batch: Batch) -> CchcError | None:
        """Send each record of a refused batch alone; return an error that ends the push, if any."""
        final_error: CchcError | None = None
        for delivery in batch:
            if delivery.order_key in self._blocked_keys:
                self._keep_waiting([delivery], "outage")
            elif self._permission.still_holds():
                final_error = self._handle_result([delivery], self._send([delivery])) or final_error
            else:
                self._keep_waiting([delivery], deliveries.NOT_GRANTED)
        return final_error

    def _keep_waiting(self, batch: Batch, reason: str) -> None:
        self._record_receipts(batch, [Receipt(status=DeliveryStatus.RETRY, reason=reason)] * len(batch))

    def _record_receipts(self, batch: Batch, receipts: Sequence[Receipt]) -> None:
        """Count receipts and keep them for the next transaction."""
        counts = self.counts[batch[0].record_type]
        for delivery, receipt in zip(batch, receipts, strict=True):
            counts.shortened += bool(delivery.shortened_fields)
            match receipt.status:
                case DeliveryStatus.DELIVERED | DeliveryStatus.DUPLICATE:
                    counts.delivered += 1
                    counts.withdrawn += delivery.kind is DeliveryKind.WITHDRAWAL
                    self._holds[delivery.record_type, delivery.record_key] = delivery.kind is DeliveryKind.RECORD
                case DeliveryStatus.REFUSED:
                    counts.refused += 1
                    self._refused_keys.add(delivery.order_key)
                case DeliveryStatus.RETRY:
                    counts.waiting += 1
                    self._blocked_keys.add(delivery.order_key)
        self._unstored_receipts.append((batch, receipts))
        self._run_context.progress(self._route.name, batch[0].record_type, counts, None)

    def _store_receipts(self) -> None:
        """Let the writer commit the pending receipts, with their audit log entries and the run counters."""
        if not self._unstored_receipts:
            return
        unstored, self._unstored_receipts = self._unstored_receipts, []
        self._refused_keys.clear()
        counts_by_type = {record_type: counts.copy() for record_type, counts in self.counts.items()}
        now, grants = self._run_context.clock.now(), self._permission.grants

        def store(connection: Connection) -> None:
            pairs = [pair for batch, receipts in unstored for pair in zip(batch, receipts, strict=True)]
            deliveries.store_receipts(connection, self._route.name, pairs, now)
            self._audit.add_receipts(connection, unstored, grants, now)
            self._permission.give_back(connection, unread(pairs), grants)
            for record_type, counts in counts_by_type.items():
                write_counters(
                    connection, CounterKey(self._run_context.run_id, "push", self._route.name, record_type), counts
                )

        self._writer.submit(lambda: self._run_context.commit(store))
