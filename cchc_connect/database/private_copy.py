"""A private copy of the shared database for a dry run: the run is carried out in the copy, and the copy is deleted.

So a dry run counts what the run itself would bring, and changes nothing. The copy is an SQLite file in a folder for
temporary files that only its owner may enter. It is taken in one read transaction, in which other programs go on
reading and writing; memory does not grow with the database. `TMPDIR` names another place for it.
"""

import json
import os
import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table

from cchc_connect.database.record_tables import all_tables
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import (
    audit_entry,
    audit_key,
    audit_seal,
    audit_subject,
    run,
    run_counter,
    schema_version,
)
from cchc_connect.errors import DatabaseUnusable
from cchc_connect.messages import Message

AUDIT_TABLES = frozenset({audit_entry.name, audit_key.name, audit_seal.name, audit_subject.name})

NOT_COPIED = AUDIT_TABLES | {schema_version.name, run.name, run_counter.name}
"""Tables that a dry run does not read, or that a new database has already."""

ROW_BATCH_SIZE = 1000
"""Rows copied at a time."""

FILE_NAME = "copy.db"


@contextmanager
def empty_database() -> Generator[SharedDatabase, None, None]:
    """Yield a new shared database without rows, in a temporary folder; both are deleted when the block ends."""
    with (
        _temporary_folder() as folder,
        SharedDatabase(folder / FILE_NAME, create_or_upgrade=True) as database,
    ):
        yield database


@contextmanager
def private_copy(database: SharedDatabase) -> Generator[SharedDatabase, None, None]:
    """Yield a copy of `database` in a temporary folder; both are deleted when the block ends.

    Raises:
        DatabaseUnusable: the database failed, or there is no space for the copy (`database.copy_failed`).
    """
    with _temporary_folder() as folder:
        path = folder / FILE_NAME
        with database.reading() as connection:
            if connection.dialect.name == "sqlite":
                _copy_file(connection, path)
            else:
                _copy_tables(connection, path)
        with SharedDatabase(path, create_or_upgrade=False) as copy:
            yield copy


@contextmanager
def _temporary_folder() -> Generator[Path, None, None]:
    try:
        created = tempfile.TemporaryDirectory(prefix="cchc-connect-")
    except OSError as error:
        folder = error.filename or ", ".join(filter(None, map(os.environ.get, ("TMPDIR", "TEMP", "TMP"))))
        raise DatabaseUnusable("database.copy_failed", folder=folder, reason=error.strerror) from error
    with created as folder:
        yield Path(folder)


def _copy_file(connection: Connection, path: Path) -> None:
    driver: Any = connection.connection.driver_connection
    with _writable(path) as target:
        driver.backup(target)


def _copy_tables(connection: Connection, path: Path) -> None:
    SharedDatabase(path, create_or_upgrade=True).close()
    with _writable(path) as target:
        for table in all_tables().sorted_tables:
            if table.name not in NOT_COPIED:
                _copy_table(connection, target, table)


def _copy_table(connection: Connection, target: sqlite3.Connection, table: Table) -> None:
    names = [f'"{column.name}"' for column in table.columns]
    columns, binds = ", ".join(names), ", ".join("?" * len(names))
    select = f'SELECT {columns} FROM "{table.name}"'  # noqa: S608  # names are our own tables'
    insert = f'INSERT INTO "{table.name}" ({columns}) VALUES ({binds})'  # noqa: S608  # as above
    with connection.exec_driver_sql(select, execution_options={"stream_results": True}) as rows:
        for batch in rows.partitions(ROW_BATCH_SIZE):
            target.executemany(insert, [tuple(map(_sqlite_value, row)) for row in batch])


@contextmanager
def _writable(path: Path) -> Generator[sqlite3.Connection, None, None]:
    """Yield a connection to the copy, which is committed when the block ends.

    Raises:
        DatabaseUnusable: it cannot be written (`database.copy_failed`).
    """
    try:
        with closing(sqlite3.connect(path)) as target, target:
            yield target
    except sqlite3.Error as error:
        name: str = getattr(error, "sqlite_errorname", type(error).__name__)
        code = "sqlite_full" if name.startswith("SQLITE_FULL") else "other"
        reason = Message(f"database_reason.{code}", {"name": name})
        raise DatabaseUnusable("database.copy_failed", folder=path.parent, reason=reason) from error


def _sqlite_value(value: object) -> object:
    """Return a value of PostgreSQL as the SQLite file holds it: JSON as text, decimals as numbers."""
    match value:
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
        case Decimal():
            return float(value)
        case _:
            return value
