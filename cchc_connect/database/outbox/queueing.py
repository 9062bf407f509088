"""Takes changes of the feed into the outbox of a route, and follows a route that changes.

A route is what it sends to whom. A new receiver or record type begins with what is live, in its latest version, and
not with the whole history. A route that is renamed goes on; one that was away from the configuration goes on where it
was.

A deleted record is withdrawn from a receiver that may hold it. Messages that still wait for it are not sent.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, select, update

from cchc_connect.database.bulk import batches, insert_rows
from cchc_connect.database.outbox.deliveries import (
    ENQUEUE_BATCH_SIZE,
    NEVER_ATTEMPTED,
    RECEIVER_CHANGED,
    RECORD_GONE,
    REQUEUED,
    TYPE_REMOVED,
    DeliveryKind,
    DeliveryState,
    upsert_route,
)
from cchc_connect.database.outbox.holdings import possibly_held
from cchc_connect.database.reading.change_feed import change_rows, last_sequence
from cchc_connect.database.tables import GONE, change, delivery, route

FORMER = "@"
"""Between the name of a route and its former receiver: under it stand the deliveries to that receiver."""


@dataclass(frozen=True, kw_only=True)
class RouteScope:
    """What a route sends to whom."""

    name: str
    record_types: tuple[str, ...]
    receiver: str
    """Name of the receiving connection; records that came from it are not sent back."""
    withdrawable: frozenset[str] = frozenset()
    """Record types whose target takes withdrawals."""


@dataclass(kw_only=True)
class Queued:
    """What one step of queueing did, as numbers by record type."""

    read: int = 0
    """Changes that were read."""
    initial: dict[str, int] = field(default_factory=dict[str, int])
    """Live records with which the route begins."""
    dropped: dict[str, int] = field(default_factory=dict[str, int])
    """Waiting messages that became dead letters because the route changed."""
    not_withdrawn: dict[str, int] = field(default_factory=dict[str, int])
    """Withdrawals that the target does not take."""


def enqueue(connection: Connection, scope: RouteScope) -> Queued:
    """Take the next changes of the feed into the route's outbox. Call it until it has `read` nothing.

    Changes that the receiving connection made itself are not sent back to it.
    """
    start = connection.execute(select(route.c.last_sequence).where(route.c.name == scope.name)).scalar() or 0
    end = last_sequence(connection)
    if start == end:
        return Queued()
    new = change_rows(connection, start, record_types=scope.record_types, limit=ENQUEUE_BATCH_SIZE)
    live = [row for row in new if row["operation"] not in GONE and row["connection"] != scope.receiver]
    insert_rows(connection, delivery, [_new_row(scope, row) for row in live])
    deleted = {(row["record_type"], row["record_key"]): row for row in new if row["operation"] in GONE}
    for row in deleted.values():
        _end_waiting(connection, scope.name, row)
    queued = Queued()
    _withdraw(connection, scope, list(deleted.values()), queued)
    reached = new[-1]["sequence"] if len(new) == ENQUEUE_BATCH_SIZE else end
    upsert_route(connection, scope.name, {"last_sequence": reached})
    queued.read = max(len(new), 1)
    return queued


def follow_route(connection: Connection, scope: RouteScope, configured: Collection[str]) -> Queued:
    """Compare a route with what it was in the run before, and end what it no longer sends.

    Args:
        connection: a write transaction.
        scope: what the route sends to whom.
        configured: names of all routes of the configuration.

    Returns:
        What was ended. `new_types` says afterwards with which record types the route has to begin.
    """
    queued = Queued()
    stored = _stored(connection, scope.name) or _renamed(connection, scope, configured)
    if stored is None or (stored["receiver"] is None and not _known_types(connection, scope.name)):
        begun = {"last_sequence": last_sequence(connection), "receiver": scope.receiver, "record_types": ""}
        upsert_route(connection, scope.name, begun)
        return queued
    types = _known_types(connection, scope.name) if stored["receiver"] is None else set(stored["record_types"].split())
    if stored["receiver"] not in {None, scope.receiver}:
        _end_waiting_of(connection, scope.name, delivery.c.route == scope.name, RECEIVER_CHANGED, queued)
        _move(connection, scope.name, f"{scope.name}{FORMER}{stored['receiver']}")
        _move(connection, f"{scope.name}{FORMER}{scope.receiver}", scope.name)
        types = set[str]()
    is_removed = delivery.c.record_type.not_in(scope.record_types)
    _end_waiting_of(connection, scope.name, is_removed, TYPE_REMOVED, queued)
    _take_up_withdrawals(connection, scope)
    values = {"receiver": scope.receiver, "record_types": _joined(types & set(scope.record_types))}
    if values != {name: stored[name] for name in values} or stored["name"] != scope.name:
        upsert_route(connection, scope.name, values)
    return queued


def new_types(connection: Connection, scope: RouteScope) -> list[str]:
    """Return the record types that the route has not begun to send, in its order."""
    stored = _stored(connection, scope.name)
    begun = set[str]() if stored is None else set((stored["record_types"] or "").split())
    return [record_type for record_type in scope.record_types if record_type not in begun]


def begin_type(connection: Connection, scope: RouteScope, record_type: str, after: int) -> tuple[Queued, int | None]:
    """Queue the next live records of a type with which the route begins, and withdrawals of what the receiver keeps.

    Returns:
        What was queued, and the sequence after which to go on; None at the end.
    """
    latest = _latest_changes(connection, scope, record_type, after)
    sequences = [row["sequence"] for row in latest]
    existing = _existing(connection, scope.name, sequences)
    live = [row for row in latest if row["operation"] not in GONE and row["connection"] != scope.receiver]
    deleted = [row for row in latest if row["operation"] in GONE and row["sequence"] not in existing]
    new = [row for row in live if row["sequence"] not in existing]
    ended = [sequence for sequence, reason in existing.items() if reason in {RECEIVER_CHANGED, TYPE_REMOVED}]
    insert_rows(connection, delivery, [_new_row(scope, row) for row in new])
    for batch in batches(ended):
        is_ended = (delivery.c.route == scope.name) & delivery.c.sequence.in_(batch)
        connection.execute(update(delivery).where(is_ended).values(**REQUEUED, reason=""))
    queued = Queued(initial={record_type: len(new) + len({row["sequence"] for row in live} & set(ended))})
    _withdraw(connection, scope, deleted, queued)
    if len(latest) == ENQUEUE_BATCH_SIZE:
        return queued, sequences[-1]
    stored = _stored(connection, scope.name)
    begun = set[str]() if stored is None else set((stored["record_types"] or "").split())
    upsert_route(connection, scope.name, {"record_types": _joined(begun | {record_type}), "judged": 0})
    return queued, None


def _new_row(scope: RouteScope, row: RowMapping) -> tuple[object, ...]:
    described = (row[name] for name in ("sequence", "record_type", "record_key", "order_key"))
    return (scope.name, *described, *NEVER_ATTEMPTED, DeliveryKind.RECORD, None, 0)


def _end_waiting(connection: Connection, route_name: str, deleted: RowMapping) -> None:
    """End the messages that wait for a record that was deleted after them."""
    of_record = (delivery.c.record_type == deleted["record_type"]) & (delivery.c.record_key == deleted["record_key"])
    is_before = delivery.c.sequence < deleted["sequence"]
    waiting = (delivery.c.route == route_name) & of_record & (delivery.c.state == DeliveryState.WAITING)
    connection.execute(update(delivery).where(waiting & is_before).values(state=DeliveryState.DEAD, reason=RECORD_GONE))


def _withdraw(connection: Connection, scope: RouteScope, deleted: Sequence[RowMapping], queued: Queued) -> None:
    """Queue a withdrawal of each deleted record that the receiver may hold, unless it deleted the record itself."""
    candidates = [row for row in deleted if row["connection"] != scope.receiver]
    held = possibly_held(connection, scope.name, {row["record_key"] for row in candidates})
    rows: list[tuple[object, ...]] = []
    for row in candidates:
        if (row["record_type"], row["record_key"]) not in held:
            continue
        is_taken = row["record_type"] in scope.withdrawable
        state = DeliveryState.WAITING if is_taken else DeliveryState.NOT_TAKEN
        described = (row[name] for name in ("sequence", "record_type", "record_key", "order_key"))
        rows.append((scope.name, *described, state, *NEVER_ATTEMPTED[1:], DeliveryKind.WITHDRAWAL, None, 0))
        if not is_taken:
            queued.not_withdrawn[row["record_type"]] = queued.not_withdrawn.get(row["record_type"], 0) + 1
    insert_rows(connection, delivery, rows)


def _take_up_withdrawals(connection: Connection, scope: RouteScope) -> None:
    """Let withdrawals wait whose target takes them by now, if their record is still deleted."""
    newer = change.alias()
    is_restored = exists().where(
        newer.c.record_type == delivery.c.record_type,
        newer.c.record_key == delivery.c.record_key,
        newer.c.sequence > delivery.c.sequence,
    )
    of_route = (delivery.c.route == scope.name) & (delivery.c.state == DeliveryState.NOT_TAKEN)
    is_taken = delivery.c.record_type.in_(scope.withdrawable)
    if scope.withdrawable:
        statement = update(delivery).where(of_route & is_taken & ~is_restored)
        connection.execute(statement.values(state=DeliveryState.WAITING))


def _end_waiting_of(
    connection: Connection, route_name: str, condition: ColumnElement[bool], reason: str, queued: Queued
) -> None:
    """End what waits, and what was set aside under the agreement of the route."""
    is_open = delivery.c.state.in_((DeliveryState.WAITING, DeliveryState.NOT_GRANTED))
    waiting = (delivery.c.route == route_name) & is_open & condition
    types = connection.execute(select(delivery.c.record_type).where(waiting)).scalars().all()
    for record_type in types:
        queued.dropped[record_type] = queued.dropped.get(record_type, 0) + 1
    connection.execute(update(delivery).where(waiting).values(state=DeliveryState.DEAD, reason=reason))


def _stored(connection: Connection, name: str) -> RowMapping | None:
    return connection.execute(select(route).where(route.c.name == name)).mappings().one_or_none()


def _known_types(connection: Connection, name: str) -> set[str]:
    """Return the record types of which a route has deliveries; a former program stored nothing else."""
    types = select(delivery.c.record_type).where(delivery.c.route == name).distinct()
    return set(connection.execute(types).scalars())


def _renamed(connection: Connection, scope: RouteScope, configured: Collection[str]) -> RowMapping | None:
    """Let the route take over from the one that it was until now under another name; return that one.

    It is the only one that is gone from the configuration, leads to the same receiver and sends a type of this one.
    """
    gone = select(route).where((route.c.receiver == scope.receiver) & route.c.name.not_in(list(configured)))
    candidates = [
        row
        for row in connection.execute(gone).mappings()
        if set((row["record_types"] or "").split()) & set(scope.record_types)
    ]
    if len(candidates) != 1:
        return None
    (former,) = candidates
    connection.execute(update(route).where(route.c.name == former["name"]).values(name=scope.name))
    _move(connection, former["name"], scope.name)
    ledgers = select(delivery.c.route).where(delivery.c.route.startswith(f"{former['name']}{FORMER}")).distinct()
    for ledger in connection.execute(ledgers).scalars().all():
        _move(connection, ledger, f"{scope.name}{FORMER}{ledger.partition(FORMER)[2]}")
    return former


def _move(connection: Connection, before: str, after: str) -> None:
    """Give the deliveries of a route another name."""
    connection.execute(update(delivery).where(delivery.c.route == before).values(route=after))


def _latest_changes(connection: Connection, scope: RouteScope, record_type: str, after: int) -> list[RowMapping]:
    """Return the next latest changes of the records of a type, up to where the route has read the feed."""
    newer = change.alias()
    is_replaced = exists().where(
        newer.c.record_type == change.c.record_type,
        newer.c.record_key == change.c.record_key,
        newer.c.sequence > change.c.sequence,
    )
    described = (change.c.sequence, change.c.record_type, change.c.record_key, change.c.order_key)
    end = select(route.c.last_sequence).where(route.c.name == scope.name).scalar_subquery()
    is_next = (change.c.record_type == record_type) & (change.c.sequence > after) & (change.c.sequence <= end)
    query = select(*described, change.c.operation, change.c.connection).where(is_next & ~is_replaced)
    return list(connection.execute(query.order_by(change.c.sequence).limit(ENQUEUE_BATCH_SIZE)).mappings())


def _existing(connection: Connection, route_name: str, sequences: Sequence[int]) -> dict[int, str]:
    """Return the reasons of those deliveries of a route that exist, by sequence; "" of one that is not dead."""
    reasons: dict[int, str] = {}
    for batch in batches(sequences):
        is_in_batch = (delivery.c.route == route_name) & delivery.c.sequence.in_(batch)
        query = select(delivery.c.sequence, delivery.c.state, delivery.c.reason).where(is_in_batch)
        for sequence, state, reason in connection.execute(query):
            reasons[sequence] = reason if state == DeliveryState.DEAD else ""
    return reasons


def _joined(record_types: Collection[str]) -> str:
    return " ".join(sorted(record_types))
