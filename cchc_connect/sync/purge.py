"""Purge: deletes rows that nothing needs any more, in short transactions under the lease.

What is deleted, and what never is, is said in `database.writing.purge`; how old it must be, in the table `[retention]`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from cchc_connect.clock import from_timestamp_text, to_timestamp_text
from cchc_connect.config.durations import RetentionTable
from cchc_connect.database.audit.retention import count_removable, remove_segments
from cchc_connect.database.maintenance import Mark, MarkName, read_mark, write_mark
from cchc_connect.database.writing.purge import (
    OldRows,
    count_old_versions,
    history_limit,
    old_correction_requests,
    old_deliveries,
    old_discrepancies,
    old_quarantine_entries,
    old_runs,
    purge_versions,
)
from cchc_connect.sync.run_context import RunContext

PURGE_INTERVAL = timedelta(days=1)
"""How often a run purges at most."""

HISTORY = "history"
"""Name of the versions among what is purged; the others are `TABLES`."""

TABLES: Mapping[str, Callable[[str], OldRows]] = {
    "runs": old_runs,
    "deliveries": old_deliveries,
    "quarantine": old_quarantine_entries,
    "discrepancies": old_discrepancies,
    "corrections": old_correction_requests,
}
"""Key of `[retention]` -> the rows that it is about."""


@dataclass(frozen=True, kw_only=True)
class PurgeReport:
    """What a purge deleted."""

    dry_run: bool
    """Whether nothing was deleted, and `rows` holds what a purge would delete."""
    rows: Mapping[str, int]
    """Number of deleted rows by the key of `[retention]`: runs, deliveries, quarantine, discrepancies,
    corrections, history."""
    held_back_by: str | None
    """The route that has not read all changes yet; later versions are kept for it. None if there is no such route."""
    reusable_bytes: int | None
    """Space in the SQLite file that is free for new rows; the file does not shrink. None for PostgreSQL."""
    audit_entries: int = 0
    """Number of removed entries of the audit log."""

    @property
    def total(self) -> int:
        """Return the number of all deleted rows."""
        return sum(self.rows.values()) + self.audit_entries


class Purge:
    """One purge within a run, or in place of one."""

    def __init__(
        self,
        run_context: RunContext,
        retention: RetentionTable,
        routes: Collection[str],
        audit_years: int,
    ) -> None:
        """Prepare the purge.

        Args:
            run_context: context of the run.
            retention: how old rows must be.
            routes: those of the configuration, for which unread versions are kept.
            audit_years: years after which entries of the audit log are removed.
        """
        self._run_context = run_context
        self._retention = retention
        self._routes = routes
        self._audit_years = audit_years

    def is_due(self) -> bool:
        """True if the last purge was a day ago, or its instant is in the future after a clock was set back."""
        last = self._run_context.read(lambda connection: read_mark(connection, MarkName.PURGE))
        now = self._run_context.clock.now()
        return last is None or not timedelta(0) <= now - from_timestamp_text(last.done_at) < PURGE_INTERVAL

    def run(self) -> PurgeReport:
        """Delete what is old enough; in a dry run count it. If the run is asked to stop, the rest stays for later.

        Raises:
            LeaseLost: another run took over.
            DatabaseUnusable: the database failed; what was deleted stays deleted.
        """
        run_context = self._run_context
        rows = {name: self._purge_table(old) for name, old in self._due_tables()}
        rows[HISTORY], held_back_by = self._purge_history()
        audit_entries = self._purge_audit_log()
        if not run_context.dry_run and not run_context.is_stopping():
            done = Mark(done_at=to_timestamp_text(run_context.clock.now()))
            run_context.commit(lambda connection: write_mark(connection, MarkName.PURGE, done))
        reusable_bytes = run_context.read(_reusable_bytes)
        return PurgeReport(
            dry_run=run_context.dry_run,
            rows=rows,
            held_back_by=held_back_by,
            reusable_bytes=reusable_bytes,
            audit_entries=audit_entries,
        )

    def _purge_audit_log(self) -> int:
        """Remove the oldest sealed segments of the audit log; in a dry run count their entries."""
        run_context, years = self._run_context, self._audit_years
        now = run_context.clock.now()
        number = run_context.read(partial(count_removable, now=now, years=years))
        if run_context.dry_run or not number or run_context.is_stopping():
            return number if run_context.dry_run else 0
        remove = partial(remove_segments, now=now, years=years, run_id=run_context.run_id)
        return run_context.commit(remove)

    def _due_tables(self) -> Iterator[tuple[str, OldRows]]:
        now = self._run_context.clock.now()
        for name, old_rows in TABLES.items():
            age: timedelta | None = getattr(self._retention, name)
            if age is not None:
                yield name, old_rows(_before(now, age))

    def _purge_table(self, old: OldRows) -> int:
        run_context = self._run_context
        if run_context.dry_run:
            return run_context.read(old.count)
        deleted, last = 0, None
        while not run_context.is_stopping():
            keys = run_context.read(partial(old.keys, after=last))
            if not keys:
                break
            deleted, last = deleted + run_context.commit(lambda connection: old.delete(connection, keys)), keys[-1]  # noqa: B023  # it runs at once
        return deleted

    def _purge_history(self) -> tuple[int, str | None]:
        run_context, age = self._run_context, self._retention.history
        if age is None:
            return 0, None
        before, now = _before(run_context.clock.now(), age), to_timestamp_text(run_context.clock.now())
        limit, held_back_by = run_context.read(lambda connection: history_limit(connection, self._routes))
        if run_context.dry_run:
            old = run_context.read(lambda connection: count_old_versions(connection, before, limit))
            return old, held_back_by
        deleted = 0
        step: int | None = 0
        while step is not None and not run_context.is_stopping():
            step = run_context.commit(lambda connection: purge_versions(connection, before, limit, now))
            deleted += step or 0
        return deleted, held_back_by


def _before(now: datetime, age: timedelta) -> str:
    return to_timestamp_text(now - age)


def _reusable_bytes(connection: Connection) -> int | None:
    if connection.dialect.name != "sqlite":
        return None
    free_pages: int = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    page_size: int = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    return free_pages * page_size
