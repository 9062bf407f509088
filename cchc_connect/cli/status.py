"""`status`: watermarks of the sources, waiting messages of the routes, the last run, and the audit log."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.clock import SystemClock
from cchc_connect.database.outbox.audit_log import first_broken_entry
from cchc_connect.database.outbox.deliveries import route_states
from cchc_connect.database.reading.discrepancies import discrepancy_rows
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.state.cursors import StreamState, stream_states
from cchc_connect.database.state.lease import is_held
from cchc_connect.database.state.runs import last_report
from cchc_connect.database.tables import run
from cchc_connect.database.writing.quarantine import open_counts
from cchc_schemas import RECORD_TYPES

StreamName = tuple[str, str, str]
"""Connection, record type and partition."""


def show_status(command: CommandContext, database: str | None) -> ExitCode:
    """Show the state of the shared database; no request is sent."""
    console = command.console
    exceptions = [] if database else _security_exceptions(command.config)
    with existing_database(command, database) as opened, opened.reading() as connection:
        document: dict[str, Any] = {
            "database": opened.location,
            **_status(connection, console),
            "exceptions": exceptions,
        }
    console.document(document)
    console.message("status.database", path=document["database"])
    _show_streams(document["streams"], console)
    _show_routes(document["routes"], console)
    _show_summary(document, console)
    return ExitCode.DONE


def _security_exceptions(file: Path) -> list[dict[str, str]]:
    """Return the security exceptions of the connections, with their stated reasons."""
    from cchc_connect.config.file import Config  # noqa: PLC0415  # with --db no configuration is read

    connections = Config.load(file).connections.items()
    return [
        {"connection": name, "without": protection, "reason": reason}
        for name, table in connections
        for protection, reason in table.security_exceptions.items()
    ]


def _status(connection: Connection, console: Console) -> dict[str, Any]:
    report = last_report(connection)
    broken = first_broken_entry(connection)
    return {
        "streams": _streams(connection, console),
        "routes": [_with_reason(_route(state), console) for state in route_states(connection)],
        "last_run": None if report is None else {name: value for name, value in report.items() if name != "lines"},
        "unfinished_run": _unfinished_run(connection),
        "audit_log": {"whole": broken is None, "broken_at": broken},
        "discrepancies": len(discrepancy_rows(connection)),
    }


def _unfinished_run(connection: Connection) -> dict[str, Any] | None:
    """Return the latest run if it has not ended: in progress while the lease is held, else interrupted."""
    latest = connection.execute(select(run).order_by(run.c.started_at.desc()).limit(1)).one_or_none()
    if latest is None or latest.finished_at is not None:
        return None
    at_work = is_held(connection, SystemClock().now())
    return {"started_at": latest.started_at, "state": "at_work" if at_work else "interrupted"}


def _streams(connection: Connection, console: Console) -> list[dict[str, Any]]:
    states = {(state.connection, state.record_type, state.partition): state for state in stream_states(connection)}
    live, quarantined = _live_counts(connection), open_counts(connection)
    return [
        _with_reason(
            {**_state(states.get(name), name), "live": live.get(name, 0), "quarantined": quarantined.get(name, 0)},
            console,
        )
        for name in sorted({*states, *live, *quarantined})
    ]


def _state(state: StreamState | None, name: StreamName) -> dict[str, Any]:
    connection, record_type, partition = name
    unknown = StreamState(
        connection=connection,
        record_type=record_type,
        partition=partition,
        watermark=None,
        page_token=None,
        held_code=None,
        held_context={},
        held_since=None,
        completed_at=None,
    )
    return asdict(state or unknown)


def _live_counts(connection: Connection) -> Mapping[StreamName, int]:
    """Return the number of records that are not deleted, by stream."""
    live: dict[StreamName, int] = {}
    for record_type in RECORD_TYPES:
        table = record_table(record_type)
        columns = (table.c.connection, table.c.partition)
        counts = select(*columns, func.count()).where(table.c.deleted_at.is_(None))
        for name, partition, records in connection.execute(counts.group_by(*columns)):
            live[name, record_type, partition] = records
    return live


def _route(state: Mapping[str, Any]) -> dict[str, Any]:
    return {**state, "held_context": json.loads(state["held_context"] or "{}")}


def _with_reason(state: dict[str, Any], console: Console) -> dict[str, Any]:
    """Return a state with the sentence of its hold beside the code of its hold."""
    code = state["held_code"]
    return {**state, "held_reason": console.text(code, **state["held_context"]) if code else None}


def _show_streams(streams: list[dict[str, Any]], console: Console) -> None:
    console.heading("status.streams")
    names = ("status.connection", "status.record_type", "status.completed_at", "status.watermark")
    rows = [
        (
            stream["connection"],
            f"{console.term('record_name', stream['record_type'])} {stream['partition']}".rstrip(),
            local_time(stream["completed_at"], console.language),
            local_time(stream["watermark"], console.language),
            stream["live"],
            stream["quarantined"],
        )
        for stream in streams
    ]
    headings = (*names, "status.live", "status.quarantined")
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=len(names)))
    for stream in streams:
        if stream["held_reason"]:
            since = local_time(stream["held_since"], console.language)
            name = f"{stream['connection']} {stream['record_type']} {stream['partition']}".rstrip()
            console.message("status.held_since", place=name, since=since, reason=stream["held_reason"])


def _show_routes(routes: list[dict[str, Any]], console: Console) -> None:
    if not routes:
        return
    console.heading("status.routes")
    numbers = ("last_sequence", "waiting", "delivered", "dead")
    rows = [(route["name"], *(route[name] for name in numbers)) for route in routes]
    headings = ("status.route", *(f"status.{name}" for name in numbers))
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=1))
    for route in routes:
        if route["held_reason"]:
            console.message("status.held", place=route["name"], reason=route["held_reason"])


def _show_summary(document: Mapping[str, Any], console: Console) -> None:
    console.line()
    report, broken_at = document["last_run"], document["audit_log"]["broken_at"]
    if report is None:
        console.message("status.never_run")
    else:
        outcome = console.term("outcome", report["outcome"])
        console.message("status.last_run", at=local_time(report["started_at"], console.language), outcome=outcome)
    if unfinished := document["unfinished_run"]:
        state = console.term("run_state", unfinished["state"])
        console.message("status.unfinished", at=local_time(unfinished["started_at"], console.language), state=state)
    if document["discrepancies"]:
        console.message("status.discrepancies", number=document["discrepancies"])
    for exception in document["exceptions"]:
        console.message(
            "status.exception",
            name=exception["connection"],
            without=console.term("exception", exception["without"]),
            reason=exception["reason"],
        )
    if broken_at is None:
        console.message("status.audit_log_intact")
    else:
        console.message("status.audit_log_broken", entry=broken_at)
    if any(stream["quarantined"] for stream in document["streams"]):
        console.message("status.see_quarantine")
