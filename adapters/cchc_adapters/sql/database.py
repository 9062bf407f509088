"""The database of one connection: which kind it is, and how it is opened for reading."""

from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from cchc_adapters.sql.mariadb import MariaDb
from cchc_adapters.sql.options import SqlOptions
from cchc_adapters.sql.postgres import Postgres
from cchc_adapters.sql.refusals import boundary
from cchc_adapters.sql.servers import Server
from cchc_adapters.sql.sqlite import Sqlite

SERVERS: Mapping[str, type[Server]] = {
    "postgresql": Postgres,
    "mysql": MariaDb,
    "mariadb": MariaDb,
    "sqlite": Sqlite,
}
"""Kinds of databases that are known; others are reached with what their drivers do by themselves."""


class Database:
    """Opens connections that can only read."""

    def __init__(self, options: SqlOptions) -> None:
        """Store how the database is reached; nothing is opened and no secret is read."""
        url = options.address
        server = SERVERS.get(url.get_backend_name(), Server)
        self.server = server(url, ZoneInfo(options.time_zone), timedelta(seconds=options.statement_timeout_s))
        self._password = options.password

    def connect(self) -> Connection:
        """Return a new connection; the caller closes it.

        Raises:
            ConfigurationError: the password cannot be read, or the driver is not installed.
            AuthenticationFailed: the database refuses the account.
            SourceHeld: there is no such database.
            Unreachable: it does not answer.
        """
        server = self.server
        with boundary(server.place, server.url.database or ""):
            password = None if self._password is None else self._password.reveal()
            connection = server.engine(password).connect()
            server.begin(connection)
            return connection
