"""`letters`: messages that a target will never take as they are, and sending them again."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import Connection

from cchc_connect.cli.console import Screen, Table
from cchc_connect.cli.context import existing_database
from cchc_connect.cli.exit_codes import ExitCode, Misused, NotThere
from cchc_connect.cli.formatting import local
from cchc_connect.cli.names import check_name
from cchc_connect.cli.session import Session
from cchc_connect.config.file import Config
from cchc_connect.database.outbox.dead_letters import DeadLetter, dead_letters, send_again
from cchc_connect.database.outbox.deliveries import route_states

COLUMNS = (
    "route",
    "sequence",
    "record_type",
    "record_key",
    "attempts",
    "reason",
    "finished_at",
    "shortened_fields",
    "worth",
)


def list_letters(session: Session, database: str | None, route: str | None) -> ExitCode:
    """List the dead letters, of one route where it is named.

    Raises:
        Misused: there is no such route.
    """
    screen = session.screen
    configured = () if database is not None else Config.load(session.config).routes
    with existing_database(session, database) as opened, opened.reading() as connection:
        _check_route(connection, route, configured)
        letters = dead_letters(connection, route)
    screen.document({"letters": [asdict(one) for one in letters]})
    if not letters:
        screen.say("letter_view.none")
        return ExitCode.DONE
    rows = [
        (
            one.route,
            one.sequence,
            one.record_type,
            one.record_key,
            one.attempts,
            one.reason,
            local(one.finished_at, screen.language),
            ", ".join(one.shortened_fields) or "-",
            _worth(one, screen),
        )
        for one in letters
    ]
    screen.table(Table(headings=[f"letter_view.{name}" for name in COLUMNS], rows=rows))
    worth = [one for one in letters if one.is_worth_sending]
    if worth:
        screen.say("letter_view.replay", route=worth[0].route, sequence=worth[0].sequence)
    return ExitCode.DONE


def replay_letters(session: Session, route: str, numbers: Sequence[int], *, everything: bool) -> ExitCode:
    """Put dead letters of a route to waiting, so that the next run sends them under the keys they had.

    Raises:
        Misused: there is no such route, or neither or both of numbers and `everything` are given.
        NotThere: a number is that of no dead letter.
    """
    if bool(numbers) == everything:
        raise Misused("cli.letters_what")
    configured = Config.load(session.config).routes
    with existing_database(session, None) as opened, opened.writing() as connection:
        _check_route(connection, route, configured)
        letters = {one.sequence: one for one in dead_letters(connection, route)}
        missing = [number for number in dict.fromkeys(numbers) if number not in letters]
        if missing:
            raise NotThere("cli.no_letter", route=route, numbers=", ".join(map(str, missing)))
        asked = [letters[number] for number in dict.fromkeys(numbers)] if numbers else list(letters.values())
        again = send_again(connection, asked)
    stay = [one for one in asked if not one.is_worth_sending]
    _show_replay(route, again, stay, session.screen)
    if everything or not stay:
        return ExitCode.DONE
    return ExitCode.PARTIAL if again else ExitCode.FAILED


def _show_replay(route: str, again: Sequence[DeadLetter], stay: Sequence[DeadLetter], screen: Screen) -> None:
    screen.document({"route": route, "waiting": [one.sequence for one in again], "left": [asdict(one) for one in stay]})
    for one in stay:
        place = {"sequence": one.sequence, "record_type": one.record_type, "record_key": one.record_key}
        if one.is_gone:
            screen.say("letter_view.stays_gone", **place)
        else:
            screen.say("letter_view.stays_outdated", newer=one.outdated_by, **place)
    if again:
        screen.say("letter_view.replayed", number=len(again), route=route)
    elif not stay:
        screen.say("letter_view.none")


def _check_route(connection: Connection, route: str | None, configured: Iterable[str]) -> None:
    known = {*configured, *(str(state["name"]) for state in route_states(connection))}
    check_name("cli.route_unknown", route, known)


def _worth(one: DeadLetter, screen: Screen) -> str:
    if one.is_gone:
        return screen.text("letter_view.gone")
    return "-" if one.outdated_by is None else screen.text("letter_view.outdated", newer=one.outdated_by)
