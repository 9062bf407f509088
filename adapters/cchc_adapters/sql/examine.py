"""What `check` finds out about a source of a database before anything is read of it."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, func, not_, or_, select

from cchc_adapters.sql.database import Database
from cchc_adapters.sql.fits import misfits
from cchc_adapters.sql.refusals import boundary
from cchc_adapters.sql.relations import Relation, exact, find_relation, kind_of_column, time_of, unread_columns
from cchc_adapters.sql.rows import RowItem, RowShape
from cchc_adapters.sql.servers import Kind
from cchc_adapters.sql.source import SqlSource
from cchc_connect import Message, Observation, Retriable, SourceHeld
from cchc_schemas.text import listed

A_DAY_S = 86_400

_MOST_KEYS = 1_000_000
"""Rows whose keys are compared as records have them; of more the database alone compares the bytes."""


def examine_source(source: SqlSource, database: Database) -> Iterator[Observation]:
    """Yield what is found out about a source.

    Raises:
        SourceHeld: its table or a column of its key is not there, or the database refuses to show it.
        Retriable: the database does not answer in time.
    """
    record_type = source.record_type.record_type
    with database.connect() as connection, boundary(database.server.place, ".".join(source.table.relation)):
        relation = find_relation(connection, source.table)
        yield from (Observation(message, "bad", record_type) for message in misfits(source.table, relation))
        yield from _not_read(source, relation, connection, database)
        if source.table.changed_at is not None:
            yield from _times(source, relation, connection, database)
        if all(map(relation.find, source.table.key)):
            yield from _key_in_time(source, relation, connection, database)


def _not_read(
    source: SqlSource, relation: Relation, connection: Connection, database: Database
) -> Iterator[Observation]:
    names = unread_columns(connection, database.server, relation, source.table)
    if names:
        context = {"relation": relation.name, "number": len(names), "columns": listed(names)}
        yield Observation(Message("sql.columns_not_read", context), "good", source.record_type.record_type)


def _key_in_time(
    source: SqlSource, relation: Relation, connection: Connection, database: Database
) -> Iterator[Observation]:
    """Yield what `_key` does; a table for which that takes too long is told."""
    observations = list[Observation]()
    try:
        with boundary(database.server.place, relation.name):
            observations = [*_key(source, relation, connection, database)]
    except Retriable:
        message = Message("sql.key_unproven", {"relation": relation.name, "columns": listed(source.table.key)})
        observations = [Observation(message, "warning", source.record_type.record_type)]
    yield from observations


def _key(source: SqlSource, relation: Relation, connection: Connection, database: Database) -> Iterator[Observation]:
    """Yield whether each row has a key of its own: by the bytes of texts, as the reading goes."""
    server, record_type = database.server, source.record_type.record_type
    keys = [(name, kind_of_column(connection, server, relation, name)) for name in relation.find_all(source.table.key)]
    columns = [server.in_bytes(exact(name), kind) for name, kind in keys]
    context = {"relation": relation.name, "columns": listed(name for name, _ in keys)}
    is_null = or_(*(exact(name).is_(None) for name, _ in keys))
    nulls = connection.execute(select(func.count()).select_from(relation.clause).where(is_null)).scalar_one()
    if nulls:
        yield Observation(Message("sql.key_null_in", {**context, "number": nulls}), "bad", record_type)
    of_keys = select(*columns).select_from(relation.clause).where(not_(is_null))
    groups = of_keys.group_by(*columns).having(func.count() > 1).subquery()
    twice = connection.execute(select(func.count()).select_from(groups)).scalar_one()
    if twice:
        yield Observation(Message("sql.key_twice", {**context, "number": twice}), "bad", record_type)
    if nulls or twice:
        return
    rows = connection.execute(select(func.count()).select_from(relation.clause)).scalar_one()
    if rows > _MOST_KEYS:
        yield Observation(Message("sql.key_unique_in_bytes", {**context, "rows": rows}), "good", record_type)
        return
    own = _own_keys(source, relation, connection, keys)
    if own < rows:
        yield Observation(Message("sql.key_alike", {**context, "number": rows - own}), "bad", record_type)
    else:
        yield Observation(Message("sql.key_unique", {**context, "rows": rows}), "good", record_type)


def _own_keys(source: SqlSource, relation: Relation, connection: Connection, keys: Sequence[tuple[str, Kind]]) -> int:
    """Return the number of keys as records have them: spaces and letters that look alike make no other key."""
    names = [name for name, _ in keys]
    shape = RowShape(names, hexadecimal=[name for name, kind in keys if kind is Kind.BYTES])
    statement = select(*map(exact, names)).select_from(relation.clause)
    with connection.execution_options(stream_results=True).execute(statement) as result:
        return len({source.key(RowItem(tuple(row), shape).read()) for rows in result.partitions(1000) for row in rows})


def _times(source: SqlSource, relation: Relation, connection: Connection, database: Database) -> Iterator[Observation]:
    """Yield what the times of change are like, and how many rows have none."""
    record_type, change = source.record_type.record_type, source.table.changed_at
    if change is None or not source.table.is_incremental or not all(map(relation.find, change.property)):
        return
    try:
        form = source.time_form(connection, relation)
    except SourceHeld as held:
        yield Observation(Message(held.code, held.context), "bad", record_type)
        return
    columns = relation.find_all(change.property)
    context = {"relation": relation.name, "column": columns[0], "zone": database.server.zone.key}
    seconds = source.table.granularity.total_seconds()
    codes = {Kind.LOCAL_TIME: "sql.time_local", Kind.INSTANT: "sql.time_instant", Kind.TEXT: "sql.time_text"}
    if form.kind in codes:
        yield Observation(
            Message(codes[form.kind], context), "warning" if form.kind is Kind.TEXT else "good", record_type
        )
    elif form.kind is Kind.DAY and seconds < A_DAY_S:
        yield Observation(Message("sql.time_by_day", context), "warning", record_type)
    has_none = time_of(columns).is_(None)
    nulls = connection.execute(select(func.count()).select_from(relation.clause).where(has_none)).scalar_one()
    if nulls:
        yield Observation(Message("sql.time_null", {**context, "number": nulls}), "warning", record_type)
