"""SQLite as the shared database: one file; the file's lock allows one writer at a time."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from cchc_connect.database.backend import LOCK_TIMEOUT_S, POOL_SIZE, DatabaseState, silent_engine_options
from cchc_connect.errors import DatabaseUnusable
from cchc_connect.messages import Message

SQLITE_URL_PREFIX = "sqlite:///"

APPLICATION_ID = 0x63636863
"""Application id in the header of our files ("cchc"); a file with another id belongs to another program."""

ERRORS_WITH_MESSAGE = ("sqlite_full", "sqlite_readonly", "sqlite_cantopen", "sqlite_notadb", "sqlite_busy")
"""Error names of SQLite that have a message of their own."""

CACHE_KIB = 4 * 1024
"""Page cache of a connection, KiB: the inner index pages of a million rows fit in."""

CHECKPOINT_PAGES = 8000
"""Pages of the write-ahead log, 32 MiB, at which it is merged into the file: an index page is written less often."""


class SqliteBackend:
    """The shared database in an SQLite file."""

    driver_errors: tuple[type[Exception], ...] = (sqlite3.DatabaseError,)

    def __init__(self, url: str) -> None:
        """Prepare for the file at `url`."""
        self._url = url
        self.path = Path(url.removeprefix(SQLITE_URL_PREFIX))

    @property
    def location(self) -> str:
        """Return the file's path."""
        return str(self.path)

    def engine(self) -> Engine:
        """Return an engine whose connections never begin a transaction of their own."""
        engine = create_engine(
            self._url, connect_args={"timeout": LOCK_TIMEOUT_S}, pool_size=POOL_SIZE, **silent_engine_options()
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
            connection.cursor().execute("PRAGMA journal_mode = WAL")
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
            DatabaseUnusable: it does not exist (`database.absent`), or cannot be read.
        """
        if not self.path.is_file():
            raise DatabaseUnusable("database.absent", path=self.location)
        try:
            with closing(sqlite3.connect(f"file:{quote(self.location)}?mode=ro", uri=True)) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error as error:
            reason = self.error_message(error)
        else:
            return
        raise DatabaseUnusable("database.failed", path=self.location, reason=reason)


def _configure(driver_connection: Any, _: ConnectionPoolEntry) -> None:
    driver_connection.isolation_level = None  # the driver must not begin transactions of its own
    driver_connection.execute("PRAGMA synchronous = FULL")  # a committed page survives a power cut
    driver_connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    driver_connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
