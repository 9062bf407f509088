"""The outbox: one delivery for each change on each route, waiting, delivered or dead.

A route takes changes from the feed into its outbox (`enqueue`), and sends the deliveries that are due. They are sent
in feed order within each order key: a later message waits for an earlier one of the same key, and for no other.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, exists, func, select, update

from cchc_connect.adapter import DeliveryStatus, Receipt
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.bulk import RowQuery, insert_rows, select_in, update_rows, upsert_row
from cchc_connect.database.reading.change_feed import change_rows, last_sequence
from cchc_connect.database.tables import GONE, change, delivery, route
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

OUTAGE_REASONS = frozenset({"outage"})
"""Reasons that concern the target as such: it could not be reached. A message that fails for one keeps its attempts."""

INITIAL_RETRY_WAIT = timedelta(seconds=30)
"""Wait before the second attempt; it doubles with each further one."""

MAX_RETRY_WAIT = timedelta(hours=1)


class DeliveryState(StrEnum):
    """State of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


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

_RECEIPT_COLUMNS = ("state", "attempts", "next_attempt_at", "reason", "finished_at", "shortened_fields")

NEVER_ATTEMPTED = (DeliveryState.WAITING, 0, None, "", None, None, None)
"""A new delivery: its state, attempts, next attempt, reason, end, shortened fields and idempotency key."""


def enqueue(connection: Connection, route_name: str, record_types: Sequence[str], receiver: str) -> int:
    """Take the next changes of the feed into the route's outbox.

    Changes that the connection `receiver` made itself are not sent back to it.

    Returns:
        0 if the route had already reached the feed's end; else the number of changes read, or 1 if all of them were of
        other record types. Call it until it returns 0.
    """
    start = connection.execute(select(route.c.last_sequence).where(route.c.name == route_name)).scalar() or 0
    end = last_sequence(connection)
    if start == end:
        return 0
    new = change_rows(connection, start, record_types=record_types, limit=ENQUEUE_BATCH_SIZE)
    # No target has a message for a deletion today; messages that still wait for a deleted record are not sent.
    for row in new:
        if row["operation"] in GONE:
            of_record = (delivery.c.record_type == row["record_type"]) & (delivery.c.record_key == row["record_key"])
            waiting = (delivery.c.route == route_name) & of_record & (delivery.c.state == DeliveryState.WAITING)
            connection.execute(update(delivery).where(waiting).values(state=DeliveryState.DEAD, reason="gone"))
    described = ("sequence", "record_type", "record_key", "order_key")
    rows = [
        (route_name, *(row[name] for name in described), *NEVER_ATTEMPTED, DeliveryKind.RECORD)
        for row in new
        if row["operation"] not in GONE and row["connection"] != receiver
    ]
    insert_rows(connection, delivery, rows)
    reached = new[-1]["sequence"] if len(new) == ENQUEUE_BATCH_SIZE else end
    _upsert_route(connection, route_name, {"last_sequence": reached})
    return max(len(new), 1)


def due(connection: Connection, route_name: str, now: datetime, limit: int | None = None) -> list[Delivery]:
    """Return the deliveries that may be sent now, in feed order."""
    now_text = to_timestamp_text(now)
    waiting = (delivery.c.route == route_name) & (delivery.c.state == DeliveryState.WAITING)
    first_blocked = select(delivery.c.order_key, func.min(delivery.c.sequence)).where(
        waiting & (delivery.c.next_attempt_at > now_text)
    )
    blocked_from = {row[0]: row[1] for row in connection.execute(first_blocked.group_by(delivery.c.order_key))}
    columns = (delivery.c.sequence, delivery.c.record_type, delivery.c.record_key, delivery.c.order_key)
    ready = waiting & (delivery.c.next_attempt_at.is_(None) | (delivery.c.next_attempt_at <= now_text))
    joined = select(*columns, delivery.c.attempts, change.c.document).join(
        change, change.c.sequence == delivery.c.sequence
    )
    ordered = joined.where(ready).order_by(delivery.c.sequence).execution_options(yield_per=ROW_BATCH_SIZE)
    sendable: list[Row[*tuple[Any, ...]]] = []
    with connection.execute(ordered) as rows:
        for row in rows:
            if limit is not None and len(sendable) == limit:
                break
            if blocked_from.get(row.order_key, row.sequence) >= row.sequence:
                sendable.append(row)
    delivered = _delivered_before(connection, route_name, sendable)
    return [
        Delivery(
            sequence=row.sequence,
            record_type=row.record_type,
            record_key=row.record_key,
            order_key=row.order_key,
            attempts=row.attempts,
            document=msgspec.json.decode(row.document),
            previously_delivered=(row.record_type, row.record_key) in delivered,
        )
        for row in sendable
    ]


def due_counts(connection: Connection, route_name: str, now: datetime) -> Mapping[str, int]:
    """Return how many deliveries may be sent now, those of `due`, by record type."""
    now_text = to_timestamp_text(now)
    earlier = delivery.alias()
    blocked = exists().where(
        earlier.c.route == route_name,
        earlier.c.state == DeliveryState.WAITING,
        earlier.c.order_key == delivery.c.order_key,
        earlier.c.sequence < delivery.c.sequence,
        earlier.c.next_attempt_at > now_text,
    )
    ready = delivery.c.next_attempt_at.is_(None) | (delivery.c.next_attempt_at <= now_text)
    of_route = (delivery.c.route == route_name) & (delivery.c.state == DeliveryState.WAITING)
    counted = select(delivery.c.record_type, func.count()).where(of_route & ready & ~blocked)
    return {row[0]: row[1] for row in connection.execute(counted.group_by(delivery.c.record_type))}


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
        values = (
            state,
            attempts,
            next_attempt_at,
            receipt.reason,
            finished_at,
            " ".join(sent.shortened_fields) or None,
        )
        rows.append((*values, route_name, sent.sequence))
    update_rows(connection, delivery, _RECEIPT_COLUMNS, rows)
    _requeue_dependents(
        connection,
        route_name,
        [sent for sent, receipt in receipts if _STATE_BY_STATUS[receipt.status] is DeliveryState.DELIVERED],
    )


def hold_route(connection: Connection, route_name: str, reason: CchcError | None) -> None:
    """Put a route on hold for `reason`, or end its hold where that is None."""
    context = None if reason is None else json.dumps(stored_context(reason.context))
    _upsert_route(connection, route_name, {"held_code": reason.code if reason else None, "held_context": context})


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
    """Return those records of these messages that the route delivered before, by type and key."""
    keys = sorted({row.record_key for row in rows})
    bound = {"name": route_name, "delivered": DeliveryState.DELIVERED.value}
    delivered = select_in(connection, _delivered_query(), delivery.c.record_key, keys, bound)
    return {(record_type, key) for record_type, key in delivered}


@cache
def _delivered_query() -> RowQuery:
    done = (delivery.c.route == bindparam("name")) & (delivery.c.state == bindparam("delivered"))
    return select(delivery.c.record_type, delivery.c.record_key).where(done)


def _requeue_dependents(connection: Connection, route_name: str, delivered: Sequence[Delivery]) -> None:
    """Requeue dead letters that were refused because the target lacked one of these records."""
    newer = delivery.alias()
    outdated = exists().where(
        newer.c.route == route_name,
        newer.c.record_type == delivery.c.record_type,
        newer.c.record_key == delivery.c.record_key,
        newer.c.sequence > delivery.c.sequence,
    )
    for record_type in {parent.record_type for parent in delivered}:
        keys = [parent.order_key for parent in delivered if parent.record_type == record_type]
        orphaned = (
            (delivery.c.route == route_name)
            & delivery.c.order_key.in_(keys)
            & (delivery.c.record_type != record_type)
            & (delivery.c.state == DeliveryState.DEAD)
            & (delivery.c.reason == PARENT_NOT_FOUND)
            & ~outdated
        )
        connection.execute(update(delivery).where(orphaned).values(**REQUEUED))


def _upsert_route(connection: Connection, route_name: str, values: Mapping[str, object]) -> None:
    insert_values = {} if "last_sequence" in values else {"last_sequence": 0}
    upsert_row(connection, route, {"name": route_name}, values, insert_values=insert_values)
