"""`runs`: list the runs of the database, or show the report of one run."""

from collections.abc import Mapping, Sequence
from typing import Any

from cchc_connect.cli.arguments import existing_database_directly
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.report import report_document, show_lines, show_report
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.glance import ConfigGlance
from cchc_connect.database.state.counters import RunCounters
from cchc_connect.monitoring.runs import Run, read_run, read_runs
from cchc_connect.sync.report import ReportLine

SHORTEST_ID = 8
"""Characters of a run's id that a list shows; the command takes the beginning of an id."""

COLUMNS = ("run_id", "started_at", "finished_at", "state", "rows", "messages")


def list_runs(command: CommandContext, database: str | None, limit: int) -> ExitCode:
    """List the latest runs, newest first."""
    console = command.console
    with existing_database_directly(_location(command, database)) as connection:
        heads = [_head(run) for run in read_runs(connection, limit)]
    console.document({"runs": heads})
    if not heads:
        console.message("status.never_run")
        return ExitCode.DONE
    length = _id_length([head["run_id"] for head in heads])
    rows = [_row(head, length, console) for head in heads]
    console.table(OutputTable(headings=[f"run_view.{name}" for name in COLUMNS], rows=rows, numbers_from=4))
    console.message("run_view.see_one", run_id=heads[0]["run_id"][:length])
    return ExitCode.DONE


def show_run(command: CommandContext, database: str | None, run_id: str) -> ExitCode:
    """Show one run: its report, or if it has none its run counters up to its last commit.

    Args:
        command: the call.
        database: path or address of the database; None for that of the configuration.
        run_id: the run's id, or the beginning of its id.

    Raises:
        NotFound: the database has no such run, or several.
    """
    console = command.console
    with existing_database_directly(_location(command, database)) as connection:
        run = read_run(connection, run_id)
    head = _head(run)
    if run.report is None:
        console.document({**head, "report": None, "counters": [_document(counted) for counted in run.committed]})
        _show_head(head, console)
        _show_counters(run.committed, head["state"], console)
        return ExitCode.DONE
    console.document({**head, "report": report_document(run.report, console)})
    _show_head(head, console)
    show_report(run.report, console)
    return ExitCode.DONE


def _location(command: CommandContext, database: str | None) -> str:
    return ConfigGlance.read(command.config).database_url if database is None else database


def _head(run: Run) -> dict[str, Any]:
    """Return a run without its lines."""
    return {
        "run_id": run.run_id,
        "started_at": to_timestamp_text(run.started_at),
        "finished_at": run.finished_at and to_timestamp_text(run.finished_at),
        "state": run.status.value,
        "rows_written": run.rows_written,
        "messages_delivered": run.messages_delivered,
    }


def _id_length(run_ids: Sequence[str]) -> int:
    """Return how many characters of each id tell the listed runs apart.

    >>> _id_length(["f4d58995-4c75", "a85f70f7-353c"])
    8
    """
    length = SHORTEST_ID
    while len({run_id[:length] for run_id in run_ids}) < len(run_ids):
        length += 1
    return length


def _row(head: Mapping[str, Any], id_length: int, console: Console) -> tuple[object, ...]:
    times = (local_time(head[name], console.language) for name in ("started_at", "finished_at"))
    return (
        head["run_id"][:id_length],
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
