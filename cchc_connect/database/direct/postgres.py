"""PostgreSQL by psycopg alone: a connection, the state of a database, the meaning of errors."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from psycopg import IsolationLevel

from cchc_connect.database.direct.connection import DatabaseState, DirectConnection
from cchc_connect.database.direct.layout import FORMER_VERSION_TABLE, LOCK_TIMEOUT_S, TABLE_NAMES, VERSION_TABLE
from cchc_connect.database.direct.postgres_address import PostgresAddress
from cchc_connect.errors import DatabaseLost, DatabaseUnusable
from cchc_connect.messages import Message

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

DRIVER_ERRORS: tuple[type[Exception], ...] = (psycopg.Error,)

SESSION_SETTINGS = (
    f"SET lock_timeout = '{LOCK_TIMEOUT_S:.0f}s'",
    f"SET idle_in_transaction_session_timeout = '{IDLE_TRANSACTION_TIMEOUT_S}s'",
    "SET client_min_messages = warning",
)
"""Statements that prepare a new connection."""


def connect_postgres(address: PostgresAddress, **options: Any) -> "psycopg.Connection[Any]":
    """Connect to the database at `address`, whatever the environment says of the encoding: texts are UTF-8.

    Raises:
        psycopg.Error: there is no connection.
    """
    try:
        return psycopg.connect(address.connection_text, **options)
    except UnicodeError:  # of the driver, which looks up the host itself
        raise psycopg.OperationalError("the host cannot be looked up") from None


def postgres_state(select: Callable[[str], Sequence[Any]]) -> DatabaseState:
    """Return the state of a database; `select` returns the first column of a query's rows."""
    encoding = str(select("SHOW server_encoding")[0])
    for table in (VERSION_TABLE, FORMER_VERSION_TABLE):
        if select(f"SELECT to_regclass('{table}')")[0] is not None:
            versions = select(f"SELECT version_num FROM {table}")  # noqa: S608  # the names are our own tables'
            version = int(versions[0] or 0) if versions else 0
            return DatabaseState(version=version, is_foreign=False, encoding=encoding)
    names = ", ".join(f"'{name}'" for name in sorted(TABLE_NAMES))
    query = f"SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename IN ({names})"  # noqa: S608  # as above
    return DatabaseState(version=0, is_foreign=select(query)[0] > 0, encoding=encoding)


def postgres_error_message(error: BaseException) -> Message:
    """Return what an error means and what to do."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        if isinstance(error, psycopg.ProgrammingError):
            return Message("database_reason.postgres_parameters")
        code = "postgres_turned_away" if _is_login_refused(error) else "postgres_unreachable"
        return Message(f"database_reason.{code}", {"name": type(error).__name__})
    code = ERROR_MESSAGES.get(state, "postgres_other")
    return Message(f"database_reason.{code}", {"name": f"{type(error).__name__} {state}"})


def is_postgres_lost(error: BaseException) -> bool:
    """True if only the connection broke: the same statements on a new connection may succeed."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return error.sqlstate is None or error.sqlstate in ADMIN_SHUTDOWN


def postgres_failure(error: BaseException, address: PostgresAddress) -> DatabaseUnusable:
    """Return our error for a failure of the database at `address`."""
    kind = DatabaseLost if is_postgres_lost(error) else DatabaseUnusable
    return kind("database.failed", path=address.location, reason=postgres_error_message(error))


@contextmanager
def postgres_reading(address: PostgresAddress) -> Generator[DirectConnection, None, None]:
    """Connect to the database at `address` and begin to read; the connection can change nothing.

    Raises:
        DatabaseUnusable: it has no tables of ours, or its schema version is not that of this program.
    """
    with closing(connect_postgres(address, autocommit=True)) as connection:
        cursor: Any = connection.cursor()  # its types allow literal texts only
        for setting in SESSION_SETTINGS:
            cursor.execute(setting)
        connection.autocommit = False
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        state = postgres_state(lambda query: [row[0] for row in cursor.execute(query)])
        state.require_current(address.location)
        yield DirectConnection(connection, "pyformat")


def _is_login_refused(error: BaseException) -> bool:
    """True if a server refused the login; libpq gives no SQLSTATE for a connection that was not established."""
    text = str(error)
    return "connection to server" in text and "FATAL:" in text
