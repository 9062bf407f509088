"""A mistake in a command line is answered by what to type instead."""

import pytest

from tests.cli.conftest import Call


def test_a_command_that_writes_says_which_database_it_works_with(call: Call) -> None:
    """It has no --db; the option that is spelt most alike has nothing to do with it."""
    refused = call("sync", "--db", "demo.db")

    assert refused.code == 64
    assert "--debug" not in refused.err
    assert "the database of cchc.toml" in refused.err


@pytest.mark.parametrize("command", ["status", "quarantine list", "changes"])
def test_without_a_configuration_a_command_that_reads_offers_to_name_the_database(call: Call, command: str) -> None:
    assert "--db PATH" in call(*command.split()).err
    assert "--db PATH" not in call("sync").err


@pytest.mark.parametrize(
    ("arguments", "help_of"),
    [
        ("sync --only", "cchc-connect sync --help"),
        ("quarantine list --db", "cchc-connect quarantine list --help"),
        ("status --lang", "cchc-connect --help"),
    ],
)
def test_an_option_without_its_value_names_the_help_of_its_command(call: Call, arguments: str, help_of: str) -> None:
    refused = call(*arguments.split())

    assert refused.code == 64
    assert f"{arguments.rsplit(maxsplit=1)[-1]} needs a value. See: {help_of}\n" in refused.err


def test_a_language_that_does_not_exist_is_not_repeated_in_a_suggestion(call: Call) -> None:
    assert call("--lang", "fr", "status").err.endswith("See: cchc-connect --help\n")
