"""Record lineage: which keys replaced which, so that a split, merged or renumbered parcel is found by its old number.

There are three kinds of evidence: a registered change with parcels before and after (biến động: tách, gộp thửa), a
parcel that names its former keys, and a source whose item has another key than before.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, select

from cchc_connect.database.bulk import chunks, insert_rows
from cchc_connect.database.tables import record_lineage
from cchc_connect.database.writing.relations import Event

MAX_STEPS = 64
"""Length of a chain of replaced keys; a longer one is a cycle of wrong entries."""


def write_successions(connection: Connection, events: Iterable[Event], now: str) -> None:
    """Store lineage events; an event that is stored already keeps its first evidence."""
    latest = {event[:3]: event for event in events}
    for batch in chunks(list(latest)):
        old_keys = [old for _, old, _ in batch]
        chosen = select(record_lineage.c.record_type, record_lineage.c.old_key, record_lineage.c.new_key)
        existing = {tuple(row) for row in connection.execute(chosen.where(record_lineage.c.old_key.in_(old_keys)))}
        new = [(*latest[event_key], now) for event_key in batch if event_key not in existing]
        insert_rows(connection, record_lineage, new)


def successors(connection: Connection, record_type: str, key: str) -> list[Row[Any]]:
    """Return all lineage events after `key`, nearest first."""
    return _followed(connection, record_type, key, forward=True)


def predecessors(connection: Connection, record_type: str, key: str) -> list[Row[Any]]:
    """Return all lineage events before `key`, nearest first."""
    return _followed(connection, record_type, key, forward=False)


def _followed(connection: Connection, record_type: str, key: str, *, forward: bool) -> list[Row[Any]]:
    column, next_column = ("old_key", "new_key") if forward else ("new_key", "old_key")
    events: list[Row[Any]] = []
    seen, front = {key}, [key]
    for _ in range(MAX_STEPS):
        chosen = (record_lineage.c.record_type == record_type) & record_lineage.c[column].in_(front)
        order = (record_lineage.c.old_key, record_lineage.c.new_key)
        rows = connection.execute(select(record_lineage).where(chosen).order_by(*order))
        step = [row for row in rows.all() if getattr(row, next_column) not in seen]
        events += step
        front = sorted({getattr(row, next_column) for row in step})
        seen |= set(front)
        if not front:
            break
    return events
