"""What a receiver holds of us, as far as we know: it decides whether a deleted record is withdrawn."""

from collections.abc import Collection
from functools import cache

from sqlalchemy import Connection, bindparam, select

from cchc_connect.database.bulk import RowQuery, select_in
from cchc_connect.database.outbox.deliveries import DeliveryKind, DeliveryState
from cchc_connect.database.tables import delivery

RecordName = tuple[str, str]
"""Record type and record key."""


def possibly_held(connection: Connection, route: str, keys: Collection[str]) -> set[RecordName]:
    """Return those records with one of these keys that the route's receiver holds, or may hold.

    It may hold what was sent and never answered. A withdrawal counts once it was accepted; until then that of what left
    the grant says that the record is there.
    """
    held: set[RecordName] = set()
    bound = {"name": route, "delivered": DeliveryState.DELIVERED.value, "never": 0}
    sent = select_in(connection, _sent_query(), delivery.c.record_key, sorted(keys), bound)
    for _, record_type, record_key, kind, state, reversals in sorted(tuple(row) for row in sent):
        if kind == DeliveryKind.WITHDRAWAL and state == DeliveryState.DELIVERED:
            held.discard((record_type, record_key))
        elif kind == DeliveryKind.RECORD or reversals:
            held.add((record_type, record_key))
    return held


@cache
def _sent_query() -> RowQuery:
    columns = (delivery.c.sequence, delivery.c.record_type, delivery.c.record_key, delivery.c.kind, delivery.c.state)
    was_sent = (delivery.c.state == bindparam("delivered")) | delivery.c.idempotency_key.is_not(None)
    says_it = was_sent | (delivery.c.reversals > bindparam("never"))
    return select(*columns, delivery.c.reversals).where((delivery.c.route == bindparam("name")) & says_it)
