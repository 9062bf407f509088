"""The change feed: every version of every record, in commit order."""

import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from sqlalchemy import Connection, RowMapping, func, select

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.maintenance import require_not_purged
from cchc_connect.database.names import record_type_names
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import GONE, change
from cchc_schemas import RECORD_TYPES, Record, from_document

POLL_INTERVAL_S = 1.0
"""Seconds between two queries of a reader that follows the feed, while there is nothing new."""

FEED_BATCH_SIZE = 1000
"""Changes read from the database at a time; memory does not grow with the length of the feed."""

RecordTypes = Collection[type[Record] | str]
"""Record classes, or names of record types."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of one record: its new version, and where it stands in the feed."""

    sequence: int
    """Number in the feed, from 1 on; a reader that continues after the last one it handled misses nothing."""
    record_type: str
    record_key: str
    operation: str
    """`insert`, `update` or `restore`; `delete` or `renumber` if the record ended with this change."""
    version: int
    """Version of the record, from 1 on."""
    changed_at: datetime
    """When the shared database stored it, UTC."""
    valid_from: date | None
    """First day on which it holds in the real world; None where the record does not say."""
    valid_to: date | None
    """Last day on which it holds in the real world."""
    connection: str
    """Connection whose item caused the change."""
    run_id: str
    document: str = field(repr=False)
    """The record as JSON, with personal values."""

    @property
    def is_gone(self) -> bool:
        """True if the record ended with this change."""
        return self.operation in GONE

    @cached_property
    def record(self) -> Record:
        """The record after the change; of one that ended, with its last values. It is made when it is first used.

        Raises:
            RecordInvalid: the document is not one that this program can read.
        """
        return from_document(RECORD_TYPES[self.record_type], json.loads(self.document))


def changes(
    database: SharedDatabase,
    after: int = 0,
    *,
    record_types: RecordTypes = (),
    limit: int | None = None,
    accept_purged: bool = False,
) -> Iterator[Change]:
    """Yield the changes with a sequence above `after`, in commit order, up to the present end of the feed.

    No transaction is open while the caller handles a change, which may take any time.

    Args:
        database: the shared database.
        after: sequence of the last change that the caller handled; 0: from the beginning.
        record_types: record classes or names of record types; empty: all.
        limit: maximum number of changes; None: all.
        accept_purged: read on where a purge deleted versions; what is left has the latest version of each record.

    Raises:
        UsageMistake: there is no such record type, or `record_types` is a single name; raised at the call.
        NotFound: versions after `after` were purged, and `accept_purged` is not set.
    """
    names = record_type_names(record_types)

    def feed() -> Iterator[Change]:
        with database.reading() as connection:
            mark = None if accept_purged else require_not_purged(connection, after)
            end = last_sequence(connection)
        last, remaining = after, limit
        while last < end and remaining != 0:
            size = FEED_BATCH_SIZE if remaining is None else min(remaining, FEED_BATCH_SIZE)
            with database.reading() as connection:
                mark = None if accept_purged else require_not_purged(connection, last, mark)
                rows = change_rows(connection, last, record_types=names, limit=size)
            yield from (_change(row) for row in rows if row["sequence"] <= end)
            last = rows[-1]["sequence"] if len(rows) == size else end
            remaining = None if remaining is None else remaining - len(rows)

    return feed()


def follow(
    database: SharedDatabase,
    after: int = 0,
    *,
    record_types: RecordTypes = (),
    accept_purged: bool = False,
    is_stopping: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[Change]:
    """Yield changes with a sequence above `after`, in order, then new ones as they come, until `is_stopping()`.

    No transaction is open while the caller handles a change, which may take any time. A caller that stores the
    sequence of the last change it handled, and starts again there, gets each change at least once. While there is
    nothing new it calls `sleep` with a second between two queries. Raises as `changes` does.
    """
    names = record_type_names(record_types)

    def feed(after: int) -> Iterator[Change]:
        mark = None
        while not is_stopping():
            with database.reading() as connection:
                mark = None if accept_purged else require_not_purged(connection, after, mark)
                end = last_sequence(connection)
                new = change_rows(connection, after, record_types=names)
            yield from map(_change, new)
            after = new[-1]["sequence"] if new else max(after, end)
            if not new:
                sleep(POLL_INTERVAL_S)

    return feed(after)


def change_rows(
    connection: Connection, after: int = 0, *, record_types: Sequence[str] = (), limit: int = FEED_BATCH_SIZE
) -> list[RowMapping]:
    """Return rows of changes with a sequence above `after`, in order; of all record types where none is named.

    A write transaction assigns sequences under the write lock, so they are committed in order on both databases,
    and a reader that continues after the last sequence it saw misses nothing.
    """
    statement = select(change).where(change.c.sequence > after).order_by(change.c.sequence).limit(limit)
    if record_types:
        statement = statement.where(change.c.record_type.in_(record_types))
    return list(connection.execute(statement).mappings())


def last_sequence(connection: Connection) -> int:
    """Return the sequence of the latest change, 0 where there is none."""
    return connection.execute(select(func.max(change.c.sequence))).scalar() or 0


def stored_day(stored: str | None) -> date | None:
    """Return a day of valid time as a date."""
    return None if stored is None else date.fromisoformat(stored)


def _change(row: RowMapping) -> Change:
    names = ("sequence", "record_type", "record_key", "operation", "version", "connection", "run_id", "document")
    return Change(
        changed_at=from_timestamp_text(row["changed_at"]),
        valid_from=stored_day(row["valid_from"]),
        valid_to=stored_day(row["valid_to"]),
        **{name: row[name] for name in names},
    )
