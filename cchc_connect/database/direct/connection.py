"""A read transaction over a driver's own connection: plain SQL in, rows by column name out."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, NoReturn

from cchc_connect.database.direct.layout import SCHEMA_VERSION
from cchc_connect.errors import DatabaseUnusable

StoredRow = Mapping[str, Any]
"""One row by column name; instants are UTC text, as stored."""

ParameterStyle = Literal["named", "pyformat"]
"""How a driver writes parameters (PEP 249): `:name` is SQLite's, `%(name)s` that of PostgreSQL."""

UNICODE = "UTF8"
"""PostgreSQL's name of the encoding that stores every letter."""

_PARAMETER = re.compile(r":([a-z_]+)\b")

_STREAM = "cchc_stream"
"""Beginning of the names of server-side cursors; several may be open."""

_STREAM_BATCH_SIZE = 2000
"""Rows that a server-side cursor fetches at a time."""


class DirectConnection:
    """A read transaction that sees one committed state; its statements are the same for every kind of database."""

    def __init__(self, driver_connection: Any, style: ParameterStyle) -> None:
        """Read over a connection of the driver, in whose transaction the caller is."""
        self._connection = driver_connection
        self._style = style
        self._stream_numbers = count(1)

    @property
    def is_file(self) -> bool:
        """Whether the database is a file, and no server."""
        return self._style == "named"

    def rows(self, statement: str, **parameters: object) -> list[StoredRow]:
        """Return the rows of a query, whose parameters are written `:name`."""
        with closing(self._connection.cursor()) as cursor:
            return list(self._executed(cursor, statement, parameters))

    def first(self, statement: str, **parameters: object) -> StoredRow | None:
        """Return the first row of a query, None if it has none."""
        return next(iter(self.rows(statement, **parameters)), None)

    def number(self, statement: str, **parameters: object) -> int:
        """Return the one number that a query selects; 0 if it is null or there is no row."""
        row = self.first(statement, **parameters)
        return 0 if row is None else int(next(iter(row.values())) or 0)

    def stream(self, statement: str, **parameters: object) -> Iterator[StoredRow]:
        """Yield the rows of a query one after the other; memory does not grow with their number."""
        with closing(self._stream_cursor()) as cursor:
            yield from self._executed(cursor, statement, parameters)

    def stream_values(self, statement: str, **parameters: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query as `stream` does, each as a tuple of its values."""
        with closing(self._stream_cursor()) as cursor:
            self._execute(cursor, statement, parameters)
            yield from cursor

    def _stream_cursor(self) -> Any:
        if self._style == "named":
            return self._connection.cursor()
        cursor = self._connection.cursor(name=f"{_STREAM}_{next(self._stream_numbers)}")
        cursor.itersize = _STREAM_BATCH_SIZE
        return cursor

    def _executed(self, cursor: Any, statement: str, parameters: Mapping[str, object]) -> Iterator[StoredRow]:
        self._execute(cursor, statement, parameters)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    def _execute(self, cursor: Any, statement: str, parameters: Mapping[str, object]) -> None:
        if self._style == "pyformat":
            statement = _PARAMETER.sub(r"%(\1)s", statement)
        cursor.execute(statement, parameters)


@dataclass(frozen=True, kw_only=True)
class DatabaseState:
    """State of the database that is to be the shared database."""

    version: int
    """Schema version; 0 where there are no tables of ours."""
    is_foreign: bool
    """True if another program owns it."""
    encoding: str = UNICODE
    """Encoding in which a server stores texts; a file's is always that of Unicode."""

    def require_not_newer(self, location: str) -> None:
        """Check that this program may read the database at `location`, perhaps after an upgrade.

        Raises:
            DatabaseUnusable: it is another program's (`database.foreign`), has a newer schema version, or cannot store
                every letter (`database.encoding`).
        """
        if self.encoding != UNICODE:
            raise DatabaseUnusable("database.encoding", path=location, encoding=self.encoding)
        if self.is_foreign:
            raise DatabaseUnusable("database.foreign", path=location)
        if self.version > SCHEMA_VERSION:
            raise DatabaseUnusable("database.newer", path=location, found=self.version, known=SCHEMA_VERSION)

    def require_current(self, location: str) -> None:
        """Check that this program may read the database at `location` as it is.

        Raises:
            DatabaseUnusable: as `require_not_newer`; also if it is older (`database.older`) or has no tables
                (`database.absent`).
        """
        self.require_not_newer(location)
        if self.version < SCHEMA_VERSION:
            raise_outdated(self.version, location)


def raise_outdated(version: int, location: str) -> NoReturn:
    """Raise the error of a database that is not changed although it would have to be.

    Raises:
        DatabaseUnusable: always; it is older (`database.older`) or has no tables (`database.absent`).
    """
    raise DatabaseUnusable("database.older" if version else "database.absent", path=location)
