"""A database of a newer program: every command leaves it alone and says what to do."""

from sqlalchemy import text

from tests.cli.conftest import Call, Connect
from tests.cli.district import District
from tests.sync.books import Books


def test_a_database_of_a_newer_program_is_refused_by_every_command(
    call: Call, connect: Connect, district: District, books: Books
) -> None:
    """Exit code 74; nothing is asked and nothing is changed."""
    del connect
    with books.database.writing() as connection:
        connection.execute(text("UPDATE cchc_structure SET version_num = '9999'"))
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA user_version = 9999"))
    before = books.everything()

    refused = [call("sync"), call("status"), call("reconcile", "district", "--repair")]

    assert [one.code for one in refused] == [74] * 3
    assert all(len(one.err.splitlines()) == 1 and "Update the program" in one.err for one in refused)
    assert district.questions == []
    assert books.everything() == before
