"""Cursors: how far each stream (connection, record type, partition) was read, and why a stream is on hold."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from cchc_connect.adapter import ListingOrder
from cchc_connect.clock import from_timestamp_text, to_timestamp_text
from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.state.cursor import Cursor
from cchc_connect.database.state.freshness import begin_held, end_held
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import cursor
from cchc_connect.errors import CchcError, Retriable
from cchc_connect.messages import Message
from cchc_connect.messages.stored import stored_context

_COMPLETE: Mapping[str, None] = MappingProxyType(
    dict.fromkeys(("incomplete_code", "incomplete_context", "incomplete_since"))
)
"""Columns of a stream whose last pass was complete."""


@dataclass(frozen=True, kw_only=True)
class StreamState:
    """State of a stream as `status` shows it; instants are UTC text, as stored."""

    connection: str
    record_type: str
    partition: str
    watermark: str | None
    page_token: str | None = field(repr=False)
    held_code: str | None
    held_context: Mapping[str, Any]
    """Values of the message `held_code`, as stored; `render_message` takes them."""
    held_since: str | None
    completed_at: str | None


def read_cursor(connection: Connection, stream: Stream) -> Cursor:
    """Return the cursor of a stream; a stream that was never read has an empty one."""
    row = connection.execute(select(cursor).where(_of_stream(stream))).one_or_none()
    if row is None:
        return Cursor()
    return Cursor(
        watermark=_optional_instant(row.watermark),
        pass_since=_optional_instant(row.pass_since),
        page_token=row.page_token,
        checkpoint=_optional_instant(row.checkpoint),
        pass_shown=row.pass_shown or 0,
        translation_key=row.translation_key,
    )


def write_cursor(
    connection: Connection, stream: Stream, new_cursor: Cursor, completed_at: datetime | None = None
) -> None:
    """Store the cursor of a stream and end its hold, as its last response was plausible.

    With `completed_at`, the end of a complete pass, the stream is no longer incomplete.
    """
    values: dict[str, str | int | None] = {
        "watermark": _optional_text(new_cursor.watermark),
        "pass_since": _optional_text(new_cursor.pass_since),
        "page_token": new_cursor.page_token,
        "checkpoint": _optional_text(new_cursor.checkpoint),
        "pass_shown": new_cursor.pass_shown,
        "translation_key": new_cursor.translation_key,
        "held_code": None,
        "held_context": None,
        "held_since": None,
    }
    if completed_at is not None:
        values |= {"completed_at": to_timestamp_text(completed_at), **_COMPLETE}
    _upsert(connection, stream, values)


def mark_incomplete(connection: Connection, stream: Stream, reason: Message, now: datetime) -> None:
    """Store why the last pass of a stream is not complete; the next complete one ends that."""
    row = connection.execute(select(cursor.c.incomplete_since).where(_of_stream(stream))).one_or_none()
    since = None if row is None else row.incomplete_since
    values = {
        "incomplete_code": reason.code,
        "incomplete_context": json.dumps(stored_context(reason.context), ensure_ascii=False),
        "incomplete_since": since or to_timestamp_text(now),
    }
    _upsert(connection, stream, values)


def accept_shrink(connection: Connection, stream: Stream, now: str) -> None:
    """Store that an operator accepted now (UTC, as stored) what is missing from the listing."""
    _upsert(connection, stream, {"shrink_accepted_at": now})


def shrink_accepted_at(connection: Connection, stream: Stream) -> str | None:
    """Return when an operator last accepted a shrink of any partition (UTC, as stored); None if never."""
    of_source = (cursor.c.connection == stream.connection) & (cursor.c.record_type == stream.record_type)
    accepted: str | None = connection.execute(select(func.max(cursor.c.shrink_accepted_at)).where(of_source)).scalar()
    return accepted


def hold(
    connection: Connection, stream: Stream, reason: CchcError, now: datetime, order: ListingOrder = ListingOrder.NONE
) -> None:
    """Put a stream on hold, with the reason.

    After a `Retriable` reason an unfinished pass continues at its page token once the source can be reached again.
    After any other reason, such as an implausible response, the pass restarts at the watermark. The watermark stays,
    unless the source lists the oldest change first: then it moves to the checkpoint, so that what was read is not read
    again.
    """
    context = json.dumps(stored_context(reason.context), ensure_ascii=False)
    row = connection.execute(select(cursor).where(_of_stream(stream))).one_or_none()
    held_since = to_timestamp_text(now) if row is None or row.held_since is None else row.held_since
    values: dict[str, str | int | None] = {
        "held_code": reason.code,
        "held_context": context,
        "held_since": held_since,
    }
    if not isinstance(reason, Retriable):
        values |= {"page_token": None, "checkpoint": None, "pass_since": None, "pass_shown": None}
        if order is ListingOrder.ASCENDING and row is not None and row.checkpoint is not None:
            values["watermark"] = max(row.checkpoint, row.watermark or row.checkpoint)
        begin_held(connection, stream, now)
    _upsert(connection, stream, values)


def held_code(connection: Connection, stream: Stream) -> str | None:
    """Return the code of the reason why a stream is on hold; None if it is not."""
    code: str | None = connection.execute(select(cursor.c.held_code).where(_of_stream(stream))).scalar()
    return code


def stored_doubts(connection: Connection, stream: Stream) -> set[str]:
    """Return the codes of why a stream is on hold and why it is incomplete."""
    row = connection.execute(select(cursor.c.held_code, cursor.c.incomplete_code).where(_of_stream(stream))).first()
    return set[str]() if row is None else {code for code in row if code is not None}


def end_hold(connection: Connection, stream: Stream, now: datetime) -> None:
    """End the hold of a stream: its cause was corrected."""
    end_held(connection, stream, now)
    ended = {"held_code": None, "held_context": None, "held_since": None}
    connection.execute(update(cursor).where(_of_stream(stream)).values(ended))


def stream_states(connection: Connection) -> list[StreamState]:
    """Return the state of every stream that was ever requested, by connection, record type and partition."""
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


def _upsert(connection: Connection, stream: Stream, values: Mapping[str, str | int | None]) -> None:
    keys = {"connection": stream.connection, "record_type": stream.record_type, "partition": stream.partition}
    upsert_row(connection, cursor, keys, values)


def _of_stream(stream: Stream) -> ColumnElement[bool]:
    return (
        (cursor.c.connection == stream.connection)
        & (cursor.c.record_type == stream.record_type)
        & (cursor.c.partition == stream.partition)
    )


def _optional_text(moment: datetime | None) -> str | None:
    return None if moment is None else to_timestamp_text(moment)


def _optional_instant(stored: str | None) -> datetime | None:
    return None if stored is None else from_timestamp_text(stored)
