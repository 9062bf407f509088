"""Statements over many rows or keys: insert, replace, update, upsert, select by keys, and ANALYZE.

Rows are written by the driver's fastest way: `executemany` on SQLite, COPY on PostgreSQL. SQL text is generated once
from the table objects, so names are never written by hand.
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

RowQuery: TypeAlias = Select[*tuple[Any, ...]]
"""A query for rows of any columns."""

KEY_BATCH_SIZE = 500
"""Keys in one IN list; SQLite accepts 32,766 values a statement, older versions 999."""

_KEYS_BIND = "among"

_NEVER_ANALYZED = """
SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(%(names)s)
AND reltuples < 0 AND pg_relation_size(oid) > 0
"""


def batches(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """Yield the keys in batches that fit into one statement."""
    return (keys[start : start + KEY_BATCH_SIZE] for start in range(0, len(keys), KEY_BATCH_SIZE))


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert whole rows, values in the order of the table's columns; none of them may exist yet."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insert_sql(table), list(map(tuple, rows)))
    else:
        _copy_rows(connection, table.name, table.columns.keys(), rows)


def upsert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert complete rows; a row replaces the row of the same primary key. See `upsert_row` for single columns."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_replace_sql(table), list(map(tuple, rows)))
        return
    incoming = f"incoming_{table.name}"
    _create_temporary_table(connection, incoming, table)
    _copy_rows(connection, incoming, table.columns.keys(), rows)
    connection.exec_driver_sql(_merge_sql(table, incoming))


def update_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Update rows by primary key: each of `rows` holds the values of `columns`, then those of the key."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    if connection.dialect.name == "sqlite":
        assigned = ", ".join(f'"{name}" = ?' for name in columns)
        where = " AND ".join(f'"{name}" = ?' for name in keys)
        connection.exec_driver_sql(f'UPDATE "{table.name}" SET {assigned} WHERE {where}', list(map(tuple, rows)))  # noqa: S608  # names are our own tables'
        return
    changes = f"changes_{table.name}"
    _create_temporary_table(connection, changes, table)
    copied = [*columns, *keys]
    for name in {column.name for column in table.columns if not column.nullable} - set(copied):
        connection.exec_driver_sql(f'ALTER TABLE "{changes}" ALTER COLUMN "{name}" DROP NOT NULL')
    _copy_rows(connection, changes, copied, rows)
    assigned = ", ".join(f'"{name}" = taken."{name}"' for name in columns)
    where = " AND ".join(f'"{table.name}"."{name}" = taken."{name}"' for name in keys)
    connection.exec_driver_sql(f'{_taken_sql(changes)} UPDATE "{table.name}" SET {assigned} FROM taken WHERE {where}')  # noqa: S608  # as above


def select_in(
    connection: Connection,
    statement: RowQuery,
    column: ColumnElement[Any],
    keys: Sequence[Any],
    bound: Mapping[str, object] = MappingProxyType({}),
) -> Iterator[Any]:
    """Yield the rows of `statement` whose `column` is one of `keys`.

    The SQL text is compiled once for each statement object, so pass the same object each time (`functools.cache`):
    SQLAlchemy would render every key into it again, which costs more than finding the row.

    Args:
        connection: an open transaction.
        statement: the query; its variable parts are named binds.
        column: the column that holds the keys.
        keys: any number of keys.
        bound: values of the statement's binds.
    """
    if connection.dialect.name != "sqlite":
        parameters = {**bound, _KEYS_BIND: list(keys)}
        yield from connection.exec_driver_sql(_any_sql(statement, column), parameters).all() if keys else ()
        return
    text, bind_names = _in_sql(statement, column)
    for batch in batches(keys):
        # Padded to one length: one text, one prepared statement.
        padded = (*batch, *[batch[-1]] * (KEY_BATCH_SIZE - len(batch)))
        values = [padded if name == _KEYS_BIND else (bound[name],) for name in bind_names]
        yield from connection.exec_driver_sql(text, tuple(chain.from_iterable(values))).all()


def analyze_new_tables(connection: Connection, tables: Iterable[Table]) -> None:
    """Run ANALYZE on those tables that were filled and never analyzed; PostgreSQL only.

    Without it the lookups of a first load scan the whole table until autovacuum runs a minute later: a plan made for
    an empty table is cached, and the planner estimates that a thousand keys match the whole table.
    """
    if connection.dialect.name == "sqlite":
        return
    names = [table.name for table in tables]
    new = connection.exec_driver_sql(_NEVER_ANALYZED, {"names": names}).scalars().all()
    if new:
        connection.exec_driver_sql("ANALYZE " + ", ".join(f'"{name}"' for name in new))


def upsert_row(
    connection: Connection,
    table: Table,
    keys: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    insert_values: Mapping[str, Any] | None = None,
) -> None:
    """Store `values` in the row of these keys; a new row gets the values of `insert_values` too."""
    statement = _insert_statement(connection, table).values({**keys, **(insert_values or {}), **values})
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=dict(values)))


def _create_temporary_table(connection: Connection, name: str, table: Table) -> None:
    """Create an empty temporary table with the columns of `table`, unless this connection has it already."""
    statement = f'CREATE TEMPORARY TABLE IF NOT EXISTS "{name}" (LIKE "{table.name}") ON COMMIT DELETE ROWS'
    connection.exec_driver_sql(statement)


def _copy_rows(connection: Connection, name: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    driver: Any = connection.connection.driver_connection
    column_list = ", ".join(f'"{column}"' for column in columns)
    with driver.cursor() as cursor, cursor.copy(f'COPY "{name}" ({column_list}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


def _insert_statement(connection: Connection, table: Table) -> Any:
    """Return an insert in the database's own dialect, which supports ON CONFLICT."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415  # SQLite users need not load it

    return postgresql.insert(table)


@cache
def _any_sql(statement: RowQuery, column: ColumnElement[Any]) -> str:
    """Return the PostgreSQL text that `select_in` executes: one bind holds all keys."""
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415  # SQLite users need not load it

    filtered = statement.where(column == any_(bindparam(_KEYS_BIND, type_=postgresql.ARRAY(column.type))))
    return str(filtered.compile(dialect=postgresql.dialect(paramstyle="pyformat")))  # type: ignore[no-untyped-call]  # untyped there


@cache
def _in_sql(statement: RowQuery, column: ColumnElement[Any]) -> tuple[str, Sequence[str]]:
    """Return the SQLite text that `select_in` executes, and the names of its binds in their order."""
    compiled = statement.where(column.in_(bindparam(_KEYS_BIND, expanding=True))).compile(dialect=sqlite.dialect())
    text = str(compiled).replace(f"(__[POSTCOMPILE_{_KEYS_BIND}])", f"({', '.join('?' * KEY_BATCH_SIZE)})")
    return text, tuple(compiled.positiontup or ())


@cache
def _insert_sql(table: Table) -> str:
    return str(sqlite.insert(table).compile(dialect=sqlite.dialect()))


@cache
def _replace_sql(table: Table) -> str:
    statement = sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    values = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return str(statement.on_conflict_do_update(index_elements=keys, set_=values).compile(dialect=sqlite.dialect()))


@cache
def _merge_sql(table: Table, incoming: str) -> str:
    keys = [column.name for column in table.primary_key]
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(
        f'"{column.name}" = EXCLUDED."{column.name}"' for column in table.columns if column.name not in keys
    )
    conflict = ", ".join(f'"{name}"' for name in keys)
    return (
        f'{_taken_sql(incoming)} INSERT INTO "{table.name}" ({columns}) SELECT {columns} FROM taken '  # noqa: S608  # names are our own tables'
        f"ON CONFLICT ({conflict}) DO UPDATE SET {values}"
    )


def _taken_sql(temporary: str) -> str:
    """Return the beginning of a statement that takes the rows out of a temporary table, as `taken`.

    It must be empty when it is filled again in the same transaction.
    """
    return f'WITH taken AS (DELETE FROM "{temporary}" RETURNING *)'  # noqa: S608  # as above
