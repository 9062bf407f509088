"""Marks of purges and restores: from where on the change feed and the history are complete.

A purge deletes old versions from the feed, but never the latest version of a record. So a reader always ends with the
right state of each record; but one that stopped before a deleted version would miss that version without noticing,
and is told. After a restore the feed goes on at a sequence that the lost database cannot have reached, and in another
epoch, so that no sequence and no idempotency key is used twice.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, func, select

from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.epochs import begin_epoch
from cchc_connect.database.tables import change, maintenance
from cchc_connect.errors import NotFound

RESTORE_GAP = 100_000_000
"""Sequences left out after a restore: more than a database gets between two backups."""


class MarkName(StrEnum):
    """What a mark is about."""

    PURGE = "purge"
    """The last purge; its sequence and instant say nothing."""
    HISTORY = "history"
    """Highest sequence that a purge deleted; from its instant on the history is complete."""
    HISTORY_SCAN = "history_scan"
    """Highest sequence whose predecessors were purged."""
    RESTORE = "restore"
    """The last restore; sequences of new changes are higher than its sequence."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One mark; instants are UTC text, as stored."""

    done_at: str
    sequence: int = 0
    instant: str | None = None


def read_mark(connection: Connection, name: MarkName) -> Mark | None:
    """Return a mark, None where that was never done."""
    row = connection.execute(select(maintenance).where(maintenance.c.name == name)).one_or_none()
    return None if row is None else Mark(done_at=row.done_at, sequence=row.sequence, instant=row.instant)


def write_mark(connection: Connection, name: MarkName, mark: Mark) -> None:
    """Store a mark in place of the former one."""
    upsert_row(connection, maintenance, {"name": name.value}, vars(mark))


def next_sequence(connection: Connection) -> int:
    """Return the sequence of the next change; the write lock makes it unique."""
    latest = select(func.max(change.c.sequence)).scalar_subquery()
    restored = select(maintenance.c.sequence).where(maintenance.c.name == MarkName.RESTORE).scalar_subquery()
    row = connection.execute(select(latest, restored)).one()
    return max(row[0] or 0, row[1] or 0) + 1


def advance_feed(connection: Connection, now: str, reached: int = 0) -> int:
    """Let the feed go on far behind the present end, after a restore; return the sequence behind which it goes on.

    The lost database may have given the following sequences to other changes, which readers and targets know. So an
    epoch begins too: that of the idempotency keys of new changes.

    Args:
        connection: a write transaction.
        now: the present instant, UTC, as stored.
        reached: sequence that the lost database is known to have reached; 0: not known.
    """
    begin_epoch(connection, now)
    floor = max(next_sequence(connection) - 1, reached) + RESTORE_GAP
    write_mark(connection, MarkName.RESTORE, Mark(done_at=now, sequence=floor))
    return floor


def require_not_purged(connection: Connection, after: int, checked: Mark | None = None) -> Mark | None:
    """Check that a reader of the feed which continues after the sequence `after` misses no version.

    A reader that starts at the beginning (0) knows no version yet and is not refused. One that reads on after its
    first check passes the returned mark as `checked`: it is refused only if a purge has overtaken it since.

    Raises:
        NotFound: versions after that sequence were purged. What is left has the latest version of each record.
    """
    mark = read_mark(connection, MarkName.HISTORY)
    if mark is not None and mark != checked and 0 < after < mark.sequence:
        raise NotFound("maintenance.feed_purged", after=after, purged_until=mark.sequence)
    return mark


def require_history(connection: Connection, at: str) -> None:
    """Check that the states of records as of an instant (UTC, as stored) were not purged.

    Raises:
        NotFound: versions of that time were purged, so a record could seem absent that existed.
    """
    mark = read_mark(connection, MarkName.HISTORY)
    if mark is not None and mark.instant is not None and at < mark.instant:
        raise NotFound("maintenance.history_purged", at=at, since=mark.instant)
