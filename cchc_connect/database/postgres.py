"""PostgreSQL as the shared database: one writer at a time by an advisory lock, so that both databases behave alike.

With one writer the change feed's sequences are committed in their order, and a reader that goes on from the
last one it saw misses nothing.
"""

from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from cchc_connect.database.backend import LOCK_WAIT_S, POOL_SIZE, Found, quiet
from cchc_connect.database.record_tables import all_tables
from cchc_connect.database.tables import FORMER_VERSION_TABLE, schema_version
from cchc_connect.messages import Phrase
from cchc_connect.redaction import tells_secret
from cchc_connect.revealed import revealed

WRITE_LOCK = 0x63636863
"""Number of the advisory lock that every write transaction takes."""

FROZEN_S = 60
"""Seconds after which the server ends a transaction whose program shows no life; others wait for its lock."""

REASONS = {
    "53100": "postgres_full",
    "55P03": "postgres_busy",
    "42501": "postgres_forbidden",
    "25006": "postgres_readonly",
}
"""SQLSTATE codes that have a sentence of their own."""

ADMIN_SHUTDOWN = frozenset({"57P01", "57P02", "57P03", "25P03"})
"""The server ended the connection: an administrator, a crash, a restart, or silence in a transaction."""


class PostgresBackend:
    """The shared database in PostgreSQL."""

    failures: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, url: str) -> None:
        """Prepare for the database that `url` names."""
        read = make_url(url)
        for name in _secret(read):
            revealed(str(read.query[name]))
        secret = None if read.password is None else revealed(read.password)
        self._url = read.set(drivername="postgresql+psycopg", password=secret)

    @property
    def place(self) -> str:
        """Return the address without its password."""
        shown = self._url.set(drivername="postgresql")
        return shown.difference_update_query(_secret(shown)).render_as_string(hide_password=True)

    def engine(self) -> Engine:
        """Return an engine of connections that wait for a lock no longer than is useful."""
        engine = create_engine(self._url, pool_size=POOL_SIZE, pool_pre_ping=False, **quiet())
        event.listen(engine, "connect", _configure)
        return engine

    def begin(self, connection: Connection, *, writing: bool) -> None:
        """Begin a transaction: one that writes takes the write lock first, one that reads sees one state."""
        if writing:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def find(self, connection: Connection) -> Found:
        """Return the schema version, and whether another program has tables of our names; change nothing."""
        for table in (schema_version.name, FORMER_VERSION_TABLE):
            if connection.exec_driver_sql(f"SELECT to_regclass('{table}')").scalar() is not None:
                version = connection.exec_driver_sql(f"SELECT version_num FROM {table}").scalar()  # noqa: S608  # the names are our own tables'
                return Found(version=int(version or 0), is_foreign=False)
        names = [table.name for table in all_tables().sorted_tables]
        taken = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = ANY(%s)", (names,)
        ).scalar_one()
        return Found(version=0, is_foreign=taken > 0)

    def sign(self, connection: Connection, version: int) -> None:
        """Do nothing: the version table holds the schema version."""

    def settle(self, engine: Engine) -> None:
        """Do nothing: readers never wait for writers."""

    def reason(self, error: BaseException) -> Phrase:
        """Return what an error means and what to do."""
        state = getattr(error, "sqlstate", None)
        if state is None:
            known = "postgres_turned_away" if _is_turned_away(error) else "postgres_unreachable"
            return Phrase(f"database_reason.{known}", {"name": type(error).__name__})
        known = REASONS.get(state, "postgres_other")
        return Phrase(f"database_reason.{known}", {"name": f"{type(error).__name__} {state}"})

    def is_lost(self, error: BaseException) -> bool:
        """Say whether only the connection broke: the same again on a new one may succeed."""
        if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return False
        return error.sqlstate is None or error.sqlstate in ADMIN_SHUTDOWN

    def look(self) -> None:
        """Do nothing: looking at a database changes nothing in it."""


def _secret(url: URL) -> list[str]:
    """Return which parameters of an address are secret: libpq takes its passwords there too."""
    return [name for name in url.query if tells_secret(name)]


def _is_turned_away(error: BaseException) -> bool:
    """Say whether a server let nobody in: of a connection that did not come about libpq tells no SQLSTATE."""
    told = str(error)
    return "connection to server" in told and "FATAL:" in told


def _configure(driver_connection: Any, _: ConnectionPoolEntry) -> None:
    with driver_connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_WAIT_S:.0f}s'")
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{FROZEN_S}s'")
        cursor.execute("SET client_min_messages = warning")
    driver_connection.commit()
