"""Rows that a purge deletes: what nothing needs any more, once it is old enough.

Never deleted are: records and the latest version of each; versions that a route has not read yet or that a message not
delivered yet holds; waiting messages; the last delivered message of each record, which tells a target that it has the
record; and the latest finished run. The audit log has a purge of its own (`audit.retention`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, exists, func, select, tuple_

from cchc_connect.database.maintenance import Mark, MarkName, read_mark, write_mark
from cchc_connect.database.outbox.deliveries import DeliveryState
from cchc_connect.database.reading.discrepancies import DiscrepancyState
from cchc_connect.database.state.source_properties import DriftState
from cchc_connect.database.tables import (
    change,
    correction_event,
    correction_request,
    delivery,
    discrepancy,
    drift,
    quarantine,
    route,
    run,
    run_counter,
)

PURGE_BATCH_SIZE = 500
"""Rows that one transaction deletes, or versions whose predecessors it deletes."""


@dataclass(frozen=True, kw_only=True)
class OldRows:
    """Rows of one table that may be deleted."""

    table: Table
    condition: ColumnElement[bool]

    def count(self, connection: Connection) -> int:
        """Return how many rows there are."""
        return connection.execute(select(func.count()).select_from(self.table).where(self.condition)).scalar_one()

    def keys(self, connection: Connection, after: Row[Any] | None) -> Sequence[Row[Any]]:
        """Return the primary keys of the next rows in key order, after the key `after`."""
        columns = list(self.table.primary_key.columns)
        query = select(*columns).where(self.condition).order_by(*columns).limit(PURGE_BATCH_SIZE)
        if after is not None:
            query = query.where(tuple_(*columns) > tuple_(*after))
        return connection.execute(query).all()

    def delete(self, connection: Connection, keys: Sequence[Row[Any]]) -> int:
        """Delete the rows with these keys; return their number. Counters go with a run, events with a request."""
        columns = tuple_(*self.table.primary_key.columns)
        if self.table is run:
            run_ids = [key.run_id for key in keys]
            connection.execute(delete(run_counter).where(run_counter.c.run_id.in_(run_ids)))
            connection.execute(delete(drift).where(drift.c.run_id.in_(run_ids), drift.c.state == DriftState.TOLD))
        if self.table is correction_request:
            is_event = correction_event.c.request.in_([key.id for key in keys])
            connection.execute(delete(correction_event).where(is_event))
        connection.execute(delete(self.table).where(columns.in_([tuple(key) for key in keys])))
        return len(keys)


def old_runs(before: str) -> OldRows:
    """Return the runs that started before an instant; `status` shows the latest finished one, which is kept."""
    latest = select(run.c.run_id).where(run.c.finished_at.is_not(None)).order_by(run.c.started_at.desc()).limit(1)
    latest_id = func.coalesce(latest.scalar_subquery(), "")
    return OldRows(table=run, condition=(run.c.started_at < before) & (run.c.run_id != latest_id))


def old_deliveries(before: str) -> OldRows:
    """Return delivered messages with a later delivered one of their record, and dead letters that are outdated."""
    later, newest = delivery.alias(), change.alias()
    is_replaced = exists().where(
        later.c.route == delivery.c.route,
        later.c.record_key == delivery.c.record_key,
        later.c.state == DeliveryState.DELIVERED,
        later.c.record_type == delivery.c.record_type,
        later.c.sequence > delivery.c.sequence,
    )
    is_outdated = exists().where(
        newest.c.record_type == delivery.c.record_type,
        newest.c.record_key == delivery.c.record_key,
        newest.c.sequence > delivery.c.sequence,
        newest.c.changed_at < before,
    )
    is_old = func.coalesce(delivery.c.finished_at, "") < before
    delivered = (delivery.c.state == DeliveryState.DELIVERED) & is_replaced
    dead = delivery.c.state.in_((DeliveryState.DEAD, DeliveryState.NOT_GRANTED)) & is_outdated
    return OldRows(table=delivery, condition=is_old & (delivered | dead))


def old_quarantine_entries(before: str) -> OldRows:
    """Return the entries that were resolved before an instant."""
    return OldRows(table=quarantine, condition=quarantine.c.resolved_at < before)


def old_discrepancies(before: str) -> OldRows:
    """Return the discrepancies that ended before an instant."""
    has_ended = discrepancy.c.state == DiscrepancyState.ENDED
    return OldRows(table=discrepancy, condition=has_ended & (discrepancy.c.resolved_at < before))


def old_correction_requests(before: str) -> OldRows:
    """Return the requests that were closed before an instant; the latest is kept, so that no number is used again."""
    latest = select(func.max(correction_request.c.id)).scalar_subquery()
    condition = (correction_request.c.closed_at < before) & (correction_request.c.id != latest)
    return OldRows(table=correction_request, condition=condition)


def history_limit(connection: Connection, routes: Collection[str]) -> tuple[int, str | None]:
    """Return the highest sequence whose predecessors may be purged, and the route that holds it back, if any.

    It is the last sequence that every one of the `routes` has read; one that never read has read nothing.
    """
    end = connection.execute(select(func.max(change.c.sequence))).scalar() or 0
    read = {row.name: row.last_sequence for row in connection.execute(select(route.c.name, route.c.last_sequence))}
    slowest = min(routes, key=lambda name: read.get(name, 0), default=None)
    if slowest is None or read.get(slowest, 0) >= end:
        return end, None
    return read.get(slowest, 0), slowest


def count_old_versions(connection: Connection, before: str, limit: int) -> int:
    """Return how many versions were replaced before an instant, by a version up to the sequence `limit`."""
    later = change.alias()
    is_replaced = exists().where(
        later.c.record_type == change.c.record_type,
        later.c.record_key == change.c.record_key,
        later.c.sequence > change.c.sequence,
        later.c.sequence <= limit,
        later.c.changed_at < before,
    )
    counted = select(func.count()).select_from(change).where(is_replaced & ~_is_in_undelivered_message(connection))
    return connection.execute(counted).scalar_one()


def purge_versions(connection: Connection, before: str, limit: int, now: str) -> int | None:
    """Delete the predecessors of the next versions that were stored before an instant; None at the end.

    It continues where the last call stopped, so that a purge reads only what was written since the one before: a
    version becomes superfluous when a later version of its record is old enough, and the later ones are read in order.
    Return how many versions were deleted.
    """
    scan, history = read_mark(connection, MarkName.HISTORY_SCAN), read_mark(connection, MarkName.HISTORY)
    start = scan.sequence if scan else 0
    columns = (change.c.sequence, change.c.record_type, change.c.record_key, change.c.version, change.c.changed_at)
    following = select(*columns).where(change.c.sequence > start, change.c.sequence <= limit)
    rows = connection.execute(following.order_by(change.c.sequence).limit(PURGE_BATCH_SIZE)).all()
    old = [row for row in rows if row.changed_at < before]
    if not old:
        return None
    deletable, deleted, instants = ~_is_in_undelivered_message(connection), list[int](), list[str]()
    for row in old:
        if row.version > 1:
            of_record = (change.c.record_type == row.record_type) & (change.c.record_key == row.record_key)
            statement = delete(change).where(of_record & (change.c.sequence < row.sequence) & deletable)
            sequences = connection.execute(statement.returning(change.c.sequence)).scalars().all()
            deleted += sequences
            instants += [row.changed_at] if sequences else []
    write_mark(connection, MarkName.HISTORY_SCAN, Mark(done_at=now, sequence=old[-1].sequence))
    if deleted:
        highest = max([*deleted, history.sequence if history else 0])
        since = max([*instants, (history and history.instant) or ""])
        write_mark(connection, MarkName.HISTORY, Mark(done_at=now, sequence=highest, instant=since))
    return len(deleted)


def _is_in_undelivered_message(connection: Connection) -> ColumnElement[bool]:
    """Return the condition that a version is in a message which is not delivered; by route, as its key begins so."""
    routes = connection.execute(select(route.c.name)).scalars().all()
    is_open = delivery.c.route.in_(routes) & (delivery.c.state != DeliveryState.DELIVERED)
    return exists().where(is_open, delivery.c.sequence == change.c.sequence)
