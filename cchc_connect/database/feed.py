"""The change feed: every version of every record, in the order in which it was committed."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, func, select

from cchc_connect.database.tables import change


def changes(
    connection: Connection, after: int = 0, *, record_types: Sequence[str] = (), limit: int = 1000
) -> list[RowMapping]:
    """Return changes with a sequence above `after`, in order; all record types where none is named.

    A transaction that writes has the database to itself and counts sequences under its lock, so they are
    committed in order, on either database, and a reader that goes on from the last one it saw misses nothing.
    """
    statement = select(change).where(change.c.sequence > after).order_by(change.c.sequence).limit(limit)
    if record_types:
        statement = statement.where(change.c.record_type.in_(record_types))
    return list(connection.execute(statement).mappings())


def last_sequence(connection: Connection) -> int:
    """Return the sequence of the latest change, 0 where there is none."""
    return connection.execute(select(func.max(change.c.sequence))).scalar() or 0
