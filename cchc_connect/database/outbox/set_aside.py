"""What is set aside since the agreement of its route does not reach the record, and what lets it wait again."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Select, exists, select, update

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.bulk import update_rows
from cchc_connect.database.outbox.deliveries import Delivery, DeliveryState, upsert_route
from cchc_connect.database.tables import change, delivery, route

WAITS_AGAIN: Mapping[str, object] = MappingProxyType(
    {"state": DeliveryState.WAITING, "next_attempt_at": None, "finished_at": None}
)
"""Column values of a message that was set aside and is to be judged anew."""


def follow_agreement(connection: Connection, route_name: str, agreement: str, record_types: Collection[str]) -> None:
    """Note by which agreement, `ID@VERSION`, a route sends; under another one than before what it did not reach waits.

    Of each record only the latest version does, and only of the record types of the route.
    """
    before = connection.execute(select(route.c.agreement).where(route.c.name == route_name)).scalar()
    if before == agreement:
        return
    newer = change.alias()
    is_outdated = exists().where(
        newer.c.record_type == delivery.c.record_type,
        newer.c.record_key == delivery.c.record_key,
        newer.c.sequence > delivery.c.sequence,
    )
    of_route = (delivery.c.route == route_name) & delivery.c.record_type.in_(record_types)
    not_granted = of_route & (delivery.c.state == DeliveryState.NOT_GRANTED)
    connection.execute(update(delivery).where(not_granted & ~is_outdated).values(**WAITS_AGAIN))
    upsert_route(connection, route_name, {"agreement": agreement})


def judge_anew(connection: Connection, sequences: Select[Any]) -> None:
    """Let what was set aside of these changes wait again: whose records they are has changed."""
    is_set_aside = (delivery.c.state == DeliveryState.NOT_GRANTED) & delivery.c.sequence.in_(sequences)
    connection.execute(update(delivery).where(is_set_aside).values(**WAITS_AGAIN))


def set_not_granted(connection: Connection, route_name: str, outside: Sequence[Delivery], now: datetime) -> None:
    """Set aside messages with records that the agreement of the route does not reach."""
    rows = [(DeliveryState.NOT_GRANTED, to_timestamp_text(now), route_name, each.sequence) for each in outside]
    update_rows(connection, delivery, ("state", "finished_at"), rows)
