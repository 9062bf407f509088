"""Runs of a shared database: how each ended, with its report, or how far it came."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.direct import queries
from cchc_connect.database.direct.connection import DirectConnection, StoredRow
from cchc_connect.database.state.counters import Counters, RunCounters
from cchc_connect.database.state.lease_expiry import is_over, machine_instant, server_instant
from cchc_connect.errors import NotFound
from cchc_connect.sync.report import RunReport, RunStatus

LONGEST_LEASE = timedelta(hours=1)
"""The longest lease that can be configured, for one that another clock wrote."""

if TYPE_CHECKING:
    from cchc_connect.database.shared_database import SharedDatabase

MAX_CANDIDATES = 5
"""Maximum number of runs that the error of an ambiguous prefix names."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a shared database.

    Example::

        for run in runs(database, limit=7):
            print(run.started_at, run.status, run.rows_written)
    """

    run_id: str
    started_at: datetime
    """Aware, in UTC."""
    finished_at: datetime | None
    """Aware, in UTC; None for a run that is in progress or was interrupted."""
    status: RunStatus
    """How it ended; `RunStatus.AT_WORK` or `RunStatus.INTERRUPTED` if it has no end."""
    report: RunReport | None
    """None for a run without an end."""
    committed: tuple[RunCounters, ...]
    """Of a run without a report: what it has committed, by source and route; empty for the others."""

    @property
    def rows_written(self) -> int:
        """Return the number of record rows that were inserted, updated or marked as deleted."""
        if self.report is not None:
            return self.report.rows_written
        return sum(counted.counts.rows_written for counted in self.committed)

    @property
    def messages_delivered(self) -> int:
        """Return the number of messages that targets accepted or had already."""
        if self.report is not None:
            return self.report.messages_delivered
        return sum(counted.counts.delivered for counted in self.committed)


def runs(database: "SharedDatabase", *, limit: int = 20) -> list[Run]:
    """Return the latest runs of a shared database, the newest first.

    Args:
        database: the shared database.
        limit: maximum number of runs.

    Raises:
        DatabaseUnusable: the database failed.
    """
    with database.reading_directly() as connection:
        return read_runs(connection, limit)


def run(database: "SharedDatabase", run_id: str) -> Run:
    """Return one run of a shared database.

    Args:
        database: the shared database.
        run_id: its id, or the beginning of its id if no other run's id begins so.

    Raises:
        NotFound: there is no such run (`run.no_entry`), or there are several (`run.ambiguous`).
        DatabaseUnusable: the database failed.
    """
    with database.reading_directly() as connection:
        return read_run(connection, run_id)


def read_runs(connection: DirectConnection, limit: int) -> list[Run]:
    """Return the latest runs, the newest first, as `runs` does."""
    return [_run(row, connection) for row in queries.latest_runs(connection, limit)]


def read_run(connection: DirectConnection, run_id: str) -> Run:
    """Return one run by its id or the beginning of its id; raises as `run` does."""
    exact = queries.run_by_id(connection, run_id)
    rows = [exact] if exact is not None else queries.runs_by_prefix(connection, run_id, MAX_CANDIDATES + 1)
    if not rows:
        raise NotFound("run.no_entry", run_id=run_id)
    if len(rows) > 1:
        names = [row["run_id"] for row in rows[:MAX_CANDIDATES]]
        candidates = [*names, "..."] if len(rows) > MAX_CANDIDATES else names
        raise NotFound("run.ambiguous", run_id=run_id, candidates=candidates)
    return _run(rows[0], connection)


def read_last_finished_run(connection: DirectConnection) -> Run | None:
    """Return the latest run that has a report, None if there is none."""
    row = queries.latest_finished_run(connection)
    return None if row is None else _run(row, connection)


def _run(row: StoredRow, connection: DirectConnection) -> Run:
    report = None if row["report"] is None else RunReport.from_document(json.loads(row["report"]))
    return Run(
        run_id=row["run_id"],
        started_at=from_timestamp_text(row["started_at"]),
        finished_at=None if row["finished_at"] is None else from_timestamp_text(row["finished_at"]),
        status=_unfinished_status(row, connection) if row["outcome"] is None else RunStatus(row["outcome"]),
        report=report,
        committed=_committed(connection, row["run_id"]) if report is None else (),
    )


def _unfinished_status(row: StoredRow, connection: DirectConnection) -> RunStatus:
    """Return the status of a run without an end: in progress if it is the latest and the lease is held."""
    (latest,) = queries.latest_runs(connection, 1)
    lease = queries.run_lease(connection)
    server_s = queries.server_clock_s(connection)
    now = machine_instant() if server_s is None else server_instant(server_s)
    is_at_work = latest["run_id"] == row["run_id"] and lease is not None and not is_over(lease, now, LONGEST_LEASE)
    return RunStatus.AT_WORK if is_at_work else RunStatus.INTERRUPTED


def _committed(connection: DirectConnection, run_id: str) -> tuple[RunCounters, ...]:
    """Return the counters of a run, summed over partitions; they are committed with the pages that they count."""
    totals: dict[tuple[str, str, str], Counters] = {}
    for row in queries.run_counters(connection, run_id):
        counts = totals.setdefault((row["kind"], row["name"], row["record_type"]), Counters())
        counts.add(Counters(**json.loads(row["counts"])))
    return tuple(
        RunCounters(kind=kind, name=name, record_type=record_type, counts=counts)
        for (kind, name, record_type), counts in totals.items()
    )
