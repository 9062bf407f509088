"""`runs`: the runs that the database keeps, how each ended, and what one of them did."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from cchc_connect.cli.console import Screen, Table
from cchc_connect.cli.context import existing_database, where
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local
from cchc_connect.cli.report import report_document, show_lines, show_report
from cchc_connect.cli.session import Session
from cchc_connect.clock import SystemClock
from cchc_connect.database.state.counters import Tally, read_tallies
from cchc_connect.database.state.lease import is_held
from cchc_connect.database.state.runs import Run, find_run, latest_runs
from cchc_connect.sync.report import Line, RunReport

COLUMNS = ("run_id", "started_at", "finished_at", "state", "rows", "messages")


def list_runs(session: Session, database: str | None, limit: int) -> ExitCode:
    """List the latest runs, the newest first."""
    screen = session.screen
    with existing_database(session, database) as opened, opened.reading() as connection:
        runs = latest_runs(connection, limit)
        found = [_head(run, connection) for run in runs]
    screen.document({"runs": found})
    if not found:
        screen.say("status.never_run")
        return ExitCode.DONE
    rows = [_row(one, screen) for one in found]
    screen.table(Table(headings=[f"run_view.{name}" for name in COLUMNS], rows=rows, numbers_from=4))
    screen.say("run_view.see_one", run_id=found[0]["run_id"], where=where(database))
    return ExitCode.DONE


def show_run(session: Session, database: str | None, run_id: str) -> ExitCode:
    """Show one run: its report, or where it has none what it counted up to its last commit.

    Raises:
        Rejected: the database keeps no such run.
    """
    screen = session.screen
    with existing_database(session, database) as opened, opened.reading() as connection:
        run = find_run(connection, run_id)
        head, tallies = _head(run, connection), read_tallies(connection, run_id)
    if run.report is None:
        screen.document({**head, "report": None, "tallies": [_tally(one) for one in tallies]})
        _show_head(head, screen)
        _show_tallies(tallies, head["state"], screen)
        return ExitCode.DONE
    report = RunReport.from_document(run.report)
    screen.document({**head, "report": report_document(report, screen)})
    _show_head(head, screen)
    show_report(report, screen)
    return ExitCode.DONE


def _head(run: Run, connection: Connection) -> dict[str, Any]:
    """Return a run without its lines; what a run without a report wrote and sent is taken from its tallies."""
    head = {"run_id": run.run_id, "started_at": run.started_at, "finished_at": run.finished_at}
    if run.report is not None:
        totals = {name: run.report[name] for name in ("rows_written", "messages_delivered")}
    else:
        counts = [one.counts for one in read_tallies(connection, run.run_id)]
        totals = {
            "rows_written": sum(one.rows_written for one in counts),
            "messages_delivered": sum(one.delivered for one in counts),
        }
    return {**head, "state": run.outcome or _state(run, connection), **totals}


def _state(run: Run, connection: Connection) -> str:
    """Return whether a run without an end is at work, which only the latest can be, or was interrupted."""
    latest = latest_runs(connection, 1)[0].run_id == run.run_id
    return "at_work" if latest and is_held(connection, SystemClock().now()) else "interrupted"


def _row(one: Mapping[str, Any], screen: Screen) -> tuple[object, ...]:
    times = (local(one[name], screen.language) for name in ("started_at", "finished_at"))
    return (one["run_id"], *times, _word(one["state"], screen), one["rows_written"], one["messages_delivered"])


def _word(state: str, screen: Screen) -> str:
    """Return the word for how a run ended, or for where one without an end stands."""
    found = screen.word("run_state", state)
    return screen.word("outcome", state) if found == state else found


def _show_head(head: Mapping[str, Any], screen: Screen) -> None:
    begun, ended = (local(head[name], screen.language) for name in ("started_at", "finished_at"))
    screen.say("run_view.head", run_id=head["run_id"], begun=begun, ended=ended, state=_word(head["state"], screen))


def _show_tallies(tallies: Sequence[Tally], state: str, screen: Screen) -> None:
    lines = [Line(kind=one.kind, name=one.name, record_type=one.record_type, counts=one.counts) for one in tallies]
    show_lines(lines, screen, lambda _: _word(state, screen))
    screen.say("run_view.committed" if lines else "run_view.nothing")


def _tally(one: Tally) -> Mapping[str, object]:
    return {"kind": one.kind, "name": one.name, "record_type": one.record_type, **one.counts.as_document()}
