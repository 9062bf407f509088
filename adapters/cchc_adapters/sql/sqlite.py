"""A file of SQLite, opened for reading only."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, Connection, Engine, Text, bindparam, cast, collate, create_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.types import NullType

from cchc_adapters.sql.rows import UndecodedText, decoded
from cchc_adapters.sql.servers import Kind, Server

STEPS = 200_000
"""Steps of the database's machine between two looks at the clock."""

UNDECODABLE = "decode to UTF-8"


class Sqlite(Server):
    """SQLite: one transaction, which sees the file as it was at its beginning."""

    def __init__(self, *arguments: Any) -> None:
        """Store how it is reached; nothing is opened."""
        super().__init__(*arguments)
        self.is_lenient = False
        """Whether texts are read that are not in UTF-8; that takes longer."""

    @property
    def place(self) -> str:
        """Return the name of the file."""
        return Path(self.url.database or "").name

    def engine(self, password: str | None) -> Engine:
        """Return an engine; there is no password."""
        del password
        return create_engine("sqlite://", creator=self._connect, poolclass=NullPool, hide_parameters=True)

    def _connect(self) -> sqlite3.Connection:
        address = f"file:{quote(self.url.database or '')}?mode=ro"
        seconds = self.timeout.total_seconds()
        connection = sqlite3.connect(
            address, uri=True, timeout=min(60.0, seconds), isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA query_only = on")
        self.watch(connection)()
        connection.text_factory = decoded
        return connection

    def stream(self, connection: Any) -> Any:
        """Return a cursor for many rows; it is slower once texts are not in UTF-8."""
        connection.text_factory = decoded if self.is_lenient else str
        return connection.cursor()

    def blocks_writers(self, connection: Connection) -> bool:
        """Return whether the file has no write-ahead log."""
        return connection.exec_driver_sql("PRAGMA journal_mode").scalar() != "wal"

    def begin(self, connection: Connection) -> None:
        """Begin the transaction: the driver begins one for writing only."""
        connection.exec_driver_sql("BEGIN")

    def watch(self, connection: Any) -> Callable[[], None]:
        """Interrupt a connection whose answer takes too long."""
        return AnswerLimit(connection, self.timeout.total_seconds()).restart

    def reads_leniently_after(self, error: BaseException) -> bool:
        """Return whether a text is not in UTF-8; from now on such texts are read too."""
        if self.is_lenient or UNDECODABLE not in str(error):
            return False
        self.is_lenient = True
        return True

    def in_bytes(self, value: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
        """Return a value so that texts are in the order of their bytes: any column of SQLite may hold some."""
        del kind
        return collate(value, "BINARY")

    def parameter(self, value: object) -> ColumnElement[Any]:
        """Return a value of a row as a parameter; a text that is not in UTF-8 stays a text."""
        if isinstance(value, UndecodedText):
            return cast(bindparam(None, bytes(value), type_=NullType(), unique=True), Text)
        return super().parameter(value)


class AnswerLimit:
    """Interrupts a connection of SQLite whose answer takes too long."""

    def __init__(self, connection: Any, seconds: float) -> None:
        """Watch `connection`."""
        self._seconds = seconds
        self._until = 0.0
        connection.set_progress_handler(self._is_over, STEPS)

    def restart(self) -> None:
        """Begin to count anew: an answer is asked for."""
        self._until = monotonic() + self._seconds

    def _is_over(self) -> bool:
        return self._until > 0.0 and monotonic() > self._until
