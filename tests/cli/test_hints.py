"""A command that a message suggests can be typed as it stands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cchc_connect.cli.app import app
from cchc_connect.cli.hints import DATABASE_COMMANDS, SUGGESTION, TypedOptions
from cchc_connect.messages import Language, sentences_by_code
from tests.cli.conftest import Call


def commands(group: TyperGroup, before: str = "") -> Iterator[tuple[str, set[str]]]:
    """Yield each command of the program with its options."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", {option for parameter in command.params for option in parameter.opts}


def program() -> dict[str, set[str]]:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    return dict(commands(root))


def test_the_commands_that_get_db_are_those_that_have_it() -> None:
    assert sorted(DATABASE_COMMANDS) == sorted(
        name for name, options in program().items() if "--db" in options - {""} and name != "demo"
    )


@pytest.mark.parametrize("language", Language)
def test_every_suggested_command_exists(language: Language) -> None:
    """And it ends its line, where the options of the reader are added."""
    existing = {*program(), *(name.partition(" ")[0] for name in program())}

    for code, sentence in sentences_by_code(language).items():
        for suggestion in re.findall(r"cchc-connect (?!--)([a-z-]+[^\n]*)", sentence):
            words = suggestion.split()
            assert {words[0], " ".join(words[:2])} & existing, code
            assert SUGGESTION.search(sentence), code
            assert not suggestion.endswith("."), code
            assert not re.search(r"[.,;)](\s|$)|cchc-connect", suggestion), f"{code}: more than one command in a line"


def test_a_suggestion_repeats_the_database_and_the_language_that_were_typed(call: Call, pulled: Path) -> None:
    ended = call("quarantine", "list", "--db", pulled, "--lang", "vi")

    (suggested,) = re.findall(r"cchc-connect (quarantine show .*)", ended.out)
    assert suggested.endswith(f" --db {pulled} --lang vi")
    assert call(*suggested.split()).code == 0


def test_a_suggestion_repeats_the_configuration_that_was_typed(call: Call) -> None:
    ended = call("sync", "--config", "other.toml")

    assert "cchc-connect init --config other.toml\n" in ended.err


def test_a_suggestion_does_not_repeat_a_language_that_there_is_not(call: Call) -> None:
    (suggested,) = re.findall(r"cchc-connect (.*--help.*)", call("status", "--lang", "fr").err)

    assert call(*suggested.split()).code == 0


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("Run: cchc-connect status", "Run: cchc-connect status --db a.db --lang vi"),
        ("Run: cchc-connect sync", "Run: cchc-connect sync --config c.toml --lang vi"),
        ("See: cchc-connect status --help", "See: cchc-connect status --help --lang vi"),
        ("List: cchc-connect runs --db a.db --lang vi", "List: cchc-connect runs --db a.db --lang vi"),
        ("cchc-connect: nothing", "cchc-connect: nothing"),
    ],
)
def test_each_option_is_added_once_where_the_command_has_it(text: str, completed: str) -> None:
    assert TypedOptions(db="a.db", config="c.toml", lang="vi").complete(text) == completed


def test_no_password_is_repeated() -> None:
    typed = TypedOptions.of(["status", "--db", "postgresql://cchc:secret@db/shared"])

    assert typed.complete("cchc-connect status") == "cchc-connect status --db postgresql://cchc@db/shared"
