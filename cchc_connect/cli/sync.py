"""`sync`: one run, and what came of it."""

from collections.abc import Mapping, Sequence

from cchc_connect.cli.exits import ExitCode, Misused
from cchc_connect.cli.progress import shown_progress
from cchc_connect.cli.screen import Screen, Table
from cchc_connect.cli.session import Session
from cchc_connect.cli.times import decimal
from cchc_connect.config import Config
from cchc_connect.database.quarantine import open_counts
from cchc_connect.database.shared import SharedDatabase
from cchc_connect.errors import ConfigurationError
from cchc_connect.sync.report import Line, Outcome, RunReport
from cchc_connect.sync.run import Surroundings, Synchronizer

EXITS: Mapping[Outcome, ExitCode] = {
    Outcome.DONE: ExitCode.DONE,
    Outcome.PARTIAL: ExitCode.PARTIAL,
    Outcome.FAILED: ExitCode.FAILED,
}

PULLED = ("fetched", "unchanged", "inserted", "updated", "deleted", "quarantined", "foreign")
PUSHED = ("delivered", "refused", "waiting")
RARE = frozenset({"foreign"})
"""Counters that are shown only where there is something to count."""


def synchronise(
    session: Session, only: Sequence[str], *, rehearse: bool, accept_shrink: Sequence[str] = ()
) -> ExitCode:
    """Run once: pull, push, report.

    Raises:
        Misused: `only` names no connection and no route, or `accept_shrink` no connection.
        CchcError: what ended the run as a whole.
    """
    screen = session.screen
    config = Config.load(session.config)
    if not config.connections:
        raise ConfigurationError("cli.no_connections", file=session.config)
    known = [*config.connections, *config.routes]
    for name, names in [*((name, known) for name in only), *((name, config.connections) for name in accept_shrink)]:
        if name not in names:
            raise Misused("cli.only_unknown", name=name, known=", ".join(names))
    with SharedDatabase(config.database.address) as database, shown_progress(screen, rehearse=rehearse) as progress:
        synchronizer = Synchronizer(config, database, Surroundings(progress=progress))
        report = synchronizer.synchronise(only, rehearse=rehearse, accept_shrink=accept_shrink)
        quarantined = open_entries(database)
    screen.document(report_document(report, screen))
    show_report(report, screen)
    if quarantined:
        screen.say("sync_view.see_quarantine", number=quarantined)
    return EXITS[report.outcome]


def open_entries(database: SharedDatabase) -> int:
    """Return how many entries are in quarantine, of this run and of earlier ones."""
    with database.reading() as connection:
        return sum(open_counts(connection).values())


def report_document(report: RunReport, screen: Screen) -> Mapping[str, object]:
    """Return the report, JSON-ready, each reason with its sentence beside its code."""
    lines = [dict(line.as_document()) for line in report.lines]
    for line, document in zip(report.lines, lines, strict=True):
        if line.reason is not None:
            reason = {"code": line.reason.code, "message": screen.spoken(line.reason)}
            document["reason"] = {**reason, "context": screen.plain(line.reason.context)}
    return {**report.as_document(), "lines": lines}


def show_report(report: RunReport, screen: Screen) -> None:
    """Write what was and was not done, for every source and route."""
    if report.rehearsal:
        screen.say("sync_view.rehearsal")
    _show_lines("sync_view.pulled", "pull", PULLED, report.lines, screen)
    _show_lines("sync_view.pushed", "push", PUSHED, report.lines, screen)
    for line in report.lines:
        if line.reason is not None:
            place = f"{line.name} {line.record_type}"
            screen.say(f"sync_view.{line.outcome}", place=place, reason=screen.spoken(line.reason))
    screen.line()
    outcome, seconds = screen.word("outcome", report.outcome), decimal(f"{report.seconds:.1f}", screen.language)
    totals = {"outcome": outcome, "rows": report.rows_written, "seconds": seconds}
    if report.rehearsal:
        screen.say("sync_view.would", waiting=sum(line.counts.waiting for line in report.lines), **totals)
    else:
        screen.say("sync_view.totals", messages=report.messages_delivered, **totals)


def _show_lines(heading: str, kind: str, counters: Sequence[str], lines: Sequence[Line], screen: Screen) -> None:
    shown = [line for line in lines if line.kind == kind]
    if not shown:
        return
    counters = [one for one in counters if one not in RARE or any(getattr(line.counts, one) for line in shown)]
    rows = [
        (
            line.name,
            screen.word("record_name", line.record_type),
            screen.word("outcome", line.outcome),
            *(getattr(line.counts, counter) for counter in counters),
        )
        for line in shown
    ]
    screen.heading(heading)
    names = ("sync_view.name", "sync_view.record_type", "sync_view.outcome")
    headings = (*names, *(f"count.{counter}" for counter in counters))
    screen.table(Table(headings=headings, rows=rows, numbers_from=len(names)))
