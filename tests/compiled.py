"""Statements that are compiled once for all databases that a test session opens.

SQLAlchemy keeps what it has compiled with each engine, and nearly every test makes an engine of its own: a quarter of
its time went into compiling the same statements again. What they become depends on the kind of database and not on
which one it is, so two dialects of a kind count as the same here, and all engines share what is compiled.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_COMPILED: dict[Any, Any] = {}


class _OfAKind:
    """Is the same as any other of its class."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class SharedSqlite(_OfAKind, SQLiteDialect_pysqlite):
    """SQLite, whichever file."""

    supports_statement_cache = True


class SharedPostgres(_OfAKind, PGDialect_psycopg):
    """PostgreSQL, whichever schema."""

    supports_statement_cache = True


def share_compiled() -> None:
    """Let all engines that are made from now on share what is compiled for them."""
    registry.register("sqlite", __name__, SharedSqlite.__name__)
    registry.register("postgresql.psycopg", __name__, SharedPostgres.__name__)
    event.listen(Engine, "engine_connect", _remember)


def _remember(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_COMPILED)
