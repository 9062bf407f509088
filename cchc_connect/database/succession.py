"""Which keys took the place of which: a parcel that was split, merged or renumbered is found by its old number.

Three things tell of it: a registered change with parcels before and after (biến động: tách, gộp thửa), a
parcel that names its former keys, and a source whose item bears another key than before.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select

from cchc_connect.database.bulk import chunks, insert_rows
from cchc_connect.database.tables import succession
from cchc_schemas import LandChange, LandParcel, Record

MOST_STEPS = 64
"""Successions in a row; a longer chain is a circle of wrong entries."""


class Kind(StrEnum):
    """How keys followed each other."""

    RENUMBERED = "renumbered"
    """One key took the place of another (đánh lại số)."""
    SPLIT = "split"
    """Several took the place of one (tách thửa)."""
    MERGED = "merged"
    """One took the place of several (gộp thửa)."""
    RESHAPED = "reshaped"
    """Several took the place of several (tách, gộp thửa)."""


Event = tuple[str, str, str, str, str | None, str]
"""Record type, old key, new key, kind, when it happened if that is known, and what tells of it."""


def write_successions(connection: Connection, events: Iterable[Event], now: str) -> None:
    """Keep events; one that is known already keeps what told of it first."""
    latest = {event[:3]: event for event in events}
    for some in chunks(list(latest)):
        old_keys = [old for _, old, _ in some]
        chosen = select(succession.c.record_type, succession.c.old_key, succession.c.new_key)
        known = {tuple(row) for row in connection.execute(chosen.where(succession.c.old_key.in_(old_keys)))}
        insert_rows(connection, succession, [(*latest[place], now) for place in some if place not in known])


def successions_of(record: Record) -> list[Event]:
    """Return the events that a record tells of."""
    if isinstance(record, LandParcel):
        told = f"land_parcel {record.key}"
        return [(LandParcel.record_type, old, record.key, Kind.RENUMBERED, None, told) for old in record.previous_keys]
    return list(_of_change(record)) if isinstance(record, LandChange) else []


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
        chosen = (succession.c.record_type == record_type) & succession.c[here].in_(front)
        rows = connection.execute(select(succession).where(chosen).order_by(succession.c.old_key, succession.c.new_key))
        step = [row for row in rows.all() if getattr(row, there) not in seen]
        found += step
        front = sorted({getattr(row, there) for row in step})
        seen |= set(front)
        if not front:
            break
    return found


def _of_change(change: LandChange) -> Iterator[Event]:
    before = {ref.parcel_key for ref in change.from_parcels if ref.parcel_key}
    after = {ref.parcel_key for ref in change.to_parcels if ref.parcel_key}
    kind = {(True, True): Kind.RENUMBERED, (True, False): Kind.SPLIT, (False, True): Kind.MERGED}.get(
        (len(before) == 1, len(after) == 1), Kind.RESHAPED
    )
    happened_at = change.model_dump(mode="json", include={"happened_at"})["happened_at"]
    for old in sorted(before):
        for new in sorted(after - {old}):
            yield LandParcel.record_type, old, new, kind, happened_at, f"land_change {change.key}"
