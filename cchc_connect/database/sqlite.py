"""SQLite as the shared database: one file; the file's lock allows one writer at a time."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from cchc_connect.database.backend import POOL_SIZE, silent_engine_options
from cchc_connect.database.direct.connection import DatabaseState, ParameterStyle
from cchc_connect.database.direct.layout import APPLICATION_ID, LOCK_TIMEOUT_S
from cchc_connect.database.direct.sqlite import (
    DRIVER_ERRORS,
    connect_sqlite,
    require_file,
    sqlite_error_message,
    sqlite_failure,
    sqlite_state,
)
from cchc_connect.messages import Message

WAL_RETRY_S = 0.05
"""Seconds between two attempts to switch a file to its write-ahead log while another program has it locked."""

CACHE_KIB = 4 * 1024
"""Page cache of a connection, KiB: the inner index pages of a million rows fit in."""

CHECKPOINT_PAGES = 8000
"""Pages of the write-ahead log, 32 MiB, at which it is merged into the file: an index page is written less often."""


class SqliteBackend:
    """The shared database in an SQLite file."""

    driver_errors = DRIVER_ERRORS
    parameter_style: ParameterStyle = "named"
    transaction_id = None

    def __init__(self, path: Path) -> None:
        """Prepare for the file at `path`, which is absolute."""
        self.path = path

    @property
    def location(self) -> str:
        """Return the file's path."""
        return str(self.path)

    def engine(self, *, may_create: bool) -> Engine:
        """Return an engine whose connections never begin a transaction of their own.

        The path goes to SQLite as it is: as an address it would be parsed, and `?` would end it.
        """
        engine = create_engine(
            URL.create("sqlite", database=self.location),
            creator=lambda: connect_sqlite(self.path, "rwc" if may_create else "rw"),
            poolclass=QueuePool,
            pool_size=POOL_SIZE,
            **silent_engine_options(),
        )
        event.listen(engine, "connect", _configure)
        return engine

    def begin(self, connection: Connection, *, writing: bool) -> None:
        """Begin a transaction: a writer takes the file's lock first."""
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    def inspect(self, connection: Connection) -> DatabaseState:
        """Return the schema version, and whether the file belongs to another program; change nothing."""
        return sqlite_state(lambda query: connection.exec_driver_sql(query).scalars().all())

    def stamp_version(self, connection: Connection, version: int) -> None:
        """Write application id and schema version into the file's header, where older programs read them too."""
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version = {version}")

    def configure(self, engine: Engine) -> None:
        """Let readers read while a page is written; the file stores this, and no transaction may be open."""
        connection = engine.raw_connection()
        try:
            _switch_to_wal(connection.cursor())
        finally:
            connection.close()

    def error_message(self, error: BaseException) -> Message:
        """Return what an error means and what to do."""
        return sqlite_error_message(error)

    def has_committed(self, connection: Connection, transaction_id: str) -> bool:
        """Return False: no transaction of a file is in doubt."""
        del connection, transaction_id
        return False

    def is_connection_lost(self, error: BaseException) -> bool:
        """Return False: a file has no connection that could break."""
        del error
        return False

    def require_exists(self) -> None:
        """Check that the file exists and can be read, without changing a byte of it.

        Raises:
            DatabaseUnusable: it does not exist (`database.absent`), or cannot be read; a file with a write-ahead log
                in a folder that this account cannot write is not readable either (`database.folder_not_writable`).
        """
        require_file(self.path)
        try:
            with closing(connect_sqlite(self.path, "rw")) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error as error:
            failure = sqlite_failure(error, self.path)
        else:
            return
        raise failure


def _switch_to_wal(cursor: DBAPICursor) -> None:
    """Switch the file to a write-ahead log; SQLite does not wait here for another program that has it locked."""
    deadline_s = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            is_locked = getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
            if not is_locked or time.monotonic() > deadline_s:
                raise
            time.sleep(WAL_RETRY_S)
        else:
            return


def _configure(driver_connection: Any, _: ConnectionPoolEntry) -> None:
    driver_connection.execute("PRAGMA synchronous = FULL")  # a committed page survives a power cut
    driver_connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    driver_connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
