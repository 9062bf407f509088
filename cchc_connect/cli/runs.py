"""`runs`: list the runs of the database, or show the report of one run."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.report import report_document, show_lines, show_report
from cchc_connect.clock import SystemClock
from cchc_connect.database.state.counters import RunCounters, read_counters
from cchc_connect.database.state.lease import is_held
from cchc_connect.database.state.runs import Run, find_run, latest_runs
from cchc_connect.sync.report import ReportLine, RunReport

COLUMNS = ("run_id", "started_at", "finished_at", "state", "rows", "messages")


def list_runs(command: CommandContext, database: str | None, limit: int) -> ExitCode:
    """List the latest runs, newest first."""
    console = command.console
    with existing_database(command, database) as opened, opened.reading() as connection:
        runs = latest_runs(connection, limit)
        heads = [_head(run, connection) for run in runs]
    console.document({"runs": heads})
    if not heads:
        console.message("status.never_run")
        return ExitCode.DONE
    rows = [_row(head, console) for head in heads]
    console.table(OutputTable(headings=[f"run_view.{name}" for name in COLUMNS], rows=rows, numbers_from=4))
    console.message("run_view.see_one", run_id=heads[0]["run_id"])
    return ExitCode.DONE


def show_run(command: CommandContext, database: str | None, run_id: str) -> ExitCode:
    """Show one run: its report, or if it has none its run counters up to its last commit.

    Raises:
        NotFound: the database has no such run.
    """
    console = command.console
    with existing_database(command, database) as opened, opened.reading() as connection:
        run = find_run(connection, run_id)
        head, counters = _head(run, connection), read_counters(connection, run_id)
    if run.report is None:
        console.document({**head, "report": None, "counters": [_document(counted) for counted in counters]})
        _show_head(head, console)
        _show_counters(counters, head["state"], console)
        return ExitCode.DONE
    report = RunReport.from_document(run.report)
    console.document({**head, "report": report_document(report, console)})
    _show_head(head, console)
    show_report(report, console)
    return ExitCode.DONE


def _head(run: Run, connection: Connection) -> dict[str, Any]:
    """Return a run without its lines; totals of a run without report come from its run counters."""
    head = {"run_id": run.run_id, "started_at": run.started_at, "finished_at": run.finished_at}
    if run.report is not None:
        totals = {name: run.report[name] for name in ("rows_written", "messages_delivered")}
    else:
        counters = [counted.counts for counted in read_counters(connection, run.run_id)]
        totals = {
            "rows_written": sum(counts.rows_written for counts in counters),
            "messages_delivered": sum(counts.delivered for counts in counters),
        }
    return {**head, "state": run.outcome or _state(run, connection), **totals}


def _state(run: Run, connection: Connection) -> str:
    """Return whether a run that has not ended is in progress, which only the latest can be, or was interrupted."""
    is_latest = latest_runs(connection, 1)[0].run_id == run.run_id
    return "at_work" if is_latest and is_held(connection, SystemClock().now()) else "interrupted"


def _row(head: Mapping[str, Any], console: Console) -> tuple[object, ...]:
    times = (local_time(head[name], console.language) for name in ("started_at", "finished_at"))
    return (
        head["run_id"],
        *times,
        _state_text(head["state"], console),
        head["rows_written"],
        head["messages_delivered"],
    )


def _state_text(state: str, console: Console) -> str:
    """Return the words for the outcome of a run, or for the state of a run that has not ended."""
    words = console.term("run_state", state)
    return console.term("outcome", state) if words == state else words


def _show_head(head: Mapping[str, Any], console: Console) -> None:
    begun, ended = (local_time(head[name], console.language) for name in ("started_at", "finished_at"))
    console.message(
        "run_view.head", run_id=head["run_id"], begun=begun, ended=ended, state=_state_text(head["state"], console)
    )


def _show_counters(counters: Sequence[RunCounters], state: str, console: Console) -> None:
    lines = [
        ReportLine(kind=counted.kind, name=counted.name, record_type=counted.record_type, counts=counted.counts)
        for counted in counters
    ]
    show_lines(lines, console, lambda _: _state_text(state, console))
    console.message("run_view.committed" if lines else "run_view.nothing")


def _document(counters: RunCounters) -> Mapping[str, object]:
    return {
        "kind": counters.kind,
        "name": counters.name,
        "record_type": counters.record_type,
        **counters.counts.as_document(),
    }
