"""A table, view or query of a database: its exact name, its columns, and those of them that are read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    TextClause,
    column,
    false,
    func,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import quoted_name

from cchc_adapters.declared.reads import reads, rule_reads
from cchc_adapters.declared.tables import SourceTable
from cchc_adapters.sql.options import SqlSourceTable
from cchc_adapters.sql.refusals import MISSING, meaning_of
from cchc_adapters.sql.servers import Kind, Server
from cchc_adapters.sql.times import ZONED_CODECS
from cchc_connect import SourceHeld
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.wire.property_names import nfc, property_path, step_into
from cchc_schemas.text import listed


@dataclass(frozen=True, kw_only=True)
class Relation:
    """What is read of a database for one source."""

    name: str
    """Its name for messages."""
    clause: FromClause | TextClause
    """What stands after FROM."""
    columns: Mapping[str, object]
    """Names of all columns as the database spells them, each with the type that the driver tells."""

    def find(self, written: str) -> str | None:
        """Return the column that a rule means, by its name in any form of Unicode or case; None if there is none.

        Of a path it is the column with which the path begins.
        """
        step = step_into(self.columns, property_path(written), 0)
        return None if step is None else step[0]

    def find_all(self, names: Iterable[str]) -> list[str]:
        """Return the columns of several names.

        Raises:
            SourceHeld: there are none; the nearest names are told.
        """
        columns = {name: self.find(name) for name in names}
        missing = [name for name, column in columns.items() if column is None]
        if missing:
            meant = suggestion(missing[0], self.columns)
            raise SourceHeld("sql.column_missing", relation=self.name, columns=listed(missing), suggestion=meant)
        return [column for column in columns.values() if column is not None]

    def fetched(self, source: SqlSourceTable) -> list[str]:
        """Return the columns that a source reads, in the order of the database; the key is always among them."""
        fetched = {self.find(name) for name in (*chain.from_iterable(reads(source)), *source.also_fetch)}
        return [name for name in self.columns if name in fetched]


def exact(name: str) -> ColumnClause[Any]:
    """Return a column by the exact name that the database has for it."""
    return column(quoted_name(name, quote=True))


def time_of(names: Sequence[str]) -> ColumnElement[Any]:
    """Return the time of change of a row: of several columns the first that has a value."""
    return exact(names[0]) if len(names) == 1 else func.coalesce(*map(exact, names))


def read_times(source: SourceTable) -> Iterator[str]:
    """Yield the properties that a source reads as times, in a codec that gives one without an offset a zone."""
    change = source.changed_at
    if change is not None and change.codec in ZONED_CODECS:
        yield from change.property
    rules = [alternative for rule in source.fields.values() for alternative in (rule, *rule.first)]
    for rule in rules:
        if rule.codec in ZONED_CODECS:
            yield from chain.from_iterable(rule_reads(rule))


def find_relation(connection: Connection, source: SqlSourceTable) -> Relation:
    """Return the table, view or query of a source with its columns; nothing of it is read.

    Raises:
        SourceHeld: it does not exist, two of its columns have one name, or the database refuses the query.
    """
    known_names: Sequence[str] = ()
    if source.query:
        query = source.query.strip().rstrip(";").replace(":", "\\:")
        own_name, name, clause = "", "query", cast("FromClause | TextClause", text(f"({query}\n) cchc_query"))
    else:
        *schema, own_name = source.relation
        known_names = _names(connection, ".".join(schema) or None)
        exact_name = _exact_name(own_name, known_names)
        quoted_schema = None if not schema else quoted_name(".".join(schema), quote=True)
        name, clause = ".".join(source.relation), table(quoted_name(exact_name, quote=True), schema=quoted_schema)
    statement = select(text("*")).select_from(clause).where(false())
    described = _described(connection, statement, is_query=bool(source.query))
    if described is None:
        raise SourceHeld("sql.relation_missing", relation=name, suggestion=suggestion(own_name, known_names))
    names = [str(entry[0]) for entry in described]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceHeld("sql.columns_twice", relation=name, columns=listed(twice))
    return Relation(name=name, clause=clause, columns={str(entry[0]): entry[1] for entry in described})


def _described(connection: Connection, statement: Select[Any], *, is_query: bool) -> Sequence[Any] | None:
    """Return what the driver says of the columns of a statement; None if what it reads is not there."""
    try:
        with connection.execute(statement) as result:
            cursor: Any = result.cursor
            return cursor.description or ()
    except DBAPIError as error:
        if error.orig is None or meaning_of(error.orig)[0] != MISSING or is_query:
            raise
    return None


def _names(connection: Connection, schema: str | None) -> list[str]:
    """Return the names of tables and views; none where the account may not list them."""
    looked_up = inspect(connection)
    names = [*looked_up.get_table_names(schema), *looked_up.get_view_names(schema)]
    if connection.dialect.name == "postgresql":
        names += looked_up.get_materialized_view_names(schema)
    return names


def _exact_name(name: str, names: Sequence[str]) -> str:
    """Return the name of a table or view as the database spells it; itself where the list lacks it."""
    if name in names:
        return name
    for form in (nfc, _in_one_case):
        alike = [spelled for spelled in names if form(spelled) == form(name)]
        if len(alike) == 1:
            return alike[0]
    return name


def _in_one_case(name: str) -> str:
    return nfc(name).casefold()


def sample(connection: Connection, relation: Relation, name: str) -> object:
    """Return one value of a column that is not null; None if there is none."""
    statement: Select[Any] = select(exact(name)).select_from(relation.clause).where(exact(name).is_not(None)).limit(1)
    return connection.execute(statement).scalar()


def kind_of_column(connection: Connection, server: Server, relation: Relation, name: str) -> Kind:
    """Return the kind of a column, by its type or by a value."""
    type_code = relation.columns[name]
    kind = server.kinds.get(type_code)
    return kind or server.kind(type_code, sample(connection, relation, name))


def unread_columns(
    connection: Connection, server: Server, relation: Relation, source: SqlSourceTable
) -> tuple[str, ...]:
    """Return the columns that a source does not read, each with its type where that is known: "anh (bytea)"."""
    fetched = relation.fetched(source)
    codes = {name: code for name, code in relation.columns.items() if name not in fetched}
    kinds = {code: server.type_name(code, connection) for code in dict.fromkeys(codes.values())}
    return tuple(f"{name} ({kinds[code]})" if kinds[code] else name for name, code in codes.items())
