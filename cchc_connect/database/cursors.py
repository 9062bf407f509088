"""How far each stream was read, and why one is held."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from cchc_connect.adapter import Order
from cchc_connect.database.bulk import upsert
from cchc_connect.database.instants import instant, stamp
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import cursor
from cchc_connect.errors import CchcError, Retriable


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """How far a stream was read; it is committed with the page it belongs to."""

    watermark: datetime | None = None
    """The latest change time a completed pass saw at the source; never a time of our own clock."""
    since: datetime | None = None
    """From when the present pass asks."""
    position: str | None = field(default=None, repr=False)
    """Where the present pass goes on; None between passes."""
    highest: datetime | None = None
    """The latest change time that the present pass may go by; see `sync.high_water`."""
    reading: str | None = None
    """By which mapping and record version the items were read."""


@dataclass(frozen=True, kw_only=True)
class StreamState:
    """What `status` shows of a stream."""

    connection: str
    record_type: str
    partition: str
    watermark: str | None
    page_token: str | None = field(repr=False)
    held_code: str | None
    held_context: Mapping[str, str]
    held_since: str | None
    completed_at: str | None


def read_cursor(connection: Connection, stream: Stream) -> Cursor:
    """Return where the stream stands; a stream never read stands at the beginning."""
    row = connection.execute(select(cursor).where(_of(stream))).one_or_none()
    if row is None:
        return Cursor()
    return Cursor(
        watermark=_instant(row.watermark),
        since=_instant(row.pass_since),
        position=row.page_token,
        highest=_instant(row.checkpoint),
        reading=row.translation_key,
    )


def write_cursor(connection: Connection, stream: Stream, at: Cursor, completed_at: datetime | None = None) -> None:
    """Store where the stream stands now; an answer that made sense ends a hold."""
    values: dict[str, str | None] = {
        "watermark": _stamp(at.watermark),
        "pass_since": _stamp(at.since),
        "page_token": at.position,
        "checkpoint": _stamp(at.highest),
        "translation_key": at.reading,
        "held_code": None,
        "held_context": None,
        "held_since": None,
    }
    if completed_at is not None:
        values["completed_at"] = stamp(completed_at)
    _upsert(connection, stream, values)


def hold(connection: Connection, stream: Stream, reason: CchcError, now: datetime, order: Order = Order.NONE) -> None:
    """Write down why the stream is not read.

    A pass in its middle goes on where it was once the source can be reached again (`Retriable`); after an
    answer that could not be believed it begins anew, from the watermark. That stays where it was, unless the
    source lists the oldest change first: then what was read so far need not be read again.
    """
    context = json.dumps({name: str(value) for name, value in reason.context.items()}, ensure_ascii=False)
    row = connection.execute(select(cursor).where(_of(stream))).one_or_none()
    held_since = stamp(now) if row is None or row.held_since is None else row.held_since
    values: dict[str, str | None] = {"held_code": reason.code, "held_context": context, "held_since": held_since}
    if not isinstance(reason, Retriable):
        values |= {"page_token": None, "checkpoint": None, "pass_since": None}
        if order is Order.ASCENDING and row is not None and row.checkpoint is not None:
            values["watermark"] = max(row.checkpoint, row.watermark or row.checkpoint)
    _upsert(connection, stream, values)


def stream_states(connection: Connection) -> list[StreamState]:
    """Return every stream that was ever asked for, by connection and record type."""
    rows = connection.execute(select(cursor).order_by(cursor.c.connection, cursor.c.record_type, cursor.c.partition))
    return [
        StreamState(
            connection=row.connection,
            record_type=row.record_type,
            partition=row.partition,
            watermark=row.watermark,
            page_token=row.page_token,
            held_code=row.held_code,
            held_context=json.loads(row.held_context or "{}"),
            held_since=row.held_since,
            completed_at=row.completed_at,
        )
        for row in rows
    ]


def _upsert(connection: Connection, stream: Stream, values: Mapping[str, str | None]) -> None:
    place = {"connection": stream.connection, "record_type": stream.record_type, "partition": stream.partition}
    upsert(connection, cursor, place, values)


def _of(stream: Stream) -> ColumnElement[bool]:
    return (
        (cursor.c.connection == stream.connection)
        & (cursor.c.record_type == stream.record_type)
        & (cursor.c.partition == stream.partition)
    )


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment)


def _instant(stored: str | None) -> datetime | None:
    return None if stored is None else instant(stored)
