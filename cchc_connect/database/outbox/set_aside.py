"""What becomes of messages with records that the agreement of their route does not reach.

Such a record is not sent: its message is set aside. Where the receiver may hold a version that was sent before, the
latest message of the record becomes the record's withdrawal. It is a message of its own: with another idempotency key,
with attempts and a receipt. When the agreement reaches the record again, the message is turned back.

What was sent or set aside is judged anew after a change of the agreement, or of whose records they are: in steps, each
in a transaction that notes how far it came (`route.judged`), so that a run goes on where a killed one ended.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import Connection, exists, select, update

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.bulk import RowQuery, select_in, update_rows
from cchc_connect.database.outbox.deliveries import (
    DELIVERY_COLUMNS,
    Delivery,
    DeliveryKind,
    DeliveryState,
    delivery_of,
    upsert_route,
)
from cchc_connect.database.outbox.holdings import possibly_held
from cchc_connect.database.outbox.queueing import RouteScope
from cchc_connect.database.tables import change, delivery, route

_TURNED_COLUMNS = (
    *("kind", "state", "reversals", "attempts", "next_attempt_at", "reason", "finished_at", "shortened_fields"),
    "idempotency_key",
)


class Departed(NamedTuple):
    """What the receiver may hold of records that left the grant."""

    withdrawals: list[Delivery]
    """Withdrawals that are due."""
    not_taken: list[Delivery]
    """Those that the target does not take."""


def follow_agreement(connection: Connection, route_name: str, agreement: str) -> int | None:
    """Note by which agreement, `ID@VERSION`, a route sends.

    Returns:
        The sequence up to which what was sent or set aside is judged by it; None: all is.
    """
    columns = (route.c.agreement, route.c.judged)
    stored = connection.execute(select(*columns).where(route.c.name == route_name)).one_or_none()
    if stored is not None and stored.agreement == agreement:
        judged: int | None = stored.judged
        return judged
    upsert_route(connection, route_name, {"agreement": agreement, "judged": 0})
    return 0


def judge_all_anew(connection: Connection) -> None:
    """Let every route judge what it sent and set aside: whose records they are has changed."""
    connection.execute(update(route).values(judged=0))


def note_judged(connection: Connection, route_name: str, judged: int | None) -> None:
    """Note up to which sequence a route has judged; None: all."""
    upsert_route(connection, route_name, {"judged": judged})


def to_judge(connection: Connection, scope: RouteScope, after: int, limit: int) -> list[Delivery]:
    """Return the next latest messages of records that were delivered, set aside, or turned into withdrawals."""
    newer = change.alias()
    is_outdated = exists().where(
        newer.c.record_type == delivery.c.record_type,
        newer.c.record_key == delivery.c.record_key,
        newer.c.sequence > delivery.c.sequence,
    )
    is_settled = delivery.c.state.in_((DeliveryState.DELIVERED, DeliveryState.NOT_GRANTED))
    is_record = (delivery.c.kind == DeliveryKind.RECORD) & is_settled
    is_turned = (delivery.c.kind == DeliveryKind.WITHDRAWAL) & (delivery.c.reversals > 0)
    of_route = (delivery.c.route == scope.name) & delivery.c.record_type.in_(scope.record_types)
    query = select(*DELIVERY_COLUMNS).join(change, change.c.sequence == delivery.c.sequence)
    query = query.where(of_route & (delivery.c.sequence > after) & (is_record | is_turned) & ~is_outdated)
    return [delivery_of(row, set()) for row in connection.execute(query.order_by(delivery.c.sequence).limit(limit))]


def leave_grant(connection: Connection, scope: RouteScope, outside: Sequence[Delivery], now: datetime) -> Departed:
    """Set aside records that the agreement does not reach, and let the receiver's former versions be withdrawn."""
    held = possibly_held(connection, scope.name, {each.record_key for each in outside})
    candidates = [each for each in outside if (each.record_type, each.record_key) in held]
    latest = set(_latest(connection, candidates))
    departed = [each for each in candidates if each.sequence in latest]
    withdrawals = [_turned_into_withdrawal(each, scope) for each in departed]
    _store_turned(connection, scope.name, withdrawals)
    aside = [each for each in outside if each.sequence not in latest]
    rows = [(DeliveryState.NOT_GRANTED, to_timestamp_text(now), scope.name, each.sequence) for each in aside]
    update_rows(connection, delivery, ("state", "finished_at"), rows)
    return Departed(
        withdrawals=[each for each in withdrawals if each.state is DeliveryState.WAITING],
        not_taken=[each for each in withdrawals if each.state is DeliveryState.NOT_TAKEN],
    )


def come_back(connection: Connection, route_name: str, reached: Iterable[Delivery]) -> None:
    """Let records wait that the agreement reaches again; what the receiver was told of them is sent as new."""
    turned = [_turned_back(each) for each in reached if each.state is not DeliveryState.DELIVERED or each.reversals]
    _store_turned(connection, route_name, [each for each in turned if each is not None])


def _turned_into_withdrawal(record: Delivery, scope: RouteScope) -> Delivery:
    """Return the withdrawal into which the message of a record turns.

    `finished_at` stays where the record was delivered: a withdrawal that was never attempted is turned back to that.
    Where it is unknown whether the record arrived, that number of reversals is left out with which it would have the
    same idempotency key again.
    """
    was_delivered = record.state is DeliveryState.DELIVERED
    is_unknown = record.idempotency_key is not None and not was_delivered
    return replace(
        record,
        kind=DeliveryKind.WITHDRAWAL,
        state=DeliveryState.WAITING if record.record_type in scope.withdrawable else DeliveryState.NOT_TAKEN,
        reversals=record.reversals + (3 if is_unknown else 1),
        finished_at=record.finished_at if was_delivered else None,
        attempts=0,
        shortened_fields=(),
        idempotency_key=None,
        is_first_attempt=True,
    )


def _turned_back(message: Delivery) -> Delivery | None:
    """Return the message of a record that is within the grant again; None where it is sent as it is."""
    if message.kind is DeliveryKind.RECORD:
        if message.state is not DeliveryState.NOT_GRANTED:
            return None
        return replace(message, state=DeliveryState.WAITING, finished_at=None)
    record = replace(message, kind=DeliveryKind.RECORD, attempts=0, shortened_fields=(), idempotency_key=None)
    is_open = message.state in {DeliveryState.WAITING, DeliveryState.NOT_TAKEN}
    if is_open and message.idempotency_key is None:  # the receiver was told nothing
        state = DeliveryState.DELIVERED if message.finished_at else DeliveryState.WAITING
        return replace(record, state=state, reversals=message.reversals - 1)
    return replace(record, state=DeliveryState.WAITING, reversals=message.reversals + 1, finished_at=None)


def _store_turned(connection: Connection, route_name: str, turned: Sequence[Delivery]) -> None:
    rows = [
        (
            *(each.kind.value, each.state.value, each.reversals, each.attempts, None, "", each.finished_at, None),
            *(each.idempotency_key, route_name, each.sequence),
        )
        for each in turned
    ]
    update_rows(connection, delivery, _TURNED_COLUMNS, rows)


def _latest(connection: Connection, candidates: Sequence[Delivery]) -> Iterable[int]:
    """Yield the sequences of those of these messages after which their record did not change."""
    keys = sorted({each.record_key for each in candidates})
    latest: dict[tuple[str, str], int] = {}
    for record_type, key, sequence in select_in(connection, _changes(), change.c.record_key, keys):
        latest[record_type, key] = max(latest.get((record_type, key), 0), sequence)
    return (each.sequence for each in candidates if latest.get((each.record_type, each.record_key)) == each.sequence)


@cache
def _changes() -> RowQuery:
    return select(change.c.record_type, change.c.record_key, change.c.sequence)
