"""Which keys took the place of which: a parcel that was split, merged or renumbered is found by its old number.

Three things tell of it: a registered change with parcels before and after (biến động: tách, gộp thửa), a
parcel that names its former keys, and a source whose item bears another key than before.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, select

from cchc_connect.database.bulk import chunks, insert_rows
from cchc_connect.database.relations import Event
from cchc_connect.database.tables import record_lineage

MOST_STEPS = 64
"""Successions in a row; a longer chain is a circle of wrong entries."""


def write_successions(connection: Connection, events: Iterable[Event], now: str) -> None:
    """Keep events; one that is known already keeps what told of it first."""
    latest = {event[:3]: event for event in events}
    for some in chunks(list(latest)):
        old_keys = [old for _, old, _ in some]
        chosen = select(record_lineage.c.record_type, record_lineage.c.old_key, record_lineage.c.new_key)
        known = {tuple(row) for row in connection.execute(chosen.where(record_lineage.c.old_key.in_(old_keys)))}
        insert_rows(connection, record_lineage, [(*latest[place], now) for place in some if place not in known])


def successors(connection: Connection, record_type: str, key: str) -> list[Row[Any]]:
    """Return the events that lead away from `key`, nearest first, as far as they go."""
    return _followed(connection, record_type, key, forward=True)


def predecessors(connection: Connection, record_type: str, key: str) -> list[Row[Any]]:
    """Return the events that led to `key`, nearest first, as far back as they are known."""
    return _followed(connection, record_type, key, forward=False)


def _followed(connection: Connection, record_type: str, key: str, *, forward: bool) -> list[Row[Any]]:
    here, there = ("old_key", "new_key") if forward else ("new_key", "old_key")
    found: list[Row[Any]] = []
    seen, front = {key}, [key]
    for _ in range(MOST_STEPS):
        chosen = (record_lineage.c.record_type == record_type) & record_lineage.c[here].in_(front)
        order = (record_lineage.c.old_key, record_lineage.c.new_key)
        rows = connection.execute(select(record_lineage).where(chosen).order_by(*order))
        step = [row for row in rows.all() if getattr(row, there) not in seen]
        found += step
        front = sorted({getattr(row, there) for row in step})
        seen |= set(front)
        if not front:
            break
    return found
