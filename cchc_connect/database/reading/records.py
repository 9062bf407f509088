"""Reads live records back as record objects."""

import json
from collections.abc import Iterator
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, select

from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import change
from cchc_schemas import Record, from_document

AnyRecord = TypeVar("AnyRecord", bound=Record)

RECORD_BATCH_SIZE = 1000
"""Records read from the database at a time; memory does not grow with their total number."""


def records(database: SharedDatabase, record_class: type[AnyRecord], **filters: object) -> Iterator[AnyRecord]:
    """Yield the live records of one type, in key order; `filters` holds required values by field name.

    Example: `records(database, LandParcel, commune_code="25747", map_sheet="12")`.

    No transaction is open while the caller handles a record, which may take any time. A record that changes meanwhile
    is yielded as it was when its batch of a thousand was read; `records_at` sees one committed state.

    Raises:
        KeyError: the record has no such field.
    """
    table = record_table(record_class.record_type)
    query = live_records_query(record_class).where(*(table.c[name] == value for name, value in filters.items()))
    after, is_last = "", False
    while not is_last:
        with database.reading() as connection:
            rows = connection.execute(query.where(table.c.record_key > after).limit(RECORD_BATCH_SIZE)).all()
        yield from (record_from_row(record_class, row) for row in rows)
        after, is_last = rows[-1].record_key if rows else after, len(rows) < RECORD_BATCH_SIZE


def records_by_key(
    connection: Connection, record_class: type[AnyRecord], keys: list[str]
) -> Iterator[tuple[str, AnyRecord]]:
    """Yield agency and record of the live records with these keys, in key order."""
    table = record_table(record_class.record_type)
    for row in connection.execute(live_records_query(record_class).where(table.c.record_key.in_(keys))):
        yield row.agency, record_from_row(record_class, row)


def live_records_query(record_class: type[Record]) -> Select[Any, Any, Any]:
    """Return a query for the live records of one type: key, agency, document."""
    table = record_table(record_class.record_type)
    columns = select(table.c.record_key, table.c.agency, change.c.document)
    joined = columns.join(change, change.c.sequence == table.c.sequence)
    return joined.where(table.c.deleted_at.is_(None)).order_by(table.c.record_key)


def record_from_row(record_class: type[AnyRecord], row: Row[Any, Any, Any]) -> AnyRecord:
    """Return the record of a row of `live_records_query`."""
    return from_document(record_class, json.loads(row.document))
