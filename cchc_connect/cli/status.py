"""`status`: watermarks of the sources, their freshness, waiting messages of the routes, the last run, the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cchc_connect.cli.arguments import existing_database_directly
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.glance import ConfigGlance, SecurityException
from cchc_connect.database.direct.opening import location_text
from cchc_connect.database.state.counters import Counters
from cchc_connect.messages import Message
from cchc_connect.monitoring.freshness import Freshness, FreshnessNow
from cchc_connect.monitoring.runs import Run
from cchc_connect.monitoring.status import DatabaseStatus, RouteStatus, StreamStatus, read_status
from cchc_connect.privacy.secrets import SecretText
from cchc_connect.sync.time_notes import TIME_COUNTERS, time_notes


def show_status(command: CommandContext, database: str | None) -> ExitCode:
    """Show the state of the shared database; no request is sent. Return PARTIAL if a connection breaches its SLA."""
    console = command.console
    if database is None:
        glance = ConfigGlance.read(command.config)
    else:
        glance = ConfigGlance(database_url=SecretText(database), exceptions=())
    with existing_database_directly(glance.database_url) as connection:
        status = read_status(connection)
    document = _document(status, console, location_text(glance.database_url), glance.exceptions)
    console.document(document)
    console.message("status.database", path=document["database"])
    _show_streams(document["streams"], console)
    _show_freshness(status.freshness, console)
    _show_routes(document["routes"], console)
    _show_summary(document, console)
    is_breached = any(each.state is Freshness.BREACH for each in status.freshness)
    return ExitCode.PARTIAL if is_breached else ExitCode.DONE


def _document(
    status: DatabaseStatus, console: Console, location: str, exceptions: tuple[SecurityException, ...]
) -> dict[str, Any]:
    unfinished, broken = status.unfinished_run, status.broken_audit_entry
    return {
        "database": location,
        "streams": [_stream(stream, status.last_run, console) for stream in status.streams],
        "freshness": [_freshness(each) for each in status.freshness],
        "routes": [_route(route, console) for route in status.routes],
        "last_run": None if status.last_run is None else _last_run(status.last_run),
        "unfinished_run": unfinished
        and {"started_at": to_timestamp_text(unfinished.started_at), "state": unfinished.status.value},
        "audit_log": {"whole": status.is_audit_log_intact, "broken_at": broken and str(broken)},
        "discrepancies": status.open_discrepancies,
        "overdue_discrepancies": status.overdue_discrepancies,
        "corrections": asdict(status.corrections),
        "exceptions": [asdict(exception) for exception in exceptions],
    }


def _stream(stream: StreamStatus, last_run: Run | None, console: Console) -> dict[str, Any]:
    counts = _last_counts(stream, last_run)
    return {
        "connection": stream.connection,
        "record_type": stream.record_type,
        "partition": stream.partition,
        "watermark": stream.watermark and to_timestamp_text(stream.watermark),
        "page_token": stream.page_token,
        **_hold(stream.hold),
        "held_since": stream.held_since and to_timestamp_text(stream.held_since),
        "completed_at": stream.completed_at and to_timestamp_text(stream.completed_at),
        "incomplete_code": stream.incomplete and stream.incomplete.code,
        "incomplete_context": {} if stream.incomplete is None else stream.incomplete.context,
        "incomplete_since": stream.incomplete_since and to_timestamp_text(stream.incomplete_since),
        "live": stream.live,
        "absent": stream.absent,
        "quarantined": stream.quarantined,
        "held_reason": stream.hold and console.sentence(stream.hold),
        "incomplete_reason": stream.incomplete and console.sentence(stream.incomplete),
        **{name: getattr(counts, name) for name in TIME_COUNTERS},
        "notes": [console.sentence(note) for note in (*time_notes(counts), *stream.rule_notes)],
    }


def _last_counts(stream: StreamStatus, last_run: Run | None) -> Counters:
    """Return the counters of a stream in the last run; empty if it was not pulled then."""
    if last_run is None or last_run.report is None:
        return Counters()
    names = (stream.connection, stream.record_type, stream.partition)
    for line in last_run.report.lines:
        if (line.name, line.record_type, line.partition) == names:
            return line.counts
    return Counters()


def _route(route: RouteStatus, console: Console) -> dict[str, Any]:
    return {
        "name": route.name,
        "last_sequence": route.last_sequence,
        **_hold(route.hold),
        "waiting": route.waiting,
        "delivered": route.delivered,
        "dead": route.dead,
        "not_granted": route.not_granted,
        "not_taken": route.not_taken,
        "held_reason": route.hold and console.sentence(route.hold),
    }


def _hold(hold: Message | None) -> dict[str, Any]:
    return {"held_code": hold and hold.code, "held_context": {} if hold is None else hold.context}


def _last_run(run: Run) -> dict[str, Any]:
    """Return the report of a run without its lines."""
    document: Mapping[str, object] = {} if run.report is None else run.report.as_document()
    return {name: value for name, value in document.items() if name != "lines"}


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
        name = f"{stream['connection']} {stream['record_type']} {stream['partition']}".rstrip()
        for note in stream["notes"]:
            console.message("sync_view.note", place=name, note=note)
        for state in ("held", "incomplete"):
            if stream[f"{state}_reason"]:
                since = local_time(stream[f"{state}_since"], console.language)
                reason = stream[f"{state}_reason"]
                console.message(f"status.{state}_since", place=name, since=since, reason=reason)
        if stream["absent"]:
            console.message("status.absent", place=name, number=stream["absent"])


def _freshness(now: FreshnessNow) -> dict[str, Any]:
    return {
        "connection": now.connection,
        "state": now.state.value,
        "complete_at": now.complete_at and to_timestamp_text(now.complete_at),
        "due_since": to_timestamp_text(now.due_since),
    }


def _show_freshness(connections: Sequence[FreshnessNow], console: Console) -> None:
    """Tell of each connection whose data is too old; holds are told with their streams."""
    for each in connections:
        if each.complete_at is None:
            at = local_time(each.due_since, console.language)
            console.message("status.never_complete", place=each.connection, at=at)
        elif each.state in {Freshness.BREACH, Freshness.STALE}:
            at = local_time(each.complete_at, console.language)
            console.message(f"status.{each.state.value}", place=each.connection, at=at)


def _show_routes(routes: list[dict[str, Any]], console: Console) -> None:
    if not routes:
        return
    console.heading("status.routes")
    numbers = ("last_sequence", "waiting", "delivered", "dead")
    rows = [(route["name"], str(route["last_sequence"]), *(route[name] for name in numbers[1:])) for route in routes]
    headings = ("status.route", *(f"status.{name}" for name in numbers))
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=1))
    for route in routes:
        if route["held_reason"]:
            console.message("status.held", place=route["name"], reason=route["held_reason"])
        if route["not_granted"]:
            console.message("status.not_granted", place=route["name"], entries=route["not_granted"])
        if route["not_taken"]:
            console.message("status.not_taken", place=route["name"], entries=route["not_taken"])


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
    if document["overdue_discrepancies"]:
        console.message("status.overdue_discrepancies", number=document["overdue_discrepancies"])
    if any(document["corrections"].values()):
        console.message("status.corrections", **document["corrections"])
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
    if any(route["dead"] for route in document["routes"]):
        console.message("status.see_dead_letters")
