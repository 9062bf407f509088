"""The change feed: every version of every record, in commit order."""

import time
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection, RowMapping, func, select

from cchc_connect.database.maintenance import require_not_purged
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import change

POLL_INTERVAL_S = 1.0
"""Seconds between two queries of a reader that follows the feed, while there is nothing new."""


def changes(
    connection: Connection, after: int = 0, *, record_types: Sequence[str] = (), limit: int = 1000
) -> list[RowMapping]:
    """Return changes with a sequence above `after`, in order; of all record types where none is named.

    A write transaction assigns sequences under the write lock, so they are committed in order on both databases,
    and a reader that continues after the last sequence it saw misses nothing.
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
    accept_purged: bool = False,
    is_stopping: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[RowMapping]:
    """Yield changes with a sequence above `after`, in order, then new ones as they come, until `is_stopping()`.

    No transaction is open while the caller handles a change, which may take any time. A caller that stores the
    sequence of the last change it handled, and starts again there, gets each change at least once. With
    `accept_purged` it gets what is left where a purge deleted versions: of each record at least the latest.

    Raises:
        NotFound: versions after `after` were purged, and `accept_purged` is not set.
    """
    mark = None
    while not is_stopping():
        with database.reading() as connection:
            if not accept_purged:
                mark = require_not_purged(connection, after, mark)
            end = last_sequence(connection)
            new = changes(connection, after, record_types=record_types)
        yield from new
        after = new[-1]["sequence"] if new else max(after, end)
        if not new:
            sleep(POLL_INTERVAL_S)


def last_sequence(connection: Connection) -> int:
    """Return the sequence of the latest change, 0 where there is none."""
    return connection.execute(select(func.max(change.c.sequence))).scalar() or 0
