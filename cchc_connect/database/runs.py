"""Runs as they are kept: when each began, how it ended, and its report."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from cchc_connect.database.instants import stamp
from cchc_connect.database.journal import last_entry
from cchc_connect.database.shared import SharedDatabase
from cchc_connect.database.tables import run


def begin_run(database: SharedDatabase, token: int | None, run_id: str, now: datetime) -> None:
    """Store that a run began; one that never ends was killed."""
    with database.writing(token) as connection:
        connection.execute(run.insert().values(run_id=run_id, started_at=stamp(now)))


def finish_run(database: SharedDatabase, token: int | None, report: Mapping[str, Any]) -> None:
    """Store how a run ended."""
    with database.writing(token) as connection:
        values = {
            "finished_at": report["finished_at"],
            "outcome": report["outcome"],
            "report": json.dumps(report, ensure_ascii=False),
            "journal_entries": last_entry(connection),
        }
        connection.execute(update(run).where(run.c.run_id == report["run_id"]).values(**values))


def last_report(connection: Connection) -> Mapping[str, Any] | None:
    """Return the report of the latest run that ended, None where there is none."""
    ended = select(run.c.report).where(run.c.report.is_not(None)).order_by(run.c.started_at.desc()).limit(1)
    text = connection.execute(ended).scalar()
    return None if text is None else json.loads(text)
