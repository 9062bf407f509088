"""One cache of compiled statements for all databases that a test session opens.

SQLAlchemy caches compiled statements per engine, and nearly every test makes an engine of its own: a quarter of
its time went into compiling the same statements again. The compiled form depends on the kind of database only,
so two dialects of the same kind are equal here, and all engines share one cache.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_COMPILED: dict[Any, Any] = {}


class _EqualByClass:
    """Equal to every other instance of its class."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class SharedSqlite(_EqualByClass, SQLiteDialect_pysqlite):
    """The dialect of every SQLite file."""

    supports_statement_cache = True


class SharedPostgres(_EqualByClass, PGDialect_psycopg):
    """The dialect of every PostgreSQL schema."""

    supports_statement_cache = True


def share_statement_cache() -> None:
    """Let all engines that are made from now on share the cache of compiled statements."""
    registry.register("sqlite", __name__, SharedSqlite.__name__)
    registry.register("postgresql.psycopg", __name__, SharedPostgres.__name__)
    event.listen(Engine, "engine_connect", _use_shared_cache)


def _use_shared_cache(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_COMPILED)
