"""Gives a renamed connection everything that its former name has, and takes a removed one out of the database.

A name stands in many tables: in the rows that a connection owns, in their history, and in what it claims, reads, holds
and pauses. All of it is moved in the transaction of the caller, or nothing.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, update

from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.state.connections import RELEASED_MARK, StoredConnection, stored_connections
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import (
    absence,
    change,
    circuit_breaker,
    claim,
    correction_request,
    cursor,
    discrepancy,
    drift,
    freshness,
    maintenance,
    quarantine,
    rate_limit,
    route,
    source_property,
)
from cchc_connect.database.writing.claims import delete_claims
from cchc_connect.database.writing.discrepancies import update_discrepancies
from cchc_connect.database.writing.incoming import PageBatch, WriteContext
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.errors import UsageMistake
from cchc_schemas import RECORD_TYPES

RECORD_BATCH_SIZE = 5000
"""Records that one transaction passes on or marks as deleted."""

NAMED = (
    change.c.connection,
    claim.c.connection,
    correction_request.c.connection,
    discrepancy.c.connection,
    discrepancy.c.owner,
    quarantine.c.connection,
)
"""Columns that hold a connection's name, apart from the record tables and those of `STATES` and `route`."""

STATES = (absence, cursor, circuit_breaker, drift, freshness, rate_limit, source_property)
"""What a run keeps of a connection; under the new name a mere hold or pause may stand, which is replaced."""


def rename_rows(connection: Connection, old: str, new: str) -> StoredConnection:
    """Give everything of the connection `old` to `new`; return what was moved, nothing if `old` has nothing.

    Raises:
        UsageMistake: `new` has rows, claims or listings of its own already, which would be mixed up.
    """
    stored = stored_connections(connection)
    moved = stored.get(old, StoredConnection())
    if old not in stored:
        return moved
    if stored.get(new, StoredConnection()).has_state:
        raise UsageMistake("connection.new_name_has_state", old=old, new=new, records=stored[new].owned)
    for table in STATES:
        connection.execute(delete(table).where(table.c.connection == new))
        connection.execute(update(table).where(table.c.connection == old).values(connection=new))
    columns = [*NAMED, *(record_table(record_type).c.connection for record_type in RECORD_TYPES)]
    for column in columns:
        connection.execute(update(column.table).where(column == old).values({column.name: new}))
    connection.execute(update(route).where(route.c.receiver == old).values(receiver=new))
    forget_removal(connection, new)
    return moved


def release_records(connection: Connection, name: str, now: str) -> None:
    """Remember that a connection is removed: its records pass to whoever sends them next."""
    upsert_row(connection, maintenance, {"name": f"{RELEASED_MARK}{name}"}, {"done_at": now, "sequence": 0})


def forget_removal(connection: Connection, name: str) -> None:
    """Forget that a connection was removed."""
    connection.execute(delete(maintenance).where(maintenance.c.name == f"{RELEASED_MARK}{name}"))


def next_owned(connection: Connection, stream: Stream, after: str) -> list[tuple[str, str]]:
    """Return record key and source key of the next live records of a stream, in the order of the record keys."""
    table = record_table(stream.record_type)
    owned = (table.c.connection == stream.connection) & table.c.deleted_at.is_(None) & (table.c.record_key > after)
    columns = select(table.c.record_key, table.c.source_key).where(owned).order_by(table.c.record_key)
    return [(row.record_key, row.source_key) for row in connection.execute(columns.limit(RECORD_BATCH_SIZE))]


def mark_deleted(
    connection: Connection, stream: Stream, source_keys: Sequence[str], write_context: WriteContext
) -> int:
    """Mark records as deleted; those that another connection sends too become its own. Return how many."""
    return write_page(connection, stream, PageBatch(deleted_keys=source_keys), write_context).deleted


def remove_state(connection: Connection, name: str, write_contexts: Sequence[tuple[Stream, WriteContext]]) -> None:
    """Delete claims, cursors and pauses of a connection, and close its quarantine entries and discrepancies."""
    for stream, write_context in write_contexts:
        of_stream = (claim.c.connection == name) & (claim.c.record_type == stream.record_type)
        source_keys = list(connection.execute(select(claim.c.source_key).where(of_stream)).scalars())
        concerned = delete_claims(connection, stream, source_keys)
        update_discrepancies(connection, stream.record_type, concerned, write_context.owners, write_context.now)
        is_open = (quarantine.c.connection == name) & quarantine.c.resolved_at.is_(None)
        closed = {"resolved_at": write_context.now, "item": None}
        connection.execute(update(quarantine).where(is_open).values(closed))
    for table in STATES:
        connection.execute(delete(table).where(table.c.connection == name))
