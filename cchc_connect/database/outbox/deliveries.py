"""The outbox: one delivery for each change on each route, waiting, delivered or dead.

A route takes changes from the feed into its outbox (`queueing`), and sends the deliveries that are due. They are sent
in feed order within each order key: a later message waits for an earlier one of the same key, and for no other.

The idempotency key of a delivery is stored before its first attempt, and every attempt uses the stored one. So a
message whose answer was lost is recognised by the target even if what is sent now differs, because the route withholds
more, for instance: the target then has the change as it was sent first, like every record delivered before. A refusal
of the first attempt is an answer: the target has nothing under that key, and it is dropped.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, bindparam, exists, func, select, update

from cchc_connect.adapter import DeliveryStatus, Receipt
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.bulk import RowQuery, batches, select_in, update_rows, upsert_row
from cchc_connect.database.epochs import Epochs, epochs_of
from cchc_connect.database.tables import change, delivery, route
from cchc_connect.errors import CchcError
from cchc_connect.messages.stored import stored_context

ENQUEUE_BATCH_SIZE = 1000
"""Changes taken from the feed in one transaction."""

ROW_BATCH_SIZE = 1000
"""Deliveries read from the database at a time; memory does not grow with their number."""

MAX_ATTEMPTS = 10
"""After this many attempts a message is a dead letter, to be requeued by hand."""

PARENT_NOT_FOUND = "not_found"
"""Reason of a receipt: the target has no record that the message refers to."""

RECORD_GONE, RECEIVER_CHANGED, TYPE_REMOVED = "gone", "receiver_changed", "type_removed"
"""Reasons of dead letters that were never refused: the record is deleted, or the route has changed."""

NOT_GRANTED = "not_granted"
"""Reason of a message that was not sent again, because the agreement of its route is no longer in force."""

OUTAGE_REASONS = frozenset({"outage", NOT_GRANTED})
"""Reasons that do not concern the message: the target could not be reached. One that fails so keeps its attempts."""

INITIAL_RETRY_WAIT = timedelta(seconds=30)
"""Wait before the second attempt; it doubles with each further one."""

MAX_RETRY_WAIT = timedelta(hours=1)


class DeliveryState(StrEnum):
    """State of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    NOT_TAKEN = "not_taken"
    """A withdrawal that the target does not take; it is due once the target does."""
    NOT_GRANTED = "not_granted"
    """A record that the agreement of the route does not reach; it is judged anew under another one."""


class DeliveryKind(StrEnum):
    """What a delivery does at the receiver."""

    RECORD = "record"
    """The receiver gets a version of the record."""
    WITHDRAWAL = "withdrawal"
    """The receiver shall no longer hold the record."""


@dataclass(kw_only=True)
class Delivery:
    """One change that is due on a route."""

    sequence: int
    record_type: str
    record_key: str
    order_key: str
    attempts: int
    document: Mapping[str, object] = field(repr=False)
    previously_delivered: bool
    """True if this route delivered an earlier version of the record."""
    shortened_fields: tuple[str, ...] = ()
    """Fields whose text was cut when it was last sent."""
    kind: DeliveryKind = DeliveryKind.RECORD
    version: int = 0
    """Version of the record."""
    connection: str = ""
    """Connection from which this version came."""
    content_hash: str = ""
    """Hash of the record as stored, in hexadecimal digits."""
    idempotency_key: str | None = None
    """Key of every attempt; None before the first one."""
    reversals: int = 0
    """Number of times that it was turned from the record into its withdrawal or back; see `set_aside`."""
    state: DeliveryState = DeliveryState.WAITING
    """State when it was read."""
    finished_at: str | None = None
    """When it was delivered, set aside or became a dead letter, as stored."""
    is_first_attempt: bool = True
    """Whether no attempt was begun before this run."""
    request_id: str | None = None
    """Id of the last request with which it was sent."""
    may_have_arrived: bool = False
    """Whether a request of this run may have brought it to the receiver."""


DeliveryReceipt = tuple[Delivery, Receipt]
"""A delivery and the receipt of its message."""

_STATE_BY_STATUS = {
    DeliveryStatus.DELIVERED: DeliveryState.DELIVERED,
    DeliveryStatus.DUPLICATE: DeliveryState.DELIVERED,
    DeliveryStatus.REFUSED: DeliveryState.DEAD,
    DeliveryStatus.RETRY: DeliveryState.WAITING,
}

REQUEUED: Mapping[str, object] = MappingProxyType(
    {"state": DeliveryState.WAITING, "attempts": 0, "next_attempt_at": None, "finished_at": None}
)
"""Column values of a dead letter that was requeued: as if it had never been sent."""

_EARLIER = delivery.alias("earlier")

DELIVERY_COLUMNS = (
    *(delivery.c.sequence, delivery.c.record_type, delivery.c.record_key, delivery.c.order_key, delivery.c.attempts),
    *(delivery.c.kind, delivery.c.idempotency_key, delivery.c.reversals, delivery.c.state, delivery.c.finished_at),
    *(change.c.version, change.c.document, change.c.connection),
)

_RECEIPT_COLUMNS = (
    *("state", "attempts", "next_attempt_at", "reason", "finished_at", "shortened_fields"),
    *("idempotency_key", "request_id"),
)

NEVER_ATTEMPTED = (DeliveryState.WAITING, 0, None, "", None, None, None)
"""A new delivery: its state, attempts, next attempt, reason, end, shortened fields and idempotency key."""


def due(
    connection: Connection,
    route_name: str,
    now: datetime,
    limit: int | None = None,
    *,
    without_records_after: int | None = None,
) -> list[Delivery]:
    """Return the deliveries that may be sent now, in feed order.

    Without records they are those after a sequence before which nothing waits with the same order key: withdrawals, and
    versions of records that the receiver may hold, of which the agreement may no longer reach some.
    """
    now_text = to_timestamp_text(now)
    waiting = (delivery.c.route == route_name) & (delivery.c.state == DeliveryState.WAITING)
    first_blocked = select(delivery.c.order_key, func.min(delivery.c.sequence)).where(
        waiting & (delivery.c.next_attempt_at > now_text)
    )
    blocked_from = {row[0]: row[1] for row in connection.execute(first_blocked.group_by(delivery.c.order_key))}
    ready = waiting & (delivery.c.next_attempt_at.is_(None) | (delivery.c.next_attempt_at <= now_text))
    if without_records_after is not None:
        needs_none = (delivery.c.kind == DeliveryKind.WITHDRAWAL) | _was_sent_before(route_name)
        ready &= (delivery.c.sequence > without_records_after) & needs_none & ~_is_behind(route_name)
    joined = select(*DELIVERY_COLUMNS).join(change, change.c.sequence == delivery.c.sequence)
    ordered = joined.where(ready).order_by(delivery.c.sequence).execution_options(yield_per=ROW_BATCH_SIZE)
    sendable: list[Row[*tuple[Any, ...]]] = []
    with connection.execute(ordered) as rows:
        for row in chain.from_iterable(rows.partitions()):
            if limit is not None and len(sendable) == limit:
                break
            if blocked_from.get(row.order_key, row.sequence) >= row.sequence:
                sendable.append(row)
    delivered = _delivered_before(connection, route_name, sendable)
    return [delivery_of(row, delivered) for row in sendable]


def _is_behind(route_name: str, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether a message of the route that came earlier with the same order key waits and meets conditions."""
    return exists().where(
        _EARLIER.c.route == route_name,
        _EARLIER.c.state == DeliveryState.WAITING,
        _EARLIER.c.order_key == delivery.c.order_key,
        _EARLIER.c.sequence < delivery.c.sequence,
        *conditions,
    )


def _was_sent_before(route_name: str) -> ColumnElement[bool]:
    """Return whether an earlier message of the same record may have reached the receiver of the route."""
    return exists().where(
        _EARLIER.c.route == route_name,
        _EARLIER.c.record_key == delivery.c.record_key,
        _EARLIER.c.record_type == delivery.c.record_type,
        _EARLIER.c.sequence < delivery.c.sequence,
        (_EARLIER.c.state == DeliveryState.DELIVERED) | _EARLIER.c.idempotency_key.is_not(None),
    )


def delivery_of(row: Row[*tuple[Any, ...]], delivered: set[tuple[str, str]]) -> Delivery:
    """Return a delivery from its row; a withdrawal takes its record out of `delivered`, for the deliveries after it."""
    previously_delivered = (row.record_type, row.record_key) in delivered
    if row.kind == DeliveryKind.WITHDRAWAL:
        delivered.discard((row.record_type, row.record_key))
    return Delivery(
        sequence=row.sequence,
        record_type=row.record_type,
        record_key=row.record_key,
        order_key=row.order_key,
        attempts=row.attempts,
        document=msgspec.json.decode(row.document),
        previously_delivered=previously_delivered,
        kind=DeliveryKind(row.kind),
        version=row.version,
        connection=row.connection,
        content_hash=hashlib.blake2b(row.document.encode(), digest_size=16).hexdigest(),
        idempotency_key=row.idempotency_key,
        reversals=row.reversals,
        state=DeliveryState(row.state),
        finished_at=row.finished_at,
        is_first_attempt=row.idempotency_key is None,
    )


def store_keys(connection: Connection, route_name: str, ready: Sequence[Delivery], now: str) -> None:
    """Give each delivery without an idempotency key its key, and store it. Nothing may be sent before the commit."""
    epochs, new = epochs_of(connection, now), [due for due in ready if due.is_first_attempt]
    for unsent in new:
        unsent.idempotency_key = _idempotency_key(epochs, route_name, unsent)
    rows = [(unsent.idempotency_key, route_name, unsent.sequence) for unsent in new]
    update_rows(connection, delivery, ("idempotency_key",), rows)


def forget_keys(connection: Connection, route_name: str, unsent: Sequence[Delivery]) -> None:
    """Remove the keys of deliveries of which no attempt was made: the receiver has nothing under them."""
    update_rows(connection, delivery, ("idempotency_key",), [(None, route_name, never.sequence) for never in unsent])


def _idempotency_key(epochs: Epochs, route_name: str, unsent: Delivery) -> str:
    """Return the key of a delivery: 32 hexadecimal digits.

    What a change has made after its first message is of the present epoch: a restored database counts reversals anew.
    """
    epoch = epochs.names[-1] if unsent.reversals else epochs.of(unsent.sequence)
    identity: tuple[object, ...] = (epoch, route_name, unsent.record_type, unsent.record_key)
    identity += (unsent.sequence, unsent.content_hash)
    if unsent.reversals:
        identity += (unsent.kind, unsent.reversals)
    return hashlib.sha256(msgspec.json.encode(identity)).hexdigest()[:32]


def store_receipts(connection: Connection, route_name: str, receipts: Sequence[DeliveryReceipt], now: datetime) -> None:
    """Store the receipts of messages.

    A message to be sent again waits, longer each time; after the last attempt it is a dead letter. Dead letters that
    were refused only because the target lacked a record just delivered are requeued.
    """
    rows: list[tuple[object, ...]] = []
    for sent, receipt in receipts:
        attempts = sent.attempts + (receipt.reason not in OUTAGE_REASONS)
        state, next_attempt_at = _STATE_BY_STATUS[receipt.status], None
        if state is DeliveryState.WAITING and attempts >= MAX_ATTEMPTS:
            state = DeliveryState.DEAD
        if state is DeliveryState.WAITING:
            next_attempt_at = to_timestamp_text(
                now + min(MAX_RETRY_WAIT, INITIAL_RETRY_WAIT * 2 ** max(attempts - 1, 0))
            )
        finished_at = None if state is DeliveryState.WAITING else to_timestamp_text(now)
        shortened_fields = " ".join(sent.shortened_fields) or None
        is_unheld = receipt.status is DeliveryStatus.REFUSED and sent.is_first_attempt
        key = None if is_unheld else sent.idempotency_key
        values = (state, attempts, next_attempt_at, receipt.reason, finished_at, shortened_fields, key, sent.request_id)
        rows.append((*values, route_name, sent.sequence))
    update_rows(connection, delivery, _RECEIPT_COLUMNS, rows)
    _requeue_dependents(
        connection,
        route_name,
        [
            sent
            for sent, receipt in receipts
            if _STATE_BY_STATUS[receipt.status] is DeliveryState.DELIVERED and sent.kind is DeliveryKind.RECORD
        ],
    )


def hold_route(connection: Connection, route_name: str, reason: CchcError | None) -> bool:
    """Put a route on hold for `reason`, or end its hold where that is None; return whether that is new."""
    context = None if reason is None else json.dumps(stored_context(reason.context))
    hold = {"held_code": reason.code if reason else None, "held_context": context}
    query = select(route.c.held_code, route.c.held_context).where(route.c.name == route_name)
    before = connection.execute(query).mappings().one_or_none()
    upsert_route(connection, route_name, hold)
    return before is None or dict(before) != hold


def begin_sending(connection: Connection, route_name: str, token: int | None) -> None:
    """Note in the transaction that records an intent to send which run, by its fencing token, sends."""
    connection.execute(update(route).where(route.c.name == route_name).values(sending=token))


def sending_routes(connection: Connection, agreement_id: str, token: int) -> list[str]:
    """Return the routes of an agreement, in any version, that the run with this token may be sending now."""
    query = select(route.c.name, route.c.agreement).where(route.c.sending == token).order_by(route.c.name)
    return [row.name for row in connection.execute(query) if (row.agreement or "").partition("@")[0] == agreement_id]


def end_sending(connection: Connection, route_name: str) -> None:
    """Note that nothing of a route is on its way any more."""
    connection.execute(update(route).where(route.c.name == route_name).values(sending=None))


def route_states(connection: Connection) -> list[Mapping[str, object]]:
    """Return each route with its last sequence, its hold and its number of messages in each state."""
    counted = select(delivery.c.route, delivery.c.state, func.count().label("messages"))
    messages: dict[str, dict[str, int]] = {}
    for row in connection.execute(counted.group_by(delivery.c.route, delivery.c.state)):
        messages.setdefault(row.route, {})[row.state] = row.messages
    return [
        {**row, **{state.value: messages.get(row["name"], {}).get(state, 0) for state in DeliveryState}}
        for row in connection.execute(select(route).order_by(route.c.name)).mappings()
    ]


def _delivered_before(
    connection: Connection, route_name: str, rows: Sequence[Row[*tuple[Any, ...]]]
) -> set[tuple[str, str]]:
    """Return those records of these messages that the route delivered before and did not withdraw, by type and key."""
    keys = sorted({row.record_key for row in rows})
    bound = {"name": route_name, "delivered": DeliveryState.DELIVERED.value, "never": 0}
    delivered = select_in(connection, _delivered_query(), delivery.c.record_key, keys, bound)
    last: dict[tuple[str, str], tuple[int, bool]] = {}
    for record_type, key, sequence, kind, state in delivered:
        # Of a message that was turned and not delivered yet the contrary holds: its withdrawal finds the record.
        is_held = (kind == DeliveryKind.RECORD) == (state == DeliveryState.DELIVERED)
        last[record_type, key] = max(last.get((record_type, key), (0, False)), (sequence, is_held))
    return {name for name, (_, is_held) in last.items() if is_held}


@cache
def _delivered_query() -> RowQuery:
    columns = (delivery.c.record_type, delivery.c.record_key, delivery.c.sequence, delivery.c.kind, delivery.c.state)
    says_it = (delivery.c.state == bindparam("delivered")) | (delivery.c.reversals > bindparam("never"))
    return select(*columns).where((delivery.c.route == bindparam("name")) & says_it)


def _requeue_dependents(connection: Connection, route_name: str, delivered: Sequence[Delivery]) -> None:
    """Requeue dead letters that were refused because the target lacked one of these records.

    Only the latest change of a record is sent: of a record that was deleted meanwhile the target must get nothing.
    """
    for record_type in {parent.record_type for parent in delivered}:
        keys = sorted({parent.order_key for parent in delivered if parent.record_type == record_type})
        bound = {"name": route_name, "type": record_type, "dead": DeliveryState.DEAD.value, "reason": PARENT_NOT_FOUND}
        orphaned = [row[0] for row in select_in(connection, _orphaned_query(), delivery.c.order_key, keys, bound)]
        for batch in batches(orphaned):
            is_orphaned = (delivery.c.route == route_name) & delivery.c.sequence.in_(batch)
            connection.execute(update(delivery).where(is_orphaned).values(**REQUEUED))


@cache
def _orphaned_query() -> RowQuery:
    newer = change.alias()
    is_outdated = exists().where(
        newer.c.record_type == delivery.c.record_type,
        newer.c.record_key == delivery.c.record_key,
        newer.c.sequence > delivery.c.sequence,
    )
    is_refused = (delivery.c.state == bindparam("dead")) & (delivery.c.reason == bindparam("reason"))
    of_route = (delivery.c.route == bindparam("name")) & (delivery.c.record_type != bindparam("type"))
    return select(delivery.c.sequence).where(of_route & is_refused & ~is_outdated)


def upsert_route(connection: Connection, route_name: str, values: Mapping[str, object]) -> None:
    """Store `values` of a route; a new one has read nothing of the feed."""
    insert_values = {} if "last_sequence" in values else {"last_sequence": 0}
    upsert_row(connection, route, {"name": route_name}, values, insert_values=insert_values)
