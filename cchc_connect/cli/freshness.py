"""`freshness`: how fresh the data of each connection is, and in which share of a period it was."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cchc_connect.cli.arguments import open_existing
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.periods import hours_text, share_text, typed_period
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.monitoring.freshness import ConnectionFreshness, Freshness, freshness


def show_freshness(command: CommandContext, first: str | None, last: str | None) -> ExitCode:
    """Show the freshness of each connection; return PARTIAL if one breaches its SLA at the end of the period.

    Raises:
        UsageMistake: the period cannot be read.
        NotFound: there is no shared database.
    """
    console, (start, end) = command.console, typed_period(first, last)
    config = Config.load(command.config)
    with open_existing(config.database.url_with_password) as database:
        connections = freshness(database, config, start, end)
    period = {"from": to_timestamp_text(start), "to": to_timestamp_text(end)}
    console.document({**period, "connections": [freshness_document(each) for each in connections]})
    if connections:
        _show(connections, start, end, console)
    else:
        console.message("freshness_view.none")
    is_breached = any(each.state is Freshness.BREACH for each in connections)
    return ExitCode.PARTIAL if is_breached else ExitCode.DONE


def freshness_document(each: ConnectionFreshness) -> dict[str, Any]:
    """Return the freshness of a connection, JSON-ready."""
    seconds = ("age_s", "fresh_within_s", "sla_s", "due_s", "fresh_s", "within_sla_s", "held_s", "breach_s")
    return {
        "connection": each.connection,
        "state": each.state and each.state.value,
        "open": each.is_open,
        "complete_at": each.complete_at and to_timestamp_text(each.complete_at),
        **{name: getattr(each, name) for name in seconds},
    }


def _show(connections: Sequence[ConnectionFreshness], start: datetime, end: datetime, console: Console) -> None:
    language = console.language
    console.message("freshness_view.period", start=local_time(start, language), end=local_time(end, language))
    columns = ("connection", "state", "complete_at", "age", "fresh_within", "sla")
    numbers = ("fresh", "within_sla", "held", "breach", "counted")
    rows = [
        (
            each.connection,
            _state_text(each, console),
            local_time(each.complete_at, language),
            *map(hours_text, (each.age_s, each.fresh_within_s, each.sla_s)),
            share_text(each.fresh_s, each.due_s, language),
            share_text(each.within_sla_s, each.due_s, language),
            *(seconds // 60 for seconds in (each.held_s, each.breach_s, each.due_s)),
        )
        for each in connections
    ]
    headings = [f"freshness_view.{name}" for name in (*columns, *numbers)]
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=len(columns)))


def _state_text(each: ConnectionFreshness, console: Console) -> str:
    state = console.term("freshness_state", each.state.value if each.state else "unknown")
    return state if each.is_open else console.text("freshness_view.closed", state=state)
