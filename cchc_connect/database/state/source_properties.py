"""What a source has sent of each property so far, and what of it changed: the tables `source_property` and `drift`."""

import json
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, update

from cchc_connect.database.bulk import upsert_row, upsert_rows
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import cursor, drift, source_property
from cchc_connect.messages import Message


class DriftKind(StrEnum):
    """What a source sends otherwise than before."""

    VANISHED = "vanished"
    """A property that nearly every item had is in none, or in less than half."""
    RENAMED = "renamed"
    """The same, and a new property with the same kind of values is there."""
    EMPTIED = "emptied"
    """A property that nearly every item had filled is empty in more than half, or stored values would be lost."""
    KIND_CHANGED = "kind_changed"
    """More than half of the values are of a kind that the property never had."""
    WORD_NEW = "word_new"
    """A word that the field map does not list and that was not there before."""
    RESPELLED = "respelled"
    """The name of a property changed its case; it is still read."""
    PROPERTY_NEW = "property_new"
    """A property that no item had before and that no rule reads."""


class DriftState(StrEnum):
    """What became of a drift."""

    HELD = "held"
    """Nothing was overwritten; the source waits until it is accepted, or sends what it sent before."""
    TOLD = "told"
    """It is only told, or the connection accepts all."""
    ACCEPTED = "accepted"
    """A person accepted it."""


class DriftMode(StrEnum):
    """What a connection does with drift: `drift` in its table."""

    HOLD = "hold"
    WARN = "warn"
    ACCEPT = "accept"


class PropertyDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One property of which a source sends something else than before."""

    property: str
    kind: DriftKind
    detail: str = ""
    """The new name or kind; of a word its hash."""
    affected: int = 0
    """Items that show it."""
    items: int = 0
    """Items among which they are."""

    def message(self) -> Message:
        """Return what it is, as a sentence; without the hash of a word."""
        detail = "" if self.kind is DriftKind.WORD_NEW else self.detail
        counts = {"affected": self.affected, "items": self.items}
        return Message(f"drift_change.{self.kind}", {"property": self.property, "detail": detail, **counts})


class StoredProperty(msgspec.Struct):
    """What a source has sent of one property so far."""

    items: int = 0
    present: int = 0
    filled: int = 0
    kinds: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    words: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    is_read: bool = False
    first_seen: str | None = None
    last_seen: str | None = None


def stored_properties(connection: Connection, stream: Stream) -> dict[str, StoredProperty]:
    """Return what the source of a stream has sent so far, by property; of all its partitions."""
    rows = connection.execute(select(source_property).where(_of_source(source_property, stream)))
    return {
        row.property: StoredProperty(
            items=row.items,
            present=row.present,
            filled=row.filled,
            kinds=json.loads(row.kinds),
            words=json.loads(row.words),
            is_read=bool(row.is_read),
            first_seen=row.first_seen,
            last_seen=row.last_seen,
        )
        for row in rows
    }


def store_properties(connection: Connection, stream: Stream, properties: Mapping[str, StoredProperty]) -> None:
    """Store what the source of a stream has sent so far."""
    rows = [
        (
            *(stream.connection, stream.record_type, name, stored.items, stored.present, stored.filled),
            *(json.dumps(stored.kinds), json.dumps(stored.words), int(stored.is_read)),
            *(stored.first_seen, stored.last_seen),
        )
        for name, stored in sorted(properties.items())
    ]
    upsert_rows(connection, source_property, rows)


def last_completed(connection: Connection, stream: Stream) -> str | None:
    """Return when a pass over the stream was complete last (UTC, as stored), so that its items are known."""
    completed = select(func.max(cursor.c.completed_at)).where(
        (cursor.c.connection == stream.connection)
        & (cursor.c.record_type == stream.record_type)
        & (cursor.c.partition == stream.partition)
    )
    return connection.execute(completed).scalar()


def accepted_properties(connection: Connection, stream: Stream) -> dict[str, str]:
    """Return the properties of a source whose drift a person accepted, and when (UTC, as stored)."""
    is_accepted = _of_source(drift, stream) & (drift.c.state == DriftState.ACCEPTED)
    accepted = select(drift.c.property, func.max(drift.c.accepted_at).label("accepted_at")).where(is_accepted)
    return {row.property: row.accepted_at for row in connection.execute(accepted.group_by(drift.c.property))}


def store_drifts(
    connection: Connection, stream: Stream, drifts: Iterable[PropertyDrift], state: DriftState, run_id: str, now: str
) -> None:
    """Store what changed in what a source sends, at `now` (UTC, as stored); a drift that is open keeps its instant.

    One that was accepted before is a new one.
    """
    of_source = {"connection": stream.connection, "record_type": stream.record_type}
    for of_property in drifts:
        keys = {**of_source, "property": of_property.property, "kind": of_property.kind.value}
        is_accepted = _of_source(drift, stream) & (drift.c.state == DriftState.ACCEPTED)
        is_same = (drift.c.property == of_property.property) & (drift.c.kind == of_property.kind)
        connection.execute(delete(drift).where(is_accepted & is_same))
        counts = {"affected": of_property.affected, "items": of_property.items}
        values = {"detail": of_property.detail, **counts, "state": state.value, "run_id": run_id}
        upsert_row(connection, drift, keys, values, insert_values={"detected_at": now})


def end_held_drifts(connection: Connection, stream: Stream) -> None:
    """Remove what was held: the source sends again what it sent before."""
    connection.execute(delete(drift).where(_of_source(drift, stream) & (drift.c.state == DriftState.HELD)))


def accept_drifts(
    connection: Connection, connection_name: str, record_types: Collection[str], name: str, because: str, now: str
) -> list[str]:
    """Accept all drift of a property, and forget what it was before; return the record types that had any.

    A property that is only new was nothing before: what is known of it stays.
    """
    is_meant = (drift.c.connection == connection_name) & (drift.c.property == name)
    if record_types:
        is_meant &= drift.c.record_type.in_(record_types)
    affected = sorted(set(connection.execute(select(drift.c.record_type).where(is_meant)).scalars()))
    is_other = is_meant & (drift.c.kind != DriftKind.PROPERTY_NEW)
    changed = connection.execute(select(drift.c.record_type).where(is_other)).scalars().all()
    accepted = {"state": DriftState.ACCEPTED.value, "because": because, "accepted_at": now}
    connection.execute(update(drift).where(is_meant).values(accepted))
    is_learned = (source_property.c.connection == connection_name) & (source_property.c.property == name)
    connection.execute(delete(source_property).where(is_learned & source_property.c.record_type.in_(changed)))
    return affected


def _of_source(table: Table, stream: Stream) -> "ColumnElement[Any]":
    return (table.c.connection == stream.connection) & (table.c.record_type == stream.record_type)
