"""The change feed: every version of every record, in the order in which it was committed."""

import time
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection, RowMapping, func, select

from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import change

POLL_S = 1.0
"""How soon a reader that follows the feed looks again after it found nothing new."""


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


def follow(
    database: SharedDatabase,
    after: int = 0,
    *,
    record_types: Sequence[str] = (),
    is_stopping: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[RowMapping]:
    """Yield changes with a sequence above `after`, in order, and go on with those to come until it is stopping.

    No transaction is open while a change is with the caller, who may take any time. Whoever stores the sequence
    of the last change it dealt with, and begins there again, gets each change at least once.
    """
    while not is_stopping():
        with database.reading() as connection:
            end = last_sequence(connection)
            found = changes(connection, after, record_types=record_types)
        yield from found
        after = found[-1]["sequence"] if found else max(after, end)
        if not found:
            sleep(POLL_S)


def last_sequence(connection: Connection) -> int:
    """Return the sequence of the latest change, 0 where there is none."""
    return connection.execute(select(func.max(change.c.sequence))).scalar() or 0
