"""Work on the database is repeated where its connection broke, and is done once."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, select

from cchc_connect.database.replay import MAX_REPLAYS, MAX_WAIT_S, replayed_read, replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import rate_limit
from cchc_connect.errors import DatabaseLost
from tests.databases import prepared_address


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDatabase]:
    """Give a shared database in PostgreSQL; a file has no connection that could break."""
    with (
        prepared_address("postgres", tmp_path_factory.mktemp("replay")) as address,
        SharedDatabase(address) as opened,
    ):
        yield opened


def end_connection(connection: Connection) -> None:
    """Let the server end this connection."""
    driver_connection: Any = connection.connection.driver_connection
    pid = driver_connection.info.backend_pid
    with psycopg.connect(driver_connection.info.dsn) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 2000)", (pid,))


def names(connection: Connection) -> list[str]:
    """Return the names of the rows that the tests write."""
    return sorted(connection.execute(select(rate_limit.c.connection)).scalars())


def insert(connection: Connection, name: str) -> str:
    """Insert a row, whose name must be new."""
    connection.execute(rate_limit.insert().values(connection=name, next_free_at="2026-01-01T00:00:00.000000Z"))
    return name


@pytest.mark.parametrize("breaks", [1, 2, MAX_REPLAYS])
def test_a_read_whose_connection_breaks_is_repeated(database: SharedDatabase, breaks: int) -> None:
    """Each repetition sees one committed state again; the waits stay short."""
    waits, attempts = list[float](), 0

    def read(connection: Connection) -> list[str]:
        nonlocal attempts
        attempts += 1
        if attempts <= breaks:
            end_connection(connection)
        return names(connection)

    assert replayed_read(database, read, sleep=waits.append) == []
    assert len(waits) == breaks
    assert max(waits) <= MAX_WAIT_S


def test_work_whose_connections_all_break_is_an_error_and_leaves_nothing(database: SharedDatabase) -> None:
    """After the last repetition the error is raised."""
    waits = list[float]()

    def write(connection: Connection) -> None:
        insert(connection, "a")
        end_connection(connection)
        names(connection)

    with pytest.raises(DatabaseLost):
        replayed_write(database, write, sleep=waits.append)

    assert len(waits) == MAX_REPLAYS
    assert replayed_read(database, names) == []


@pytest.mark.parametrize("is_committed", [True, False])
def test_work_whose_connection_breaks_during_the_commit_is_done_once(
    database: SharedDatabase, *, is_committed: bool
) -> None:
    """The database is asked whether it was committed: a second insertion of the row would fail."""
    calls = list[str]()

    def write(connection: Connection) -> str:
        calls.append("write")
        return insert(connection, "a")

    def break_commit(connection: Connection) -> None:
        if len(calls) > 1 or not connection.get_execution_options().get("cchc_writing"):
            return
        driver_connection: Any = connection.connection.driver_connection
        if is_committed:
            driver_connection.commit()
        end_connection(connection)
        calls.append("broken")
        raise psycopg.errors.AdminShutdown

    event.listen(Engine, "commit", break_commit)
    try:
        assert replayed_write(database, write, sleep=lambda _: None) == "a"
    finally:
        event.remove(Engine, "commit", break_commit)

    assert calls == (["write", "broken"] if is_committed else ["write", "broken", "write"])
    assert replayed_read(database, names) == ["a"]
