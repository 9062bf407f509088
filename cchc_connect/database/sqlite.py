"""SQLite as the shared database: one file; the file's lock allows one writer at a time."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from cchc_connect.database.backend import LOCK_TIMEOUT_S, POOL_SIZE, DatabaseState, silent_engine_options
from cchc_connect.errors import DatabaseUnusable
from cchc_connect.messages import Message
from cchc_connect.privacy.private_files import PRIVATE_MODE

APPLICATION_ID = 0x63636863
"""Application id in the header of our files ("cchc"); a file with another id belongs to another program."""

ERRORS_WITH_MESSAGE = ("sqlite_full", "sqlite_readonly", "sqlite_cantopen", "sqlite_notadb", "sqlite_busy")
"""Error names of SQLite that have a message of their own."""

_WITHOUT_LOG = ("SQLITE_CANTOPEN", "SQLITE_READONLY")
"""Errors of a file whose write-ahead log cannot be created beside it."""

WAL_RETRY_S = 0.05
"""Seconds between two attempts to switch a file to its write-ahead log while another program has it locked."""

CACHE_KIB = 4 * 1024
"""Page cache of a connection, KiB: the inner index pages of a million rows fit in."""

CHECKPOINT_PAGES = 8000
"""Pages of the write-ahead log, 32 MiB, at which it is merged into the file: an index page is written less often."""


class SqliteBackend:
    """The shared database in an SQLite file."""

    driver_errors: tuple[type[Exception], ...] = (sqlite3.DatabaseError,)

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
            creator=lambda: self._connect("rwc" if may_create else "rw"),
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
        tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
        owner = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        return DatabaseState(version=version, is_foreign=bool(tables) and owner != APPLICATION_ID)

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
        """Return what an error means and what to do; SQLite's extended error names begin with the primary ones."""
        name: str = getattr(error, "sqlite_errorname", type(error).__name__)
        code = next((reason for reason in ERRORS_WITH_MESSAGE if name.lower().startswith(reason)), "other")
        return Message(f"database_reason.{code}", {"name": name})

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
        if not self.path.is_file():
            raise DatabaseUnusable("database.absent", path=self.location)
        try:
            with closing(self._connect("rw")) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error as error:
            reason, name = self.error_message(error), getattr(error, "sqlite_errorname", "")
        else:
            return
        if name.startswith(_WITHOUT_LOG) and _may(self.path, os.R_OK) and not _may(self.path.parent, os.W_OK):
            raise DatabaseUnusable("database.folder_not_writable", path=self.location, folder=self.path.parent)
        raise DatabaseUnusable("database.failed", path=self.location, reason=reason)

    def _connect(self, mode: str) -> sqlite3.Connection:
        """Return a connection; `mode` is that of SQLite: `rwc` creates the file, `rw` does not.

        A new file is readable by its owner only, and SQLite gives the files beside it the permissions that it has.
        """
        if mode == "rwc" and not self.path.exists():  # to open and close an existing file would drop SQLite's locks
            with suppress(OSError):  # another program was faster, or SQLite reports why it cannot be created
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE))
        address = f"{self.path.as_uri()}?mode={mode}"
        return sqlite3.connect(address, uri=True, timeout=LOCK_TIMEOUT_S, check_same_thread=False)


def _may(path: Path, mode: int) -> bool:
    """True if this process may access `path`, by its effective user where the system tells that apart."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


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
    driver_connection.isolation_level = None  # the driver must not begin transactions of its own
    driver_connection.execute("PRAGMA synchronous = FULL")  # a committed page survives a power cut
    driver_connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    driver_connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
