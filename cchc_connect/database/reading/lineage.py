"""Lineage: which keys replaced which, so that a split, merged or renumbered parcel is found by its old number."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, select

from cchc_connect.database.tables import record_lineage
from cchc_connect.errors import RecordNotFound
from cchc_schemas import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)

MAX_LINEAGE_STEPS = 64
"""Length of a chain of replaced keys; a longer one is a cycle of wrong entries."""


def successors(connection: Connection, record_type: str, key: str) -> list[Row[Any]]:
    """Return all lineage events after `key`, nearest first."""
    return _follow_lineage(connection, record_type, key, forward=True)


def predecessors(connection: Connection, record_type: str, key: str) -> list[Row[Any]]:
    """Return all lineage events before `key`, nearest first."""
    return _follow_lineage(connection, record_type, key, forward=False)


def successor_keys(connection: Connection, record_type: str, key: str) -> list[str]:
    """Return the keys that replaced `key`, nearest first, each once."""
    return list(dict.fromkeys(row.new_key for row in successors(connection, record_type, key)))


def only_successor(record_class: type[Record], key: str, matching: Sequence[AnyRecord]) -> AnyRecord:
    """Return the one record of those that match `key`.

    Raises:
        RecordNotFound: several records replaced it; the error names their keys.
    """
    if len(matching) == 1:
        return matching[0]
    keys = ", ".join(sorted(record.key for record in matching))
    raise RecordNotFound("record.replaced_by_several", record_type=record_class.record_type, key=key, successors=keys)


def _follow_lineage(connection: Connection, record_type: str, key: str, *, forward: bool) -> list[Row[Any]]:
    column, next_column = ("old_key", "new_key") if forward else ("new_key", "old_key")
    events: list[Row[Any]] = []
    seen, frontier = {key}, [key]
    for _ in range(MAX_LINEAGE_STEPS):
        is_next = (record_lineage.c.record_type == record_type) & record_lineage.c[column].in_(frontier)
        order = (record_lineage.c.old_key, record_lineage.c.new_key)
        rows = connection.execute(select(record_lineage).where(is_next).order_by(*order))
        step = [row for row in rows.all() if getattr(row, next_column) not in seen]
        events += step
        frontier = sorted({getattr(row, next_column) for row in step})
        seen |= set(frontier)
        if not frontier:
            break
    return events
