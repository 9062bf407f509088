"""SQL text for the driver's fast path, compiled once from the tables.

SQLAlchemy's own execution costs four times the driver's `executemany` on a page of rows; the text is still
made from the table objects, so names are never written by hand.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert

Key = TypeVar("Key")

AT_ONCE = 500
"""Keys in one IN list; SQLite takes 32,766 values a statement, older ones 999."""


def chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """Yield the keys in lists that one statement takes."""
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))


@cache
def insert_sql(table: Table) -> str:
    """Return an insert of whole rows, values in the order of the table's columns."""
    return str(insert(table).compile(dialect=sqlite.dialect()))


@cache
def upsert_sql(table: Table) -> str:
    """Return an insert of whole rows that replaces the row of the same key."""
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    upsert = statement.on_conflict_do_update(index_elements=keys, set_=rest)
    return str(upsert.compile(dialect=sqlite.dialect()))
