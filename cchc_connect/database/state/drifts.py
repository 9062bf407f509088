"""Reads what sources send otherwise than before, and accepts it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from cchc_connect.clock import SystemClock, from_timestamp_text, to_timestamp_text
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.source_properties import DriftKind, DriftState, accept_drifts
from cchc_connect.database.tables import drift
from cchc_connect.errors import NotFound, UsageMistake
from cchc_connect.messages import Message


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
    """Yield what sources send otherwise than before: of one connection, or of all.

    Args:
        database: the shared database.
        connection: name of the connection; None: all.
        include_accepted: also what was accepted.
    """
    query = select(drift).order_by(drift.c.connection, drift.c.record_type, drift.c.property, drift.c.kind)
    if connection is not None:
        query = query.where(drift.c.connection == connection)
    if not include_accepted:
        query = query.where(drift.c.state != DriftState.ACCEPTED)
    with database.reading() as opened:
        rows = opened.execute(query).all()
    for row in rows:
        accepted_at, kind = row.accepted_at, DriftKind(row.kind)
        context = {"property": row.property, "detail": row.detail, "affected": row.affected, "items": row.items}
        yield Drift(
            connection=row.connection,
            record_type=row.record_type,
            property=row.property,
            kind=kind,
            detail="" if kind is DriftKind.WORD_NEW else row.detail,
            affected=row.affected,
            items=row.items,
            state=DriftState(row.state),
            detected_at=from_timestamp_text(row.detected_at),
            because=row.because,
            accepted_at=None if accepted_at is None else from_timestamp_text(accepted_at),
            message=Message(f"drift_change.{kind}", context),
        )


def accept_drift(
    database: SharedDatabase, connection: str, name: str, *, because: str, record_type: str | None = None
) -> list[str]:
    """Accept all that a source sends otherwise of a property; the next run takes it and learns anew.

    Args:
        database: the shared database.
        connection: name of the connection.
        name: name of the property, as `drifts` gives it.
        because: why it is right so; it is stored.
        record_type: only the source of this record type; None: all of the connection.

    Returns:
        The record types whose source it was.

    Raises:
        UsageMistake: there is no reason.
        NotFound: nothing of this property is otherwise; nothing was changed.
    """
    if not because.strip():
        raise UsageMistake("drift.no_reason")
    now = to_timestamp_text(SystemClock().now())
    record_types = () if record_type is None else (record_type,)
    with database.writing() as opened:
        accepted = accept_drifts(opened, connection, record_types, name, because.strip(), now)
    if not accepted:
        raise NotFound("drift.none_of_property", connection=connection, property=name)
    return accepted
