"""Stored runs: when each began, how it ended, and its report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.outbox.audit_log import last_entry_number
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import run
from cchc_connect.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Run:
    """One stored run; instants are UTC text, as stored."""

    run_id: str
    started_at: str
    finished_at: str | None
    """None for a run that was killed or is still running."""
    outcome: str | None
    report: Mapping[str, Any] | None


def begin_run(database: SharedDatabase, token: int | None, run_id: str, now: datetime) -> None:
    """Store that a run began; a run without an end was killed."""
    with database.writing(token) as connection:
        connection.execute(run.insert().values(run_id=run_id, started_at=to_timestamp_text(now)))


def finish_run(database: SharedDatabase, token: int | None, report: Mapping[str, Any]) -> None:
    """Store how a run ended, from its report."""
    with database.writing(token) as connection:
        values = {
            "finished_at": report["finished_at"],
            "outcome": report["outcome"],
            "report": json.dumps(report, ensure_ascii=False),
            "last_audit_entry": last_entry_number(connection),
        }
        connection.execute(update(run).where(run.c.run_id == report["run_id"]).values(**values))


def latest_runs(connection: Connection, limit: int) -> list[Run]:
    """Return the latest runs, the newest first."""
    query = select(run).order_by(run.c.started_at.desc(), run.c.run_id).limit(limit)
    return [_run(row) for row in connection.execute(query)]


def find_run(connection: Connection, run_id: str) -> Run:
    """Return one run.

    Raises:
        NotFound: there is no such run.
    """
    row = connection.execute(select(run).where(run.c.run_id == run_id)).one_or_none()
    if row is None:
        raise NotFound("run.no_entry", run_id=run_id)
    return _run(row)


def last_report(connection: Connection) -> Mapping[str, Any] | None:
    """Return the report of the latest finished run, None where there is none."""
    query = select(run.c.report).where(run.c.report.is_not(None)).order_by(run.c.started_at.desc()).limit(1)
    text = connection.execute(query).scalar()
    return None if text is None else json.loads(text)


def _run(row: Row[Any]) -> Run:
    return Run(
        run_id=row.run_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=row.outcome,
        report=None if row.report is None else json.loads(row.report),
    )
