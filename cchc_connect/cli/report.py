"""The report of a run, as text for people and as a JSON document for scripts."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence

from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_number, local_time
from cchc_connect.database.state.cursor import Cursor
from cchc_connect.privacy.page_tokens import display_token
from cchc_connect.sync.report import ReportLine, RunReport, RunStatus
from cchc_connect.sync.time_notes import time_notes

EXIT_CODES: Mapping[RunStatus, ExitCode] = {
    RunStatus.DONE: ExitCode.DONE,
    RunStatus.PARTIAL: ExitCode.PARTIAL,
    RunStatus.INCOMPLETE: ExitCode.PARTIAL,
    RunStatus.FAILED: ExitCode.FAILED,
    RunStatus.STOPPED: ExitCode.TERMINATED,
}

WRITE_COUNTERS = ("fetched", "unchanged", "inserted", "updated", "deleted", "outdated", "quarantined", "foreign")
PULL_COUNTERS = (
    *("fetched", "unchanged", "inserted", "updated", "deleted", "absent", "outdated", "quarantined", "foreign"),
    *("drafts", "held"),
)
PUSH_COUNTERS = ("delivered", "refused", "waiting", "shortened")
ROUTE_COUNTERS = ("initial", "dropped", "not_granted", "withdrawn", "not_withdrawn")
"""Counters of a route that have a sentence of their own, if they are not 0."""

HIDDEN_IF_ZERO = frozenset({"absent", "drafts", "foreign", "held", "outdated", "shortened"})
"""Counters that are shown only if one of them is not 0."""

TRAFFIC_COUNTERS = ("requests", "bytes_received")


def report_document(report: RunReport, console: Console) -> Mapping[str, object]:
    """Return the report, JSON-ready; each reason has its code and its sentence."""
    lines = [dict(line.as_document()) for line in report.lines]
    for line, document in zip(report.lines, lines, strict=True):
        if line.reason is not None:
            reason = {"code": line.reason.code, "message": console.sentence(line.reason)}
            document["reason"] = {**reason, "context": console.json_values(line.reason.context)}
        if line.notes:
            document["notes"] = [{"code": note.code, "message": console.sentence(note)} for note in line.notes]
    return {**report.as_document(), "lines": lines}


def show_report(report: RunReport, console: Console, *, names_records: bool = True) -> None:
    """Write the results of every source and route; with `names_records` a command that shows a record with a note."""
    if report.dry_run:
        console.message("sync_view.dry_run")
    show_lines(report.lines, console, lambda line: console.term("outcome", line.outcome), dry_run=report.dry_run)
    for line in report.lines:
        _show_cursor(line, console)
    for line in report.lines:
        _show_notes(line, console, names_records=names_records and not report.dry_run)
    for line in report.lines:
        _show_reason(line, console)
    if report.lost_sequence is not None:
        console.message("sync_view.went_back", sequence=report.lost_sequence)
    console.line()
    outcome, seconds = console.term("outcome", report.outcome), _seconds(report.seconds, console)
    totals = {"outcome": outcome, "rows": report.rows_written, "seconds": seconds}
    if report.dry_run:
        console.message("sync_view.dry_run_totals", waiting=sum(line.counts.waiting for line in report.lines), **totals)
    else:
        console.message("sync_view.totals", messages=report.messages_delivered, **totals)


def _noted_in_words(line: ReportLine, console: Console) -> Iterator[str]:
    """Yield how many values of which field have which note; a report of an earlier version knows the rule alone."""
    from cchc_connect.cli.fault_texts import field_with_term  # noqa: PLC0415  # `runs` starts without records

    for member, number in (line.counts.noted_fields or line.counts.noted).items():
        path, colon, rule = member.rpartition(": ")
        field = path and field_with_term(path, line.record_type, console)
        yield f"{number} × {field}{colon}{console.term('fault', rule)} ({rule})"


def _show_notes(line: ReportLine, console: Console, *, names_records: bool) -> None:
    if line.counts.noted:
        console.message("sync_view.noted", place=_line_label(line), rules="; ".join(_noted_in_words(line, console)))
        if names_records and line.counts.noted_records:
            key = shlex.quote(next(iter(line.counts.noted_records.values())))
            console.message("sync_view.noted_record", type_name=line.record_type, key=key)
    for note in (*time_notes(line.counts), *line.notes):
        console.message("sync_view.note", place=_line_label(line), note=console.sentence(note))


def _show_reason(line: ReportLine, console: Console) -> None:
    """Write why a line is not done, and what is left over."""
    label = _line_label(line)
    if line.reason is not None:
        console.message(f"sync_view.{line.outcome}", place=label, reason=console.sentence(line.reason))
    for name in ("absent", *ROUTE_COUNTERS):
        number = getattr(line.counts, name)
        if number:
            console.message(f"sync_view.{name}", place=label, number=number)


def show_lines(
    lines: Sequence[ReportLine],
    console: Console,
    outcome_text: Callable[[ReportLine], str],
    *,
    dry_run: bool = False,
) -> None:
    """Write the counters of every source and route; `outcome_text` returns the text of their outcome."""
    pulled, pushed = ("would_pull", "would_push") if dry_run else ("pulled", "pushed")
    for heading, kind, counters in (
        (f"sync_view.{pulled}", "pull", (*PULL_COUNTERS, *TRAFFIC_COUNTERS)),
        ("sync_view.written", "write", WRITE_COUNTERS),
        (f"sync_view.{pushed}", "push", (*PUSH_COUNTERS, *TRAFFIC_COUNTERS)),
        ("sync_view.renamed", "rename", ("updated",)),
        ("sync_view.removed", "remove", ("updated", "deleted")),
    ):
        lines_of_kind = [line for line in lines if line.kind == kind]
        if lines_of_kind:
            console.heading(heading)
            console.table(_table(lines_of_kind, counters, console, outcome_text))


def _table(
    lines: Sequence[ReportLine], counters: Sequence[str], console: Console, outcome_text: Callable[[ReportLine], str]
) -> OutputTable:
    shown_counters = [
        name for name in counters if name not in HIDDEN_IF_ZERO or any(getattr(line.counts, name) for line in lines)
    ]
    rows = [
        (
            line.name,
            f"{console.term('record_name', line.record_type)} {line.partition}".rstrip(),
            outcome_text(line),
            *(getattr(line.counts, counter) for counter in shown_counters),
            _seconds(line.seconds, console),
        )
        for line in lines
    ]
    names = ("sync_view.name", "sync_view.record_type", "sync_view.outcome")
    renamed = {"fetched": "given"} if lines[0].kind == "write" else {}  # nothing was read: a program gave it
    counted = [f"count.{renamed.get(counter, counter)}" for counter in shown_counters]
    headings = (*names, *counted, "sync_view.seconds")
    return OutputTable(headings=headings, rows=rows, numbers_from=len(names))


def _show_cursor(line: ReportLine, console: Console) -> None:
    """Write the watermark before and after the run if it moved, and the page token of an unfinished listing."""
    if line.before is None or line.after is None:
        return
    if line.after.watermark != line.before.watermark:
        before, after = (local_time(cursor.watermark, console.language) for cursor in (line.before, line.after))
        console.message(_watermark_code(line.before, line.after), place=_line_label(line), before=before, after=after)
    if line.after.page_token not in {None, line.before.page_token}:
        console.message("sync_view.page_token", place=_line_label(line), position=display_token(line.after.page_token))


def _watermark_code(before: Cursor, after: Cursor) -> str:
    """Return the code of the sentence for a watermark that moved: it is the first one, or went back, or on."""
    if before.watermark is None:
        return "sync_view.watermark_first"
    is_back = after.watermark is None or after.watermark < before.watermark
    return "sync_view.watermark_back" if is_back else "sync_view.watermark"


def _line_label(line: ReportLine) -> str:
    return f"{line.name} {line.record_type} {line.partition}".rstrip()


def _seconds(seconds: float, console: Console) -> str:
    return local_number(f"{seconds:.1f}", console.language)
