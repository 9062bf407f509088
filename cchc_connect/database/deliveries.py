"""What waits to leave, what left, and what will never be taken: one row for each change on each route.

A route takes changes from the feed into deliveries (`stage`), and sends what is due. Order is kept for each
order key: a later message waits for an earlier one of the same key, and for no other.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, exists, func, select, update

from cchc_connect.adapter import Outcome, Receipt
from cchc_connect.database.bulk import Rows, insert_rows, rows_among, update_rows, upsert
from cchc_connect.database.feed import changes, last_sequence
from cchc_connect.database.instants import stamp
from cchc_connect.database.tables import change, delivery, route
from cchc_connect.database.writer import GONE
from cchc_connect.errors import CchcError

STAGE_LIMIT = 1000
"""Changes taken from the feed in one transaction."""

ROWS_AT_ONCE = 1000
"""Messages read at a time; what is not due is passed over."""

LAST_ATTEMPT = 10
"""After so many attempts a message is a dead letter, to be replayed by hand."""

UNKNOWN_THERE = "not_found"
"""Reason of a receipt: the target does not know what the message speaks of."""

OUTAGES = frozenset({"outage"})
"""Reasons that say nothing about a message: the target could not be reached, which costs no attempt."""

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)


class State(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(kw_only=True)
class Delivery:
    """One change that is due to be sent."""

    sequence: int
    record_type: str
    record_key: str
    order_key: str
    attempts: int
    document: Mapping[str, object] = field(repr=False)
    known: bool
    """Did this route deliver an earlier version of the record?"""
    shortened: tuple[str, ...] = ()
    """Fields whose text was cut when it was last sent."""


Answered = tuple[Delivery, Receipt]
"""A message and what became of it."""

_STATES = {
    Outcome.DELIVERED: State.DELIVERED,
    Outcome.DUPLICATE: State.DELIVERED,
    Outcome.REFUSED: State.DEAD,
    Outcome.RETRY: State.WAITING,
}

_RECEIPT = ("state", "attempts", "next_attempt_at", "reason", "finished_at", "shortened_fields")


def stage(connection: Connection, name: str, record_types: Sequence[str], receiver: str) -> int:
    """Take the next changes of the feed into the route's deliveries; return how many were looked at, 0 at its end.

    What the connection `receiver` itself brought is not sent back to it.
    """
    position = connection.execute(select(route.c.last_sequence).where(route.c.name == name)).scalar() or 0
    end = last_sequence(connection)
    if position == end:
        return 0
    found = changes(connection, position, record_types=record_types, limit=STAGE_LIMIT)
    # A target is told of what is; that something is gone has no message in any of today's targets, and what
    # still waits about it does not leave any more.
    for row in found:
        if row["operation"] in GONE:
            about = (delivery.c.record_type == row["record_type"]) & (delivery.c.record_key == row["record_key"])
            waits = (delivery.c.route == name) & about & (delivery.c.state == State.WAITING)
            connection.execute(update(delivery).where(waits).values(state=State.DEAD, reason="gone"))
    rows = [
        (
            name,
            row["sequence"],
            row["record_type"],
            row["record_key"],
            row["order_key"],
            State.WAITING,
            0,
            None,
            "",
            None,
            None,
        )
        for row in found
        if row["operation"] not in GONE and row["connection"] != receiver
    ]
    insert_rows(connection, delivery, rows)
    reached = found[-1]["sequence"] if len(found) == STAGE_LIMIT else end
    _put_route(connection, name, {"last_sequence": reached})
    return max(len(found), 1)


def due(connection: Connection, name: str, now: datetime, limit: int | None = None) -> list[Delivery]:
    """Return what may be sent now, in the order of the feed."""
    moment = stamp(now)
    waiting = (delivery.c.route == name) & (delivery.c.state == State.WAITING)
    first_held = select(delivery.c.order_key, func.min(delivery.c.sequence)).where(
        waiting & (delivery.c.next_attempt_at > moment)
    )
    held_from = {row[0]: row[1] for row in connection.execute(first_held.group_by(delivery.c.order_key))}
    columns = (delivery.c.sequence, delivery.c.record_type, delivery.c.record_key, delivery.c.order_key)
    ready = waiting & (delivery.c.next_attempt_at.is_(None) | (delivery.c.next_attempt_at <= moment))
    joined = select(*columns, delivery.c.attempts, change.c.document).join(
        change, change.c.sequence == delivery.c.sequence
    )
    ordered = joined.where(ready).order_by(delivery.c.sequence).execution_options(yield_per=ROWS_AT_ONCE)
    found: list[Row[*tuple[Any, ...]]] = []
    with connection.execute(ordered) as rows:
        for row in rows:
            if limit is not None and len(found) == limit:
                break
            if held_from.get(row.order_key, row.sequence) >= row.sequence:
                found.append(row)
    known = _known(connection, name, found)
    return [
        Delivery(
            sequence=row.sequence,
            record_type=row.record_type,
            record_key=row.record_key,
            order_key=row.order_key,
            attempts=row.attempts,
            document=msgspec.json.decode(row.document),
            known=(row.record_type, row.record_key) in known,
        )
        for row in found
    ]


def _known(connection: Connection, name: str, rows: Sequence[Row[*tuple[Any, ...]]]) -> set[tuple[str, str]]:
    """Return which records of these messages the route delivered before, by type and key."""
    keys = sorted({row.record_key for row in rows})
    bound = {"name": name, "delivered": State.DELIVERED.value}
    return {(kind, key) for kind, key in rows_among(connection, _delivered(), delivery.c.record_key, keys, bound)}


@cache
def _delivered() -> Rows:
    done = (delivery.c.route == bindparam("name")) & (delivery.c.state == bindparam("delivered"))
    return select(delivery.c.record_type, delivery.c.record_key).where(done)


def store_receipts(connection: Connection, name: str, receipts: Sequence[Answered], now: datetime) -> None:
    """Store what became of messages.

    A message to be tried again waits, longer each time; after the last attempt it is a dead letter. Dead
    letters that were refused only because the target did not know a record just delivered wait again.
    """
    moment = stamp(now)
    rows: list[tuple[object, ...]] = []
    for one, receipt in receipts:
        attempts = one.attempts + (receipt.reason not in OUTAGES)
        state, next_at = _STATES[receipt.outcome], None
        if state is State.WAITING and attempts >= LAST_ATTEMPT:
            state = State.DEAD
        if state is State.WAITING:
            next_at = stamp(now + min(LONGEST_WAIT, FIRST_WAIT * 2 ** max(attempts - 1, 0)))
        settled_at = None if state is State.WAITING else moment
        values = (state, attempts, next_at, receipt.reason, settled_at, " ".join(one.shortened) or None)
        rows.append((*values, name, one.sequence))
    update_rows(connection, delivery, _RECEIPT, rows)
    _revive(connection, name, [one for one, receipt in receipts if _STATES[receipt.outcome] is State.DELIVERED])


def _revive(connection: Connection, name: str, delivered: Sequence[Delivery]) -> None:
    newer = delivery.alias()
    outdated = exists().where(
        newer.c.route == name,
        newer.c.record_type == delivery.c.record_type,
        newer.c.record_key == delivery.c.record_key,
        newer.c.sequence > delivery.c.sequence,
    )
    for record_type in {one.record_type for one in delivered}:
        keys = [one.order_key for one in delivered if one.record_type == record_type]
        orphaned = (
            (delivery.c.route == name)
            & delivery.c.order_key.in_(keys)
            & (delivery.c.record_type != record_type)
            & (delivery.c.state == State.DEAD)
            & (delivery.c.reason == UNKNOWN_THERE)
            & ~outdated
        )
        again = {"state": State.WAITING, "attempts": 0, "next_attempt_at": None, "finished_at": None}
        connection.execute(update(delivery).where(orphaned).values(**again))


def hold_route(connection: Connection, name: str, reason: CchcError | None) -> None:
    """Store why a route sends nothing, or that it does again."""
    context = None if reason is None else json.dumps({key: str(value) for key, value in reason.context.items()})
    _put_route(connection, name, {"held_code": reason.code if reason else None, "held_context": context})


def route_states(connection: Connection) -> list[Mapping[str, object]]:
    """Return each route with its position, hold and how many messages stand where."""
    counted = select(delivery.c.route, delivery.c.state, func.count().label("messages"))
    numbers: dict[str, dict[str, int]] = {}
    for row in connection.execute(counted.group_by(delivery.c.route, delivery.c.state)):
        numbers.setdefault(row.route, {})[row.state] = row.messages
    return [
        {**row, **{state.value: numbers.get(row["name"], {}).get(state, 0) for state in State}}
        for row in connection.execute(select(route).order_by(route.c.name)).mappings()
    ]


def _put_route(connection: Connection, name: str, values: Mapping[str, object]) -> None:
    at_first = {} if "last_sequence" in values else {"last_sequence": 0}
    upsert(connection, route, {"name": name}, values, at_first=at_first)
