"""Reads what sources send otherwise than before, and accepts it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from cchc_connect.clock import SystemClock, from_timestamp_text, to_timestamp_text
from cchc_connect.database.names import record_type_name
from cchc_connect.database.reading.known_connections import require_connection
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.source_properties import DriftKind, DriftState, PropertyDrift, accept_drifts
from cchc_connect.database.tables import drift
from cchc_connect.errors import NotFound, UsageMistake
from cchc_connect.messages import Message
from cchc_schemas import Record


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One property of which a source sends something else than before."""

    connection: str
    record_type: str
    property: str
    """Name of the property, with the way to it through objects; of a field without one the field."""
    kind: DriftKind
    detail: str
    """The new name, or the new kind of values; "" where there is none."""
    affected: int
    """Items of the page that show it."""
    items: int
    """Items of that page."""
    state: DriftState
    detected_at: datetime
    """When it was first seen, UTC."""
    because: str | None
    """Why it was accepted."""
    accepted_at: datetime | None
    """When it was accepted, UTC."""
    message: Message
    """What it is, as a sentence in both languages."""


def drifts(
    database: SharedDatabase, connection: str | None = None, *, include_accepted: bool = False
) -> Iterator[Drift]:
    """Return what sources send otherwise than before: of one connection, or of all.

    Args:
        database: the shared database.
        connection: name of the connection; None: all.
        include_accepted: also what was accepted.

    Raises:
        UsageMistake: the connection is unknown.
    """
    query = select(drift).order_by(drift.c.connection, drift.c.record_type, drift.c.property, drift.c.kind)
    if connection is not None:
        query = query.where(drift.c.connection == connection)
    if not include_accepted:
        query = query.where(drift.c.state != DriftState.ACCEPTED)
    with database.reading() as opened:
        require_connection(opened, connection, drift)
        rows = opened.execute(query).all()
    return map(_drift, rows)


def _drift(row: "Row[Any]") -> Drift:
    kind, accepted_at = DriftKind(row.kind), row.accepted_at
    counts = {"affected": row.affected, "items": row.items}
    return Drift(
        connection=row.connection,
        record_type=row.record_type,
        property=row.property,
        kind=kind,
        detail="" if kind is DriftKind.WORD_NEW else row.detail,
        **counts,
        state=DriftState(row.state),
        detected_at=from_timestamp_text(row.detected_at),
        because=row.because,
        accepted_at=None if accepted_at is None else from_timestamp_text(accepted_at),
        message=PropertyDrift(property=row.property, kind=kind, detail=row.detail, **counts).message(),
    )


def accept_drift(
    database: SharedDatabase,
    connection: str,
    name: str,
    *,
    because: str,
    record_type: type[Record] | str | None = None,
) -> list[str]:
    """Accept all that a source sends otherwise of a property; the next run takes it and learns anew.

    Args:
        database: the shared database.
        connection: name of the connection.
        name: name of the property, as `drifts` gives it.
        because: why it is right so; it is stored.
        record_type: only the source of this record type, a class or its name; None: all of the connection.

    Returns:
        The record types whose source it was.

    Raises:
        UsageMistake: there is no reason, or the connection or record type is unknown.
        NotFound: nothing of this property is otherwise; nothing was changed.
    """
    if not because.strip():
        raise UsageMistake("drift.no_reason")
    now = to_timestamp_text(SystemClock().now())
    type_name = record_type_name(record_type)
    record_types = () if type_name is None else (type_name,)
    with database.writing() as opened:
        require_connection(opened, connection, drift)
        accepted = accept_drifts(opened, connection, record_types, name, because.strip(), now)
    if not accepted:
        raise NotFound("drift.none_of_property", connection=connection, property=name)
    return accepted
