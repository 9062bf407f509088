"""A database of a newer program, or none: a command leaves it alone and says what to do."""

from pathlib import Path

import pytest
from sqlalchemy import text

from cchc_connect import DatabaseUnusable, SharedDatabase
from tests.cli.conftest import Call, Connect
from tests.cli.district import District
from tests.sync.pulled_database import PulledDatabase


@pytest.fixture
def address(empty_address: str) -> str:
    """Give a database that no other test will use."""
    return empty_address


def test_a_database_of_a_newer_program_is_refused_by_every_command(
    call: Call, connect: Connect, district: District, books: PulledDatabase
) -> None:
    """Exit code 74; nothing is asked and nothing is changed."""
    del connect
    with books.database.writing() as connection:
        connection.execute(text("UPDATE cchc_schema_version SET version_num = '9999'"))
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA user_version = 9999"))
    before = books.everything()

    refused = [call("sync"), call("status"), call("reconcile", "district", "--repair")]

    assert [ended.code for ended in refused] == [74] * 3
    assert all(len(ended.err.splitlines()) == 1 and "Update the program" in ended.err for ended in refused)
    assert district.questions == []
    assert books.everything() == before


def test_where_nothing_was_pulled_there_is_nothing_to_compare(call: Call, connect: Connect, address: str) -> None:
    """Exit code 66; no database is made for it."""
    del connect

    assert call("reconcile", "district").code == 66
    with pytest.raises(DatabaseUnusable) as absent:
        SharedDatabase(address)
    assert absent.value.code == "database.absent"


@pytest.mark.parametrize("command", [("status",), ("quarantine", "list"), ("runs",), ("changes",)])
def test_a_folder_or_an_empty_file_in_place_of_a_database_is_called_what_it_is(
    call: Call, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Exit code 66; neither is changed."""
    folder, empty = tmp_path / "folder", tmp_path / "empty.db"
    folder.mkdir()
    empty.touch()

    of_folder, of_empty = call(*command, "--db", folder), call(*command, "--db", empty)

    assert (of_folder.code, of_empty.code) == (66, 66)
    assert f"{folder} is a folder" in of_folder.err
    assert f"{empty} is empty" in of_empty.err
    assert empty.stat().st_size == 0
