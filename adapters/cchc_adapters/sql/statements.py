"""The statements of a reading: rows with a time of change by time and key, rows without one by key."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Select,
    and_,
    cast,
    or_,
    select,
)

from cchc_adapters.sql.relations import Relation, exact, time_of
from cchc_adapters.sql.servers import Kind, Server
from cchc_adapters.sql.times import TimeForm

Expression = ColumnElement[Any]


class Statements:
    """Makes the statements of one source."""

    def __init__(
        self,
        relation: Relation,
        server: Server,
        columns: Sequence[str],
        keys: Sequence[tuple[str, Kind]],
        times: Sequence[str],
        form: TimeForm | None,
    ) -> None:
        """Prepare.

        Args:
            relation: what is read.
            server: the database.
            columns: the columns that are read.
            keys: the columns of the key, with their kinds.
            times: the columns with the time of change, of which the first that has one counts.
            form: how they are written; None: the reading does not go by time.
        """
        self._relation = relation
        self._server = server
        self._keys = keys
        self._form = form
        self._time: Expression | None = None if form is None else time_of(times)
        shown = [self._shown(name) for name in columns]
        hidden = [exact(name) for name, _ in keys]
        self._selected = [*shown, *([] if self._time is None else [self._time]), *hidden]

    @property
    def goes_by_time(self) -> bool:
        """Whether the rows with a time of change come first, by time."""
        return self._time is not None

    @property
    def position_width(self) -> int:
        """Return the number of values at the end of a row that say where it stands."""
        return len(self._keys) + (self._time is not None)

    def timed(self, since: object, after: Sequence[object]) -> Select[Any]:
        """Return the rows with a time of change, by time and key.

        Args:
            since: earliest time, as the database compares it; None: all.
            after: time and key after which the rows begin; empty: from the beginning.
        """
        time, form = self._time, self._form
        if time is None or form is None:
            return self._by_key(select(*self._selected), after)
        kind = form.kind
        statement = select(*self._selected).where(time.is_not(None))
        if since is not None:
            statement = statement.where(
                form.is_later(time, self._bytes(time, kind), since, lambda value: self._value(value, kind))
            )
        if after:
            statement = statement.where(self._after([(time, kind), *self._key_columns()], after))
        order = [self._bytes(column, kind) for column, kind in ((time, kind), *self._key_columns())]
        return statement.select_from(self._relation.clause).order_by(*order)

    def timeless(self, after: Sequence[object]) -> Select[Any] | None:
        """Return the rows without a time of change, by key; None if the reading does not go by time."""
        if self._time is None:
            return None
        return self._by_key(select(*self._selected).where(self._time.is_(None)), after)

    def _by_key(self, statement: Select[Any], after: Sequence[object]) -> Select[Any]:
        if after:
            statement = statement.where(self._after(self._key_columns(), after))
        order = [self._bytes(column, kind) for column, kind in self._key_columns()]
        return statement.select_from(self._relation.clause).order_by(*order)

    def _key_columns(self) -> list[tuple[Expression, Kind]]:
        return [(exact(name), kind) for name, kind in self._keys]

    def _after(self, columns: Sequence[tuple[Expression, Kind]], values: Sequence[object]) -> Expression:
        """Return the condition that a row comes after the values, in the order of the columns."""
        bounds = [
            (self._bytes(column, kind), self._value(value, kind))
            for (column, kind), value in zip(columns, values, strict=True)
        ]
        later = [
            and_(*(column == value for column, value in bounds[:number]), bounds[number][0] > bounds[number][1])
            for number in range(len(bounds))
        ]
        return and_(bounds[0][0] >= bounds[0][1], or_(*later))

    def _bytes(self, column: Expression, kind: Kind) -> Expression:
        return self._server.in_bytes(column, kind)

    def _value(self, value: object, kind: Kind) -> Expression:
        return self._bytes(self._server.parameter(value), kind)

    def _shown(self, name: str) -> Expression:
        column = exact(name)
        if self._relation.columns[name] in self._server.money_types:
            return cast(column, Numeric).label(name)
        return column
