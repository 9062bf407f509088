"""Stored runs: when each began, how it ended, and its report."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.database.audit.entries import last_entry_number
from cchc_connect.database.tables import run


def begin_run(connection: Connection, run_id: str, now: datetime) -> None:
    """Store that a run began; a run without an end was killed."""
    connection.execute(run.insert().values(run_id=run_id, started_at=to_timestamp_text(now)))


def finish_run(connection: Connection, report: Mapping[str, Any]) -> None:
    """Store how a run ended, from its report."""
    values = {
        "finished_at": report["finished_at"],
        "outcome": report["outcome"],
        "report": json.dumps(report, ensure_ascii=False),
        "last_audit_entry": last_entry_number(connection, RUNS_CHAIN),
    }
    connection.execute(update(run).where(run.c.run_id == report["run_id"]).values(**values))
