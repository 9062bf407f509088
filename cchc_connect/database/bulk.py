"""Many rows at once, by the driver's fastest way: `executemany` on SQLite, COPY on PostgreSQL.

SQL text is made once from the table objects, so names are never written by hand.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, any_, bindparam
from sqlalchemy.dialects import sqlite

Key = TypeVar("Key")
Row = Sequence[Any]

Rows: TypeAlias = Select[*tuple[Any, ...]]
"""A query for rows of whatever columns."""

_AMONG = "among"

_NEVER_COUNTED = """
SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(%(names)s)
AND reltuples < 0 AND pg_relation_size(oid) > 0
"""

AT_ONCE = 500
"""Keys in one IN list; SQLite takes 32,766 values a statement, older ones 999."""


def chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """Yield the keys in lists that one statement takes."""
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert whole rows, values in the order of the table's columns; no row may be there yet."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insert_sql(table), list(map(tuple, rows)))
    else:
        _copy(connection, table.name, table.columns.keys(), rows)


def replace_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert whole rows; a row takes the place of the row of the same key."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_replace_sql(table), list(map(tuple, rows)))
        return
    incoming = f"incoming_{table.name}"
    shape = f'CREATE TEMPORARY TABLE IF NOT EXISTS "{incoming}" (LIKE "{table.name}") ON COMMIT DELETE ROWS'
    connection.exec_driver_sql(shape)
    _copy(connection, incoming, table.columns.keys(), rows)
    connection.exec_driver_sql(_merge_sql(table, incoming))


def update_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Update rows by their primary key: each of `rows` holds the values of `columns`, then those of the key."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    if connection.dialect.name == "sqlite":
        changed, where = _equal(columns, "?"), " AND ".join(f'"{name}" = ?' for name in keys)
        connection.exec_driver_sql(f'UPDATE "{table.name}" SET {changed} WHERE {where}', list(map(tuple, rows)))  # noqa: S608  # names are our own tables'
        return
    changes = f"changes_{table.name}"
    shape = f'CREATE TEMPORARY TABLE IF NOT EXISTS "{changes}" (LIKE "{table.name}") ON COMMIT DELETE ROWS'
    connection.exec_driver_sql(shape)
    named = [*columns, *keys]
    for name in {column.name for column in table.columns if not column.nullable} - set(named):
        connection.exec_driver_sql(f'ALTER TABLE "{changes}" ALTER COLUMN "{name}" DROP NOT NULL')
    _copy(connection, changes, named, rows)
    assigned = ", ".join(f'"{name}" = "{changes}"."{name}"' for name in columns)
    where = " AND ".join(f'"{table.name}"."{name}" = "{changes}"."{name}"' for name in keys)
    connection.exec_driver_sql(f'UPDATE "{table.name}" SET {assigned} FROM "{changes}" WHERE {where}')  # noqa: S608  # as above


def _equal(columns: Sequence[str], value: str) -> str:
    return ", ".join(f'"{name}" = {value}' for name in columns)


def rows_among(
    connection: Connection,
    statement: Rows,
    column: ColumnElement[Any],
    keys: Sequence[Any],
    bound: Mapping[str, object] = MappingProxyType({}),
) -> Iterator[Any]:
    """Yield the rows of `statement` whose `column` is one of `keys`.

    The text is made once for each statement object, so hand in the same one each time (`functools.cache`):
    SQLAlchemy would write every key into it anew, which costs more than finding the row.

    Args:
        connection: where to look.
        statement: what is selected; what varies in it are named binds.
        column: what the keys are of.
        keys: any number of them.
        bound: values of the statement's binds.
    """
    if connection.dialect.name != "sqlite":
        everything = {**bound, _AMONG: list(keys)}
        yield from connection.exec_driver_sql(_any_sql(statement, column), everything).all() if keys else ()
        return
    text, places = _in_sql(statement, column)
    for some in chunks(keys):
        # Padded to one length: one text, one prepared statement.
        padded = (*some, *[some[-1]] * (AT_ONCE - len(some)))
        values = [padded if name == _AMONG else (bound[name],) for name in places]
        yield from connection.exec_driver_sql(text, tuple(chain.from_iterable(values))).all()


def count_anew(connection: Connection, tables: Iterable[Table]) -> None:
    """Let PostgreSQL look at those of the tables that were filled and never looked at.

    Without it a first load's lookups go through the whole table until the server's own round a minute later:
    a plan made for an empty table is kept, and a thousand keys look like all there are.
    """
    if connection.dialect.name == "sqlite":
        return
    names = [table.name for table in tables]
    unknown = connection.exec_driver_sql(_NEVER_COUNTED, {"names": names}).scalars().all()
    if unknown:
        connection.exec_driver_sql("ANALYZE " + ", ".join(f'"{name}"' for name in unknown))


def upsert(
    connection: Connection,
    table: Table,
    keys: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    at_first: Mapping[str, Any] | None = None,
) -> None:
    """Store `values` in the row of these keys; where there is none it is made, with the values `at_first` too."""
    statement = _inserting(connection, table).values({**keys, **(at_first or {}), **values})
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=dict(values)))


def _copy(connection: Connection, name: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    driver: Any = connection.connection.driver_connection
    listed = ", ".join(f'"{column}"' for column in columns)
    with driver.cursor() as cursor, cursor.copy(f'COPY "{name}" ({listed}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


def _inserting(connection: Connection, table: Table) -> Any:
    """Return an insert in the database's own dialect, which knows what to do about a row that is there."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415  # whoever uses SQLite need not wait for it

    return postgresql.insert(table)


@cache
def _any_sql(statement: Rows, column: ColumnElement[Any]) -> str:
    """Return PostgreSQL's text of what `rows_among` executes: one bind holds all keys."""
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415  # whoever uses SQLite need not wait for it

    whole = statement.where(column == any_(bindparam(_AMONG, type_=postgresql.ARRAY(column.type))))
    return str(whole.compile(dialect=postgresql.dialect(paramstyle="pyformat")))  # type: ignore[no-untyped-call]  # untyped there


@cache
def _in_sql(statement: Rows, column: ColumnElement[Any]) -> tuple[str, Sequence[str]]:
    """Return SQLite's text of what `rows_among` executes, and the names of its binds in their order."""
    compiled = statement.where(column.in_(bindparam(_AMONG, expanding=True))).compile(dialect=sqlite.dialect())
    text = str(compiled).replace(f"(__[POSTCOMPILE_{_AMONG}])", f"({', '.join('?' * AT_ONCE)})")
    return text, tuple(compiled.positiontup or ())


@cache
def _insert_sql(table: Table) -> str:
    return str(sqlite.insert(table).compile(dialect=sqlite.dialect()))


@cache
def _replace_sql(table: Table) -> str:
    statement = sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return str(statement.on_conflict_do_update(index_elements=keys, set_=rest).compile(dialect=sqlite.dialect()))


@cache
def _merge_sql(table: Table, incoming: str) -> str:
    keys = [column.name for column in table.primary_key]
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    rest = ", ".join(
        f'"{column.name}" = EXCLUDED."{column.name}"' for column in table.columns if column.name not in keys
    )
    conflict = ", ".join(f'"{name}"' for name in keys)
    # Names are our own tables'.
    return (
        f'INSERT INTO "{table.name}" ({columns}) SELECT {columns} FROM "{incoming}" '  # noqa: S608  # see above
        f"ON CONFLICT ({conflict}) DO UPDATE SET {rest}"
    )
