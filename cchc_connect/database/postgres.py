"""PostgreSQL as the shared database; an advisory lock allows one writer at a time, as in SQLite.

With one writer the sequences of the change feed are committed in order, and a reader that continues after the
last one it saw misses nothing.
"""

from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from cchc_connect.database.backend import LOCK_TIMEOUT_S, POOL_SIZE, DatabaseState, silent_engine_options
from cchc_connect.database.record_tables import all_tables
from cchc_connect.database.tables import FORMER_VERSION_TABLE, schema_version
from cchc_connect.messages import Message
from cchc_connect.privacy.redaction import is_secret_name
from cchc_connect.privacy.secrets import register_secret

WRITE_LOCK = 0x63636863
"""Key of the advisory lock that every write transaction takes."""

IDLE_TRANSACTION_TIMEOUT_S = 60
"""Seconds after which the server ends a transaction whose program is idle; others wait for its lock."""

ERROR_MESSAGES = {
    "53100": "postgres_full",
    "55P03": "postgres_busy",
    "42501": "postgres_forbidden",
    "25006": "postgres_readonly",
}
"""SQLSTATE codes that have a message of their own."""

ADMIN_SHUTDOWN = frozenset({"57P01", "57P02", "57P03", "25P03"})
"""SQLSTATE codes of a connection that the server ended: by an administrator, a crash, a restart, or a timeout."""


class PostgresBackend:
    """The shared database in PostgreSQL."""

    driver_errors: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, url: str) -> None:
        """Prepare for the database at `url`."""
        parsed = make_url(url)
        for name in _secret_parameters(parsed):
            register_secret(str(parsed.query[name]))
        secret = None if parsed.password is None else register_secret(parsed.password)
        self._url = parsed.set(drivername="postgresql+psycopg", password=secret)

    @property
    def location(self) -> str:
        """Return the address without its password."""
        plain = self._url.set(drivername="postgresql")
        return plain.difference_update_query(_secret_parameters(plain)).render_as_string(hide_password=True)

    def engine(self, *, may_create: bool = False) -> Engine:
        """Return an engine whose connections wait for a lock no longer than `LOCK_TIMEOUT_S`; they create nothing."""
        del may_create
        engine = create_engine(self._url, pool_size=POOL_SIZE, pool_pre_ping=False, **silent_engine_options())
        event.listen(engine, "connect", _set_connection_options)
        return engine

    def begin(self, connection: Connection, *, writing: bool) -> None:
        """Begin a transaction: a writer takes the write lock first, a reader sees one committed state."""
        if writing:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def inspect(self, connection: Connection) -> DatabaseState:
        """Return the schema version, and whether another program has tables of our names; change nothing."""
        for table in (schema_version.name, FORMER_VERSION_TABLE):
            if connection.exec_driver_sql(f"SELECT to_regclass('{table}')").scalar() is not None:
                version = connection.exec_driver_sql(f"SELECT version_num FROM {table}").scalar()  # noqa: S608  # the names are our own tables'
                return DatabaseState(version=int(version or 0), is_foreign=False)
        names = [table.name for table in all_tables().sorted_tables]
        count = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = ANY(%s)", (names,)
        ).scalar_one()
        return DatabaseState(version=0, is_foreign=count > 0)

    def stamp_version(self, connection: Connection, version: int) -> None:
        """Do nothing: the version table holds the schema version."""

    def configure(self, engine: Engine) -> None:
        """Do nothing: readers never wait for writers in PostgreSQL."""

    def error_message(self, error: BaseException) -> Message:
        """Return what an error means and what to do."""
        state = getattr(error, "sqlstate", None)
        if state is None:
            code = "postgres_turned_away" if _is_login_refused(error) else "postgres_unreachable"
            return Message(f"database_reason.{code}", {"name": type(error).__name__})
        code = ERROR_MESSAGES.get(state, "postgres_other")
        return Message(f"database_reason.{code}", {"name": f"{type(error).__name__} {state}"})

    def is_connection_lost(self, error: BaseException) -> bool:
        """True if only the connection broke: the same statements on a new connection may succeed."""
        if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return False
        return error.sqlstate is None or error.sqlstate in ADMIN_SHUTDOWN

    def require_exists(self) -> None:
        """Do nothing: connecting to a database changes nothing in it and creates none."""


def _secret_parameters(url: URL) -> list[str]:
    """Return the secret query parameters of an address: libpq accepts passwords there too."""
    return [name for name in url.query if is_secret_name(name)]


def _is_login_refused(error: BaseException) -> bool:
    """True if a server refused the login; libpq gives no SQLSTATE for a connection that was not established."""
    text = str(error)
    return "connection to server" in text and "FATAL:" in text


def _set_connection_options(driver_connection: Any, _: ConnectionPoolEntry) -> None:
    with driver_connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_S:.0f}s'")
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_TRANSACTION_TIMEOUT_S}s'")
        cursor.execute("SET client_min_messages = warning")
    driver_connection.commit()
