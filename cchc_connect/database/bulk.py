"""Many rows at once, by the driver's fastest way: `executemany` on SQLite, COPY on PostgreSQL.

SQL text is made once from the table objects, so names are never written by hand.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Key = TypeVar("Key")
Row = Sequence[Any]

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
        _copy(connection, table.name, table, rows)


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
    _copy(connection, incoming, table, rows)
    connection.exec_driver_sql(_merge_sql(table, incoming))


def upsert(
    connection: Connection,
    table: Table,
    keys: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    at_first: Mapping[str, Any] | None = None,
) -> None:
    """Store `values` in the row of these keys; where there is none it is made, with the values `at_first` too."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values({**keys, **(at_first or {}), **values})
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=dict(values)))


def _copy(connection: Connection, name: str, table: Table, rows: Sequence[Row]) -> None:
    driver: Any = connection.connection.driver_connection
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    with driver.cursor() as cursor, cursor.copy(f'COPY "{name}" ({columns}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


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
