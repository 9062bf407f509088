"""`connected`: which databases of the province's list are connected and shared, now or in a period."""

from dataclasses import asdict
from typing import Any

from cchc_connect.cli.arguments import open_existing
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.periods import share_text, typed_period
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.quality.connected import (
    ConnectedDatabase,
    ConnectedReport,
    connected_databases,
    connected_now,
)


def show_connected(command: CommandContext, first: str | None, last: str | None) -> ExitCode:
    """Show which registered databases are read and shared: now, or in the period if one is given.

    Raises:
        UsageMistake: the period cannot be read.
        NotFound: there is no shared database.
    """
    is_now = first is None and last is None
    period = None if is_now else typed_period(first, last)
    config = Config.load(command.config)
    with open_existing(config.database.url_with_password) as database:
        report = connected_now(database, config) if period is None else connected_databases(database, config, *period)
    console = command.console
    console.document(connected_document(report, console))
    if not report.databases:
        console.message("connected_view.none")
        return ExitCode.DONE
    times = {"start": local_time(report.start, console.language), "end": local_time(report.end, console.language)}
    if is_now:
        console.message("connected_view.now", at=times["start"])
    else:
        console.message("connected_view.period", **times)
    _show_table(report, console)
    show_connected_totals(report, console)
    for each in report.databases:
        for remark in each.remarks:
            console.message("connected_view.remark", code=each.code, remark=console.sentence(remark))
    if report.recorded_since is not None and report.recorded_since > report.start:
        console.message("connected_view.recorded_since", at=local_time(report.recorded_since, console.language))
    return ExitCode.DONE


def show_connected_totals(report: ConnectedReport, console: Console) -> None:
    """Write the percentages of all databases, and what does not count."""
    total = report.total
    for code, numerator, denominator in (
        ("connected", total.connected, total.due),
        ("shared_of", total.shared, total.shareable),
    ):
        percent = share_text(numerator, denominator, console.language)
        console.message(f"connected_view.{code}", part=numerator, total=denominator, percent=percent)
    console.message("connected_view.several", part=total.connected_and_shared, once=total.once)
    console.message("connected_view.apart", **asdict(total))


def connected_document(report: ConnectedReport, console: Console) -> dict[str, Any]:
    """Return the report, JSON-ready."""
    since = report.recorded_since
    return {
        "from": to_timestamp_text(report.start),
        "to": to_timestamp_text(report.end),
        "recorded_since": since and to_timestamp_text(since),
        "total": asdict(report.total),
        "by_owner": {owner: asdict(counts) for owner, counts in report.by_owner.items()},
        "databases": [_document(each, console) for each in report.databases],
    }


def _document(each: ConnectedDatabase, console: Console) -> dict[str, Any]:
    remarks = [{"code": remark.code, "message": console.sentence(remark)} for remark in each.remarks]
    return {**asdict(each), "state": each.state.value, "connections": list(each.connections), "remarks": remarks}


def _show_table(report: ConnectedReport, console: Console) -> None:
    columns = ("code", "name", "owner", "state", "shared", "read")
    rows = [
        (
            each.code,
            each.name,
            each.owner or "-",
            console.term("connection_state", each.state.value),
            console.text("connected_view.yes" if each.is_shared else "connected_view.no"),
            share_text(each.read_s, each.counted_s, console.language),
        )
        for each in report.databases
    ]
    headings = [f"connected_view.{name}" for name in columns]
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=len(columns) - 1))
