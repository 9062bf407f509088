"""A database of a newer program: every command leaves it alone and says what to do."""

import pytest
from sqlalchemy import text

from tests.cli.conftest import Call, Connect
from tests.cli.district import District
from tests.sync.books import Books


@pytest.mark.parametrize("command", [("sync",), ("status",), ("reconcile", "district", "--repair")])
def test_a_database_of_a_newer_program_is_refused_by_every_command(
    call: Call, connect: Connect, district: District, books: Books, command: tuple[str, ...]
) -> None:
    """Exit code 74; nothing is asked and nothing is changed."""
    del connect
    with books.database.writing() as connection:
        connection.execute(text("UPDATE cchc_structure SET version_num = '9999'"))
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA user_version = 9999"))
    before = books.everything()

    refused = call(*command)

    assert refused.code == 74
    assert len(refused.err.splitlines()) == 1
    assert "Update the program" in refused.err
    assert district.questions == []
    assert books.everything() == before
