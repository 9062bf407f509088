"""`dead-letters`: list the messages that a target refused or that failed too often, and queue them again."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import Connection

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time, parse_moment
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.database.names import require_known
from cchc_connect.database.outbox.dead_letters import DeadLetter, DeadLetterFilter, requeue, stored_dead_letters
from cchc_connect.database.outbox.deliveries import DeliveryKind, route_states
from cchc_connect.errors import NotFound, UsageMistake
from cchc_connect.messages import sentences_by_code
from cchc_connect.record_fields import field_name, record_model

COLUMNS = (
    "route",
    "sequence",
    "record_type",
    "record_key",
    "attempts",
    "reason",
    "finished_at",
    "shortened_fields",
    "resend",
)


def typed_filter(
    *,
    route: str | None,
    record_type: str | None,
    reason: str | None,
    key: str | None,
    period: tuple[str | None, str | None],
) -> DeadLetterFilter:
    """Return the filter that the options of a command mean; `period` is what was typed for `--since` and `--until`.

    Raises:
        UsageMistake: an end of the period is no date and no instant.
    """
    since, until = period
    return DeadLetterFilter(
        route=route,
        record_type=record_type,
        reason=reason,
        record_key=key,
        since=parse_moment(since, "--since"),
        until=parse_moment(until, "--until"),
    )


def list_dead_letters(command: CommandContext, database: str | None, selected: DeadLetterFilter) -> ExitCode:
    """List the selected dead letters.

    Raises:
        UsageMistake: a name is unknown.
    """
    console = command.console
    configured = () if database is not None else Config.load(command.config).routes
    with existing_database(command, database) as opened:
        listed = list(selected.read(opened, configured))
    console.document({"dead_letters": [_document(dead_letter) for dead_letter in listed]})
    if not listed:
        console.message("dead_letter_view.none")
        return ExitCode.DONE
    rows = [
        (
            dead_letter.route,
            dead_letter.sequence,
            _subject_text(dead_letter, console),
            dead_letter.record_key,
            dead_letter.attempts,
            f"{_reason_text(dead_letter.reason, console)} [{dead_letter.reason}]",
            local_time(dead_letter.finished_at, console.language),
            ", ".join(
                field_name(record_model(dead_letter.record_type), path, console)
                for path in dead_letter.shortened_fields
            )
            or "-",
            _requeue_text(dead_letter, console),
        )
        for dead_letter in listed
    ]
    console.table(OutputTable(headings=[f"dead_letter_view.{name}" for name in COLUMNS], rows=rows))
    requeueable = [dead_letter for dead_letter in listed if dead_letter.is_worth_sending]
    if requeueable:
        console.message("dead_letter_view.replay", route=requeueable[0].route, sequence=requeueable[0].sequence)
    return ExitCode.DONE


def _subject_text(dead_letter: DeadLetter, console: Console) -> str:
    """Return the record type of a message, and whether the message withdraws the record."""
    if dead_letter.kind != DeliveryKind.WITHDRAWAL:
        return console.term("record_name", dead_letter.record_type)
    return console.text("dead_letter_view.withdrawal", record_type=dead_letter.record_type)


def _document(dead_letter: DeadLetter) -> dict[str, object]:
    at = dead_letter.finished_at
    return {**asdict(dead_letter), "finished_at": None if at is None else to_timestamp_text(at)}


def _reason_text(reason: str, console: Console) -> str:
    """Return the words for the reason of a dead letter: a code, `code:detail`, or the code of an error."""
    code, _, detail = reason.partition(":")
    table, _, key = code.rpartition(".")
    for name in (table, key):  # the codes of some tables have the same words
        if f"dead_letter_reason.{name}" in sentences_by_code(console.language):
            return console.text(f"dead_letter_reason.{name}", detail=console.term("verdict", detail))
    return console.text("dead_letter_reason.other", detail=reason)


def requeue_dead_letters(command: CommandContext, route: str, numbers: Sequence[int], *, everything: bool) -> ExitCode:
    """Queue dead letters of a route again: the next run sends them with their original idempotency keys.

    Raises:
        UsageMistake: there is no such route, or neither or both of `numbers` and `everything` are given.
        NotFound: a number is not that of a dead letter of the route.
    """
    if bool(numbers) == everything:
        raise UsageMistake("cli.dead_letters_selection")
    configured = Config.load(command.config).routes
    with existing_database(command, None) as opened, opened.writing() as connection:
        _check_route(connection, route, configured)
        by_sequence = {dead_letter.sequence: dead_letter for dead_letter in stored_dead_letters(connection, route)}
        missing = [number for number in dict.fromkeys(numbers) if number not in by_sequence]
        if missing:
            raise NotFound("cli.no_dead_letter", route=route, numbers=", ".join(map(str, missing)))
        selected = [by_sequence[number] for number in dict.fromkeys(numbers)] if numbers else list(by_sequence.values())
        requeued = requeue(connection, selected)
    skipped = [dead_letter for dead_letter in selected if not dead_letter.is_worth_sending]
    _show_requeued(route, requeued, skipped, command.console)
    if everything or not skipped:
        return ExitCode.DONE
    return ExitCode.PARTIAL if requeued else ExitCode.FAILED


def _show_requeued(route: str, requeued: Sequence[DeadLetter], skipped: Sequence[DeadLetter], console: Console) -> None:
    numbers = [dead_letter.sequence for dead_letter in requeued]
    console.document({"route": route, "waiting": numbers, "left": [_document(dead_letter) for dead_letter in skipped]})
    for dead_letter in skipped:
        context = {
            "sequence": dead_letter.sequence,
            "record_type": dead_letter.record_type,
            "record_key": dead_letter.record_key,
        }
        if dead_letter.has_left_the_route:
            console.message("dead_letter_view.not_requeued_left", **context)
        elif dead_letter.is_gone:
            console.message("dead_letter_view.not_requeued_gone", **context)
        else:
            console.message("dead_letter_view.not_requeued_outdated", newer=dead_letter.outdated_by, **context)
    if requeued:
        console.message("dead_letter_view.requeued", number=len(requeued), route=route)
    elif not skipped:
        console.message("dead_letter_view.none")


def _check_route(connection: Connection, route: str, configured: Iterable[str]) -> None:
    routes = {*configured, *(str(state["name"]) for state in route_states(connection))}
    require_known("names.route_unknown", route, sorted(routes))


def _requeue_text(dead_letter: DeadLetter, console: Console) -> str:
    """Return whether a dead letter can be queued again, and if not why."""
    if dead_letter.has_left_the_route:
        return console.text("dead_letter_view.resend_left")
    if dead_letter.is_gone:
        return console.text("dead_letter_view.resend_gone")
    newer = dead_letter.outdated_by
    if newer is not None:
        return console.text("dead_letter_view.resend_outdated", newer=newer)
    return console.text("dead_letter_view.resend_possible")
