"""The present state of a shared database: its streams, routes, last runs, audit log, discrepancies and quarantine."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cchc_connect.clock import SystemClock, from_timestamp_text, in_vietnam
from cchc_connect.database.audit.chain import EntryNumber
from cchc_connect.database.audit.chains import first_broken_entry
from cchc_connect.database.direct import queries
from cchc_connect.database.direct.connection import DirectConnection, StoredRow
from cchc_connect.database.direct.queries import StreamName
from cchc_connect.database.state.unseen_rules import notes_by_source
from cchc_connect.messages import Message
from cchc_connect.monitoring.freshness import FreshnessNow, read_states
from cchc_connect.monitoring.runs import Run, read_last_finished_run, read_runs

if TYPE_CHECKING:
    from cchc_connect.database.shared_database import SharedDatabase

_NEVER_READ: Mapping[str, Any] = dict.fromkeys(
    ("watermark", "page_token", "held_code", "held_since", "completed_at", "incomplete_code", "incomplete_since")
)


@dataclass(frozen=True, kw_only=True)
class StreamStatus:
    """State of one stream: one listing of a connection and record type."""

    connection: str
    record_type: str
    partition: str
    """Partition of the listing; "" if it has none."""
    watermark: datetime | None
    """Latest change time that a completed pass saw at the source; aware, in UTC."""
    page_token: str | None = field(repr=False)
    """Token of the next page of an unfinished pass."""
    hold: Message | None
    """Why the stream is on hold; None if it is not."""
    held_since: datetime | None
    completed_at: datetime | None
    """End of the last completed pass; aware, in UTC."""
    incomplete: Message | None
    """Why the last pass does not count as complete; None if it does."""
    incomplete_since: datetime | None
    """Since when no pass was complete; aware, in UTC."""
    live: int
    """Records that are not deleted."""
    absent: int
    """Records that are missing from a complete listing, and are deleted if the next one lacks them too."""
    quarantined: int
    """Open quarantine entries."""
    rule_notes: tuple[Message, ...] = ()
    """Rules of the source's field map that find nothing; of the first partition only."""


@dataclass(frozen=True, kw_only=True)
class RouteStatus:
    """State of one route."""

    name: str
    last_sequence: int
    """Last sequence that it has read from the change feed."""
    hold: Message | None
    """Why the route is on hold; None if it is not."""
    waiting: int
    """Messages to be sent."""
    delivered: int
    dead: int
    """Messages that will not be sent again unless somebody queues them: dead letters."""
    not_granted: int
    """Messages with records that the agreement of the route does not reach."""
    not_taken: int
    """Withdrawals that the receiver does not take: it keeps these records, which are deleted here."""


@dataclass(frozen=True, kw_only=True)
class CorrectionCounts:
    """Numbers of correction requests that are not closed."""

    waiting: int = 0
    """Requests that the agency has still to answer."""
    overdue: int = 0
    """Those of them whose last day is over."""
    answered: int = 0
    """Requests that the agency answered, and that nobody closed."""


@dataclass(frozen=True, kw_only=True)
class DatabaseStatus:
    """State of a shared database at one committed state of it."""

    streams: tuple[StreamStatus, ...]
    """By connection, record type and partition."""
    routes: tuple[RouteStatus, ...]
    """By name."""
    last_run: Run | None
    """The latest run that has a report."""
    unfinished_run: Run | None
    """The latest run, if it has no end: it is in progress, or it was interrupted."""
    broken_audit_entry: EntryNumber | None
    """The first audit log entry that does not fit its chain of hashes; None if every one does."""
    open_discrepancies: int
    """Discrepancies that have not ended."""
    overdue_discrepancies: int = 0
    """Those that nobody handled although their last day is over."""
    corrections: CorrectionCounts = CorrectionCounts()
    """Correction requests that are not closed."""
    freshness: tuple[FreshnessNow, ...] = ()
    """How fresh the data of each connection is, by name; none that no run of this version tried to read."""

    @property
    def is_audit_log_intact(self) -> bool:
        """Return whether every entry of the audit log fits its chain; `verify_audit_log` checks the seals too."""
        return self.broken_audit_entry is None

    @property
    def quarantined(self) -> int:
        """Return the number of open quarantine entries."""
        return sum(stream.quarantined for stream in self.streams)


def status(database: "SharedDatabase", *, at: datetime | None = None) -> DatabaseStatus:
    """Return the state of a shared database.

    Args:
        database: the shared database.
        at: instant (aware) at which it is told how fresh the data is, and on whose Vietnamese day what is overdue;
            None: now.

    Raises:
        DatabaseUnusable: the database failed.
    """
    with database.reading_directly() as connection:
        return read_status(connection, at=at)


def read_status(connection: DirectConnection, *, at: datetime | None = None) -> DatabaseStatus:
    """Return the state of the database that `connection` reads, as `status` does."""
    now = at or SystemClock().now()
    day = in_vietnam(now).date().isoformat()
    latest = next(iter(read_runs(connection, 1)), None)
    return DatabaseStatus(
        streams=_streams(connection),
        routes=_routes(connection),
        last_run=read_last_finished_run(connection),
        unfinished_run=latest if latest is not None and latest.finished_at is None else None,
        broken_audit_entry=first_broken_entry(connection),
        open_discrepancies=queries.open_discrepancies(connection),
        overdue_discrepancies=queries.overdue_discrepancies(connection, day),
        corrections=CorrectionCounts(**queries.correction_counts(connection, day)),
        freshness=read_states(connection, now),
    )


def _streams(connection: DirectConnection) -> tuple[StreamStatus, ...]:
    stored = queries.streams(connection)
    live, quarantined = queries.live_counts(connection), queries.quarantine_counts(connection)
    absent, rule_notes = queries.absence_counts(connection), notes_by_source(queries.read_properties(connection))
    return tuple(
        _stream(
            name,
            stored.get(name, _NEVER_READ),
            live=live.get(name, 0),
            absent=absent.get(name, 0),
            quarantined=quarantined.get(name, 0),
            rule_notes=rule_notes.pop(name[:2], ()),
        )
        for name in sorted({*stored, *live, *quarantined})
    )


def _stream(
    name: StreamName,
    row: StoredRow,
    *,
    live: int,
    absent: int,
    quarantined: int,
    rule_notes: tuple[Message, ...] = (),
) -> StreamStatus:
    connection, record_type, partition = name
    return StreamStatus(
        connection=connection,
        record_type=record_type,
        partition=partition,
        watermark=_instant(row["watermark"]),
        page_token=row["page_token"],
        hold=_hold(row),
        held_since=_instant(row["held_since"]),
        completed_at=_instant(row["completed_at"]),
        incomplete=_reason(row["incomplete_code"], row["incomplete_code"] and row["incomplete_context"]),
        incomplete_since=_instant(row["incomplete_since"]),
        live=live,
        absent=absent,
        quarantined=quarantined,
        rule_notes=rule_notes,
    )


def _routes(connection: DirectConnection) -> tuple[RouteStatus, ...]:
    messages = queries.delivery_counts(connection)
    return tuple(
        RouteStatus(
            name=row["name"],
            last_sequence=row["last_sequence"],
            hold=_hold(row),
            waiting=messages.get((row["name"], "waiting"), 0),
            delivered=messages.get((row["name"], "delivered"), 0),
            dead=messages.get((row["name"], "dead"), 0),
            not_granted=messages.get((row["name"], "not_granted"), 0),
            not_taken=messages.get((row["name"], "not_taken"), 0),
        )
        for row in queries.routes(connection)
    )


def _hold(row: StoredRow) -> Message | None:
    return _reason(row["held_code"], row["held_code"] and row["held_context"])


def _reason(code: str | None, context: str | None) -> Message | None:
    return None if code is None else Message(code, json.loads(context or "{}"))


def _instant(stored: str | None) -> datetime | None:
    return None if stored is None else from_timestamp_text(stored)
