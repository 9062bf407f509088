"""Reads live records back as record objects."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, select

from cchc_connect.database.bulk import batches
from cchc_connect.database.reading.call_checks import require_record_class, require_text
from cchc_connect.database.reading.filters import conditions
from cchc_connect.database.reading.lineage import only_successor, successor_keys
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import change
from cchc_schemas import Note, Record, from_document

AnyRecord = TypeVar("AnyRecord", bound=Record)

RECORD_BATCH_SIZE = 1000
"""Records read from the database at a time; memory does not grow with their total number."""


def records(database: SharedDatabase, record_class: type[AnyRecord], **filters: object) -> Iterator[AnyRecord]:
    """Yield the live records of one type, in key order; `filters` says what is wanted of a field, by its name.

    A filter is a value, a list of values (any of them), None (no value) or a range: `at_least`, `less_than`,
    `between`. `key` is the record's business key. Several filters hold together. Where the field is an instant, a day
    means that Vietnamese day, and a time without offset is Vietnamese time.

    Example: `records(database, Dossier, agency_code=["H09.12", "H09.13"], due_at=less_than(date(2026, 8, 1)))`.

    No transaction is open while the caller handles a record, which may take any time. A record that changes meanwhile
    is yielded as it was when its batch of a thousand was read; `records_at` sees one committed state.

    Raises:
        UsageMistake: the record has no such field, the field has parts and cannot be filtered, or a value is not one
            that the field can have; raised at the call, before anything is read.
    """
    require_record_class(record_class)
    query = live_records_query(record_class).where(*conditions(record_class, filters))
    return _in_batches(database, record_class, query)


def _in_batches(
    database: SharedDatabase, record_class: type[AnyRecord], query: Select[Any, Any, Any]
) -> Iterator[AnyRecord]:
    table = record_table(record_class.record_type)

    def read(after: str) -> Sequence[Row[Any, Any, Any]]:
        with database.reading() as connection:
            return connection.execute(query.where(table.c.record_key > after).limit(RECORD_BATCH_SIZE)).all()

    for rows in key_batches(read):
        yield from (record_from_row(record_class, row) for row in rows)


def key_batches(read: Callable[[str], Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield all rows in batches, in key order.

    Args:
        read: returns the first rows after a key, `RECORD_BATCH_SIZE` of them unless fewer are left.
    """
    after, is_last = "", False
    while not is_last:
        rows = read(after)
        is_last = len(rows) < RECORD_BATCH_SIZE
        if rows:
            yield rows
            after = rows[-1].record_key


def get(database: SharedDatabase, record_class: type[AnyRecord], key: str) -> AnyRecord | None:
    """Return the live record with this business key, None if there is none.

    A former key, such as the old number of a parcel, finds the record that replaced it.

    Raises:
        RecordNotFound: several records replaced it (`record.replaced_by_several`); the error names their keys.
    """
    require_record_class(record_class)
    require_text("key", key)
    with database.reading() as connection:
        for keys in ([key], successor_keys(connection, record_class.record_type, key)):
            matching = [record for _, record in records_by_key(connection, record_class, keys)]
            if matching:
                return only_successor(record_class, key, matching)
    return None


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


def notes_by_key(
    connection: Connection, record_type: str, record_keys: Collection[str]
) -> Mapping[str, Sequence[Note]]:
    """Return the notes on the present versions of records by key; a record without notes is missing.

    They say what was left out of a record, respelt or found odd when it was read.
    """
    table, notes = record_table(record_type), dict[str, Sequence[Note]]()
    for keys in batches(list(record_keys)):
        query = select(table.c.record_key, table.c.notes).where(table.c.record_key.in_(keys))
        for key, stored in connection.execute(query.where(table.c.notes.is_not(None))):
            notes[key] = [Note(path, rule) for path, rule in json.loads(stored)]
    return notes
