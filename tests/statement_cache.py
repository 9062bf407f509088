"""One cache of compiled statements for all databases that a test session opens.

SQLAlchemy caches compiled statements per engine, and nearly every test makes an engine of its own: a quarter of
its time went into compiling the same statements again. The compiled form depends on the kind of database only,
so two dialects of the same kind are equal here, and all engines share one cache. The statements that create the tables
are compiled once, too: SQLAlchemy caches none of them.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.base import SQLiteDDLCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import DDLCompiler

_COMPILED: dict[Any, Any] = {}


class _EqualByClass:
    """Equal to every other instance of its class."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class _CompiledOnce(DDLCompiler):
    """Compiles the creation of each table and index once; the tables are those of the program and never change."""

    def process(self, *elements: Any, **options: Any) -> str:
        (element,) = elements
        if not isinstance(element, CreateTable | CreateIndex) or options:
            return super().process(element, **options)
        key = (type(self), type(element), element.element)
        if key not in _CREATED:
            _CREATED[key] = super().process(element)
        return _CREATED[key]


_CREATED: dict[Any, str] = {}


class _SqliteCompiler(_CompiledOnce, SQLiteDDLCompiler):
    """For SQLite."""


class _PostgresCompiler(_CompiledOnce, PGDDLCompiler):
    """For PostgreSQL."""


class SharedSqlite(_EqualByClass, SQLiteDialect_pysqlite):
    """The dialect of every SQLite file."""

    ddl_compiler = _SqliteCompiler
    supports_statement_cache = True


class SharedPostgres(_EqualByClass, PGDialect_psycopg):
    """The dialect of every PostgreSQL schema."""

    ddl_compiler = _PostgresCompiler
    supports_statement_cache = True


def share_statement_cache() -> None:
    """Let all engines that are made from now on share the cache of compiled statements."""
    registry.register("sqlite", __name__, SharedSqlite.__name__)
    registry.register("postgresql.psycopg", __name__, SharedPostgres.__name__)
    event.listen(Engine, "engine_connect", _use_shared_cache)


def _use_shared_cache(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_COMPILED)
