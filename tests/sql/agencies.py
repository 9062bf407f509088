"""Databases of invented agencies on real servers: a file of SQLite, a schema of PostgreSQL, a database of MariaDB."""

import atexit
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from psycopg.sql import SQL, Identifier

from tests.databases import postgres_server

START_S = 30

KINDS = ("sqlite", "postgres", pytest.param("mariadb", marks=pytest.mark.thirdparty))


class Agency:
    """The database of an agency, and the account of its own people, which writes."""

    def __init__(self, kind: str, url: str, connection: Any) -> None:
        """Store the agency's own connection; `url` is what an integrator is given."""
        self.kind = kind
        self.url = url
        self.connection = connection

    def run(self, statement: str, values: Sequence[object] = ()) -> None:
        """Carry out one statement as the agency; values stand as "?"."""
        cursor = self.connection.cursor()
        if values:
            marked = statement if self.kind == "sqlite" else statement.replace("%", "%%").replace("?", "%s")
            cursor.execute(marked, values)
        else:
            cursor.execute(statement)
        self.connection.commit()
        cursor.close()

    def add(self, table: str, *rows: Sequence[object]) -> None:
        """Add rows to a table whose name is written as a statement needs it."""
        for row in rows:
            marks = ", ".join("?" * len(row))
            self.run(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608  # names of tests

    def quoted(self, name: str) -> str:
        """Return a name as statements of this database quote it."""
        mark = "`" if self.kind == "mariadb" else '"'
        return f"{mark}{name}{mark}"


@contextmanager
def agency_of(kind: str, folder: Path) -> Generator[Agency]:
    """Give an empty database; it is removed afterwards."""
    if kind == "sqlite":
        connection = sqlite3.connect(folder / "agency.db", check_same_thread=False)
        yield Agency(kind, f"sqlite:///{folder / 'agency.db'}", connection)
        connection.close()
    elif kind == "postgres":
        yield from _postgres()
    else:
        yield from _mariadb()


def _postgres() -> Generator[Agency]:
    name, server = f"agency_{uuid.uuid4().hex}", postgres_server()
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
        url = f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{name}"
        with psycopg.connect(url) as connection:
            yield Agency("postgres", url, connection)
        admin.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(name)))


def _mariadb() -> Generator[Agency]:
    name, port = f"agency_{uuid.uuid4().hex}", mariadb_server()
    admin = pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
    with admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        with pymysql.connect(host="127.0.0.1", port=port, user="root", database=name) as connection:
            yield Agency("mariadb", f"mariadb://root@127.0.0.1:{port}/{name}", connection)
        cursor.execute(f"DROP DATABASE {name}")


@cache
def mariadb_server() -> int:
    """Return the port of a server of MariaDB that this process started; where none is installed the test is skipped."""
    if shutil.which("mariadbd") is None or shutil.which("mariadb-install-db") is None:
        pytest.skip("MariaDB is not installed: apt-get install mariadb-server")
    folder = Path(tempfile.mkdtemp(prefix="cchc-mariadb-"))
    account = "mysql" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() == 0:
        shutil.chown(folder, "mysql")
    common = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={account}"]
    install = ["mariadb-install-db", *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, check=True, capture_output=True)
    port = _free_port()
    options = [f"--socket={folder / 'socket'}", f"--port={port}", "--bind-address=127.0.0.1", f"--tmpdir={folder}"]
    safe = ["--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0", "--skip-log-bin", f"--pid-file={folder / 'pid'}"]
    server = subprocess.Popen(
        [str(shutil.which("mariadbd")), *common, *options, *safe], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _STARTED.append((server, folder))
    atexit.register(stop_servers)
    until = time.monotonic() + START_S
    while True:
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="root").close()
        except pymysql.err.OperationalError:
            if time.monotonic() > until or server.poll() is not None:
                raise
            time.sleep(0.1)
        else:
            return port


_STARTED: list[tuple[subprocess.Popen[bytes], Path]] = []


def stop_servers() -> None:
    """Stop the server that this process started, if it did."""
    while _STARTED:
        server, folder = _STARTED.pop()
        server.terminate()
        server.wait(START_S)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
