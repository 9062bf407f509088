"""PostgreSQL by psycopg alone: parts of an address, the state of a database, the meaning of errors, a connection.

An address is read as SQLAlchemy reads it, so that the same text means the same everywhere.
"""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, quote, quote_plus, unquote

import psycopg
from psycopg import IsolationLevel
from psycopg.conninfo import make_conninfo

from cchc_connect.database.direct.connection import DatabaseState, DirectConnection
from cchc_connect.database.direct.layout import FORMER_VERSION_TABLE, LOCK_TIMEOUT_S, TABLE_NAMES, VERSION_TABLE
from cchc_connect.errors import DatabaseLost, DatabaseUnusable
from cchc_connect.messages import Message
from cchc_connect.privacy.redaction import is_secret_name
from cchc_connect.privacy.secrets import SecretText, register_secret

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

_ADDRESS = re.compile(
    r"postgresql://"
    r"(?:(?P<user>[^:/]*)(?::(?P<password>[^@]*))?@)?"
    r"(?:(?:\[(?P<host6>[^/?]+)\]|(?P<host>[^/:?]+))?(?::(?P<port>[^/?]*))?)?"
    r"(?:/(?P<name>[^?]*))?"
    r"(?:\?(?P<parameters>.*))?"
)


@dataclass(frozen=True, kw_only=True)
class PostgresAddress:
    """Parts of `postgresql://USER:PASSWORD@HOST:PORT/NAME?PARAMETERS`."""

    user: str | None
    password: str | None = field(repr=False)
    host: str | None
    port: str | None
    name: str | None
    parameters: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, address: str) -> Self:
        """Return the parts of an address; its secrets are masked in logs from now on."""
        match = _ADDRESS.match(address)
        part: Mapping[str, str | None] = {} if match is None else match.groupdict()
        user, password, name = (
            None if (text := part.get(key)) is None else unquote(text) for key in ("user", "password", "name")
        )
        parameters = dict(parse_qsl(part.get("parameters") or ""))
        for secret in (password, *(value for key, value in parameters.items() if is_secret_name(key))):
            if secret:
                register_secret(secret)
        host, port = part.get("host6") or part.get("host"), part.get("port")
        return cls(user=user, password=password, host=host, port=port, name=name, parameters=parameters)

    @property
    def location(self) -> str:
        """Return the address without its secrets."""
        user = "" if self.user is None else quote(self.user, safe=" +")
        password = "" if self.password is None else ":***"
        at = "" if self.user is None else "@"
        host = f"[{self.host}]" if ":" in (self.host or "") else self.host or ""
        port = f":{self.port}" if self.port else ""
        name = "" if self.name is None else f"/{quote(self.name, safe=' +/')}"
        shown = {key: value for key, value in sorted(self.parameters.items()) if not is_secret_name(key)}
        query = "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in shown.items())
        return f"postgresql://{user}{password}{at}{host}{port}{name}{'?' if query else ''}{query}"

    @property
    def connection_text(self) -> SecretText:
        """Return the text with which the driver connects; it contains the password."""
        parts = {"user": self.user, "password": self.password, "host": self.host, "port": self.port}
        parts_of_text = {name: value for name, value in {**parts, "dbname": self.name}.items() if value}
        return SecretText(make_conninfo(**{**parts_of_text, **self.parameters}))


def postgres_state(select: Callable[[str], Sequence[Any]]) -> DatabaseState:
    """Return the state of a database; `select` returns the first column of a query's rows."""
    for table in (VERSION_TABLE, FORMER_VERSION_TABLE):
        if select(f"SELECT to_regclass('{table}')")[0] is not None:
            versions = select(f"SELECT version_num FROM {table}")  # noqa: S608  # the names are our own tables'
            return DatabaseState(version=int(versions[0] or 0) if versions else 0, is_foreign=False)
    names = ", ".join(f"'{name}'" for name in sorted(TABLE_NAMES))
    query = f"SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename IN ({names})"  # noqa: S608  # as above
    return DatabaseState(version=0, is_foreign=select(query)[0] > 0)


def postgres_error_message(error: BaseException) -> Message:
    """Return what an error means and what to do."""
    state = getattr(error, "sqlstate", None)
    if state is None:
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
    with closing(psycopg.connect(address.connection_text, autocommit=True)) as connection:
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
