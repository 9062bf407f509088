"""The shared database: opening it, and its two kinds of transaction.

`reading()` sees one committed state. `writing(token)` is the only way to change anything: it takes the
database's write lock first, then looks whether the lease's fencing token is still the caller's, so that a
run that froze past its lease can write nothing more.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, create_engine, event, select
from sqlalchemy.exc import DatabaseError as ForeignDatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from cchc_connect.database.tables import STRUCTURE_VERSION, all_tables, lease
from cchc_connect.errors import DatabaseUnusable, LeaseLost
from cchc_connect.messages import Phrase

LOCK_WAIT_S = 30.0
"""Seconds a writer waits for another program's transaction."""

APPLICATION_ID = 0x63636863
"""What an SQLite file of ours says of itself ("cchc"); a file that says something else is another program's."""

REASONS = ("sqlite_full", "sqlite_readonly", "sqlite_cantopen", "sqlite_notadb", "sqlite_busy")
"""Errors of SQLite that have a sentence of their own."""

RUN_LEASE = "sync"
"""Name of the lease that a run holds."""


class SharedDatabase:
    """One shared database in an SQLite file; safe to be used by many threads."""

    def __init__(self, url: str) -> None:
        """Open the database at `url`, `sqlite:///PATH`, and make its tables where it is new.

        Raises:
            DatabaseUnusable: it cannot be opened, is no database, or was made by a newer program.
        """
        self.url = url
        self._writer = threading.Lock()  # SQLite has one writer; waiting here is fairer than its busy loop
        self._engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_S}, hide_parameters=True, pool_size=8)
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        try:
            self._prepare()
        except BaseException:
            self._engine.dispose()
            raise

    @property
    def location(self) -> Path:
        """Return the file's path."""
        return Path(self.url.removeprefix("sqlite:///"))

    @contextmanager
    def reading(self) -> Generator[Connection, None, None]:
        """Give a connection that sees one committed state and changes nothing.

        Raises:
            DatabaseUnusable: the database failed.
        """
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, token: int | None = None, *, keep: bool = True) -> Generator[Connection, None, None]:
        """Give a connection whose changes are committed together when the block ends, or not at all.

        Args:
            token: the run's fencing token; None for what needs no lease (the lease itself, a repair by hand).
            keep: False for a rehearsal: everything is done and then undone.

        Raises:
            LeaseLost: the lease has another token by now; nothing was changed.
            DatabaseUnusable: the database failed; nothing was changed.
        """
        with self._writer, self._translated(), self._engine.connect() as plain:
            connection = plain.execution_options(cchc_writing=True)
            with connection.begin() as transaction:
                if token is not None:
                    _check_fence(connection, token)
                yield connection
                if not keep:
                    transaction.rollback()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self) -> None:
        with self._translated(), self._engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            owner = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
            is_empty = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one() == 0
        if owner != APPLICATION_ID and not is_empty:
            raise DatabaseUnusable("database.foreign", path=self.location)
        if found > STRUCTURE_VERSION:
            raise DatabaseUnusable("database.newer", path=self.location, found=found, known=STRUCTURE_VERSION)
        if found < STRUCTURE_VERSION:
            with self.writing() as connection:
                all_tables().create_all(connection)
                connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.exec_driver_sql(f"PRAGMA user_version = {STRUCTURE_VERSION}")
        all_tables()

    @contextmanager
    def _translated(self) -> Generator[None, None, None]:
        """Translate the driver's errors, which may hold values of rows, into ours, which do not."""
        try:
            yield
        except ForeignDatabaseError as error:
            name: str = getattr(error.orig, "sqlite_errorname", type(error.orig).__name__)
            raise DatabaseUnusable("database.failed", path=self.location, reason=_reason(name)) from None


def _reason(name: str) -> Phrase:
    """Return what an error of SQLite means and what to do; its extended names begin with the plain ones."""
    known = next((reason for reason in REASONS if name.lower().startswith(reason)), "other")
    return Phrase(f"database_reason.{known}", {"name": name})


def _check_fence(connection: Connection, token: int) -> None:
    found = connection.execute(select(lease.c.token).where(lease.c.name == RUN_LEASE)).scalar()
    if found != token:
        raise LeaseLost("lease.lost", token=token)


def _configure(driver_connection: Any, _: ConnectionPoolEntry) -> None:
    driver_connection.isolation_level = None  # the driver must not begin transactions of its own
    # WAL lets readers read while a page is written; FULL makes a committed page survive a power cut.
    driver_connection.execute("PRAGMA journal_mode = WAL")
    driver_connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("cchc_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
