"""Freshness of streams (độ cập nhật của dữ liệu): in which intervals each was due, complete and held.

An interval is closed when the state changes, so that each second of a year can be judged afterwards; a look at the
moment of a report would flatter. Instants are whole seconds since 1970 (UTC); a fraction of a second is cut off.

- `due`: the stream is expected to be read: from the first attempt on, as long as its connection lists it.
- `complete`: from a complete pass (`since`) to the last one (`until`) that came while the data was fresh still. The row
  says until when the data is fresh, until when it is within the SLA, and from when on it breaches it, by what
  `cchc.toml` said then.
- `held`: the stream waits for somebody, as what the source sent was not taken. A source that cannot be reached is not
  held; its data grows old.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, select, update

from cchc_connect.database.state.freshness_state import FreshnessLimits, FreshnessState
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import freshness

LimitsOf = Callable[[int], FreshnessLimits]
"""Returns the limits of data that was complete at an instant."""

Listing = tuple[str, str]
"""Record type and partition."""


class DueChanges(NamedTuple):
    """How the streams of a connection differ from what is stored of them."""

    new: Collection[Listing]
    gone: Collection[Listing]
    limits: Mapping[Listing, FreshnessLimits]
    """New limits of the last complete pass, where `cchc.toml` says something else than before."""


def due_changes(
    connection: Connection, name: str, listings: Collection[Listing], limits_of: LimitsOf
) -> DueChanges | None:
    """Return how the listings of the connection `name` differ from its streams that are due; None if they do not."""
    of_connection = select(freshness).where(freshness.c.connection == name)
    rows = connection.execute(of_connection.order_by(freshness.c.since)).all()
    due = {(row.record_type, row.partition) for row in rows if row.state == FreshnessState.DUE and row.until is None}
    last = {(row.record_type, row.partition): row for row in rows if row.state == FreshnessState.COMPLETE}
    limits = {
        listing: new
        for listing, row in last.items()
        if (new := limits_of(row.until)) != (row.fresh_until, row.within_until, row.breach_from)
    }
    changes = DueChanges(sorted(set(listings) - due), sorted(due - set(listings)), limits)
    return changes if any(changes) else None


def store_due_changes(connection: Connection, name: str, changes: DueChanges, now: datetime) -> None:
    """Store which streams of a connection are due from now on, and which no longer."""
    at = _seconds(now)
    for record_type, partition in changes.gone:
        _close(connection, _of(name, record_type, partition), FreshnessState.DUE, at)
    for record_type, partition in changes.new:
        _open(connection, (name, record_type, partition), FreshnessState.DUE, at)
    for (record_type, partition), limits in changes.limits.items():
        last = _last_complete(connection, _of(name, record_type, partition))
        if last is not None:
            is_row = _of(name, record_type, partition) & (freshness.c.since == last.since)
            is_row &= freshness.c.state == FreshnessState.COMPLETE
            connection.execute(update(freshness).where(is_row).values(limits._asdict()))


def store_complete(connection: Connection, stream: Stream, now: datetime, limits_of: LimitsOf) -> None:
    """Store that a stream was read completely; what was fresh until now is one interval."""
    at = _seconds(now)
    of_stream = _of_stream(stream)
    last = _last_complete(connection, of_stream)
    limits = limits_of(at)
    if last is not None and last.since <= at < min(last.fresh_until, last.within_until):
        is_row = of_stream & (freshness.c.state == FreshnessState.COMPLETE) & (freshness.c.since == last.since)
        connection.execute(update(freshness).where(is_row).values(until=at, **limits._asdict()))
    elif last is None or last.since < at:  # a clock that was set back tells nothing new
        values = {**_keys(stream), "state": FreshnessState.COMPLETE.value, "since": at, "until": at}
        connection.execute(freshness.insert().values(**values, **limits._asdict()))


def begin_held(connection: Connection, stream: Stream, now: datetime) -> None:
    """Store that a stream is held from now on, if it is not held already."""
    is_open = _of_stream(stream) & (freshness.c.state == FreshnessState.HELD) & freshness.c.until.is_(None)
    if connection.execute(select(freshness.c.since).where(is_open)).first() is None:
        names = (stream.connection, stream.record_type, stream.partition)
        _open(connection, names, FreshnessState.HELD, _seconds(now))


def end_held(connection: Connection, stream: Stream, now: datetime) -> None:
    """Store that a stream is held no longer, if it was."""
    _close(connection, _of_stream(stream), FreshnessState.HELD, _seconds(now))


def _open(connection: Connection, names: tuple[str, str, str], state: FreshnessState, at: int) -> None:
    """Open an interval; one that was closed in the same second goes on."""
    is_row = _of(*names) & (freshness.c.state == state) & (freshness.c.since == at)
    if connection.execute(update(freshness).where(is_row).values(until=None)).rowcount:
        return
    name, record_type, partition = names
    values = {"connection": name, "record_type": record_type, "partition": partition, "state": state.value}
    connection.execute(freshness.insert().values(**values, since=at))


def _close(connection: Connection, of_stream: ColumnElement[bool], state: FreshnessState, at: int) -> None:
    is_open = of_stream & (freshness.c.state == state) & freshness.c.until.is_(None)
    connection.execute(update(freshness).where(is_open).values(until=at))


def _last_complete(connection: Connection, of_stream: ColumnElement[bool]) -> Row[Any] | None:
    is_complete = of_stream & (freshness.c.state == FreshnessState.COMPLETE)
    return connection.execute(select(freshness).where(is_complete).order_by(freshness.c.since.desc()).limit(1)).first()


def _keys(stream: Stream) -> dict[str, str]:
    return {"connection": stream.connection, "record_type": stream.record_type, "partition": stream.partition}


def _of_stream(stream: Stream) -> ColumnElement[bool]:
    return _of(stream.connection, stream.record_type, stream.partition)


def _of(name: str, record_type: str, partition: str) -> ColumnElement[bool]:
    return (
        (freshness.c.connection == name)
        & (freshness.c.record_type == record_type)
        & (freshness.c.partition == partition)
    )


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp() // 1)
