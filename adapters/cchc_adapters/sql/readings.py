"""A reading in progress: one connection, one snapshot, one cursor that stays open over the pages."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, Select

from cchc_adapters.sql.database import Database
from cchc_adapters.sql.positions import RowPosition, is_before
from cchc_adapters.sql.refusals import boundary
from cchc_adapters.sql.rows import RowItem, RowShape
from cchc_adapters.sql.statements import Statements
from cchc_connect import CchcError, SourceHeld

Outcome = TypeVar("Outcome")

PAGES_AHEAD = 10
"""Pages that are read at once where no transaction may stay open between two."""


class OpenReading:
    """Reads the rows of one source from a position on."""

    def __init__(
        self, database: Database, connection: Connection, statements: Statements, shape: RowShape, relation: str
    ) -> None:
        """Take over `connection`, which `close` closes."""
        self._database = database
        self._connection = connection
        self._statements = statements
        self._shape = shape
        self._relation = relation
        self._cursor: Any = None
        self._is_timeless = False
        self._blocks_writers = database.server.blocks_writers(connection)
        self._ahead = list[Any]()
        self._continues = False
        self._since: object = None
        self._position = RowPosition(rows=0, values=())
        self._before_answer: Callable[[], None] = lambda: None
        self.token: str | None = None
        """Page token of what follows; None if nothing does."""

    def begin(self, position: RowPosition, since: object) -> None:
        """Execute the statement that goes on after `position`; times before `since` are left out."""
        self._position, self._since = position, since
        self._leniently(self._execute)

    def next_items(self, size: int) -> list[RowItem]:
        """Return the items of the next rows, `size` or fewer.

        Raises:
            SourceHeld: the last of them has no key, so that nothing can follow it; or the database refuses.
            Retriable: the database does not answer now.
        """
        if self._blocks_writers:
            rows = self._buffered(size)
        else:
            rows = self._leniently(lambda: self._fetch(size))
            self._continues = self._cursor is not None
        self.token = None
        if self._ahead or self._continues:
            self._move_to(rows)
            self.token = self._position.token()
        shape = self._shape
        return [RowItem(row, shape) for row in rows]

    def close(self) -> None:
        """End the transaction and close the connection, also one that broke off."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            with suppress(CchcError), boundary(self._database.server.place, self._relation):
                cursor.close()
        with suppress(CchcError), boundary(self._database.server.place, self._relation):
            self._connection.close()

    def _buffered(self, size: int) -> list[Any]:
        """Return the next rows of a few pages that are read at once; between them no transaction is open."""
        if not self._ahead:
            if self._cursor is None and self.token is not None:
                self._leniently(self._execute)
            self._ahead = self._leniently(lambda: self._fetch(size * PAGES_AHEAD))
            self._continues = self._cursor is not None
            self._pause()
        rows, self._ahead = self._ahead[:size], self._ahead[size:]
        return rows

    def _pause(self) -> None:
        """End the transaction; what follows begins after the last row."""
        with boundary(self._database.server.place, self._relation):
            if self._cursor is not None:
                self._cursor.close()
                self._cursor = None
            self._connection.rollback()

    def _move_to(self, rows: Sequence[Sequence[object]]) -> None:
        values = tuple(rows[-1][-self._statements.position_width :])
        is_timeless = self._statements.goes_by_time and values[0] is None
        if is_timeless:
            values = values[1:]
        if None in values:
            raise SourceHeld("sql.key_null", relation=self._relation)
        until = self._position.in_overlap_until
        self._position = RowPosition(
            rows=self._position.rows + len(rows),
            values=values,
            is_timeless=is_timeless,
            in_overlap_until=until if until and not is_timeless and is_before(values, until) else (),
        )

    def _execute(self) -> None:
        if not self._connection.in_transaction():
            self._database.server.begin(self._connection)
        position = self._position
        self._is_timeless = position.is_timeless
        timeless = self._statements.timeless(position.values) if position.is_timeless else None
        after = () if position.in_overlap_until and not position.values else position.values
        self._run(timeless if timeless is not None else self._statements.timed(self._since, after))

    def _run(self, statement: Select[Any]) -> None:
        self._before_answer = self._database.server.watch(self._connection.connection.dbapi_connection)
        self._before_answer()
        self._cursor = self._database.server.execute(self._connection, statement)

    def _fetch(self, size: int) -> list[Any]:
        """Return the next rows; after the last one with a time those without one."""
        rows = list[Any]()
        while self._cursor is not None and len(rows) < size:
            self._before_answer()
            rows += self._cursor.fetchmany(size - len(rows))
            if len(rows) < size:
                self._cursor.close()
                self._cursor = None
                timeless = None if self._is_timeless else self._statements.timeless(())
                if timeless is not None:
                    self._is_timeless = True
                    self._run(timeless)
        return rows

    def _leniently(self, act: Callable[[], Outcome]) -> Outcome:
        """Act; if the database then reads texts that it refused, open the reading anew and act again."""
        with boundary(self._database.server.place, self._relation):
            try:
                return act()
            except Exception as error:
                if not self._database.server.reads_leniently_after(error):
                    raise
            self.close()
            self._connection = self._database.connect()
            self._execute()
            return act()
