"""Absences: items that a complete listing lacked once, and how much of a source is missing or was just deleted.

An item is deleted when a second complete listing, in a later run, lacks it too. What may be deleted is counted over all
partitions of a connection and record type, and with what was deleted lately.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, select

from cchc_connect.database.bulk import batches, upsert_rows
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import DELETE, absence, change, claim


def stored_absences(connection: Connection, stream: Stream) -> dict[str, str]:
    """Return the items of a stream that are missing and wait: source key -> when that was noticed (UTC, as stored)."""
    rows = connection.execute(select(absence.c.source_key, absence.c.noticed_at).where(_of_stream(stream)))
    return {row.source_key: row.noticed_at for row in rows}


def store_absences(
    connection: Connection, stream: Stream, source_keys: Sequence[str], noticed_at: str, snapshot: str
) -> None:
    """Store that items are missing from a complete listing; `snapshot` is its state, "" without one."""
    identity = (stream.connection, stream.record_type, stream.partition)
    upsert_rows(connection, absence, [(*identity, key, noticed_at, snapshot or None) for key in source_keys])


def absences_of_snapshot(connection: Connection, stream: Stream, snapshot: str) -> set[str]:
    """Return the source keys of items that were missing from a listing of the same state."""
    of_snapshot = select(absence.c.source_key).where(_of_stream(stream) & (absence.c.snapshot == snapshot))
    return set(connection.execute(of_snapshot).scalars())


def remove_absences(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> None:
    """Remove absences: the items were listed again, or are deleted."""
    for batch in batches(source_keys):
        connection.execute(delete(absence).where(_of_stream(stream) & absence.c.source_key.in_(batch)))


def missing_elsewhere(
    connection: Connection, stream: Stream, partitions: Collection[str], accepted_at: str | None
) -> int:
    """Return how many items are missing in the source's other partitions, without those accepted by an operator."""
    of_source = (absence.c.connection == stream.connection) & (absence.c.record_type == stream.record_type)
    elsewhere = [partition for partition in partitions if partition != stream.partition]
    is_counted = of_source & absence.c.partition.in_(elsewhere) & (absence.c.noticed_at > (accepted_at or ""))
    return connection.execute(select(func.count()).select_from(absence).where(is_counted)).scalar_one()


def live_items(connection: Connection, stream: Stream) -> int:
    """Return how many items of a connection and record type are in the database, over all partitions."""
    table = record_table(stream.record_type)
    owned = (table.c.connection == stream.connection) & table.c.deleted_at.is_(None)
    claimed = (claim.c.record_type == stream.record_type) & (claim.c.connection == stream.connection)
    counts = (select(func.count()).select_from(table).where(owned), select(func.count()).where(claimed))
    return sum(connection.execute(count).scalar_one() for count in counts)


def deleted_items(connection: Connection, stream: Stream, since: str) -> int:
    """Return how many records of a connection and record type were deleted after `since` and still are.

    A record that was renumbered, or listed again, does not count. `since` is UTC, as stored.
    """
    table = record_table(stream.record_type)
    is_deleted = (table.c.connection == stream.connection) & (table.c.deleted_at > since)
    latest = table.join(change, change.c.sequence == table.c.sequence)
    count = select(func.count()).select_from(latest).where(is_deleted & (change.c.operation == DELETE))
    return connection.execute(count).scalar_one()


def _of_stream(stream: Stream) -> ColumnElement[bool]:
    return (
        (absence.c.connection == stream.connection)
        & (absence.c.record_type == stream.record_type)
        & (absence.c.partition == stream.partition)
    )
