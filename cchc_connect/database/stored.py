"""A record as it is stored: its document, and all that the write path has to know of it.

The record itself is not kept: a page of them would be ten times as large, and nobody looks into them again.
"""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec

from cchc_connect.database.links import Target, links_of
from cchc_connect.database.record_tables import NESTED, field_columns
from cchc_connect.database.succession import Event, successions_of
from cchc_schemas import RECORD_TYPES, Record

Values = tuple[Any, ...]


class StoredRecord(msgspec.Struct):
    """One record on its way into the database."""

    key: str
    order_key: str
    document: bytes
    """Compact JSON in UTF-8, fields in the record's order."""
    valid_from: str | None
    valid_to: str | None
    links: list[Target]
    successions: list[Event]


def stored(record: Record) -> StoredRecord:
    """Return a record as it is stored."""
    valid_from, valid_to = record.validity()
    return StoredRecord(
        key=record.key,
        order_key=record.order_key,
        document=RECORD_TYPES[record.record_type].__pydantic_serializer__.to_json(record),
        valid_from=None if valid_from is None else valid_from.isoformat(),
        valid_to=None if valid_to is None else valid_to.isoformat(),
        links=links_of(record),
        successions=successions_of(record),
    )


@cache
def row_reader(record_type: str) -> Callable[[bytes], Values]:
    """Return what turns a document into the values of its columns, in their order; nested parts stay JSON text."""
    fields = field_columns(RECORD_TYPES[record_type])
    shape = msgspec.defstruct(
        record_type, [(field.name, msgspec.Raw if field.type is NESTED else Any) for field in fields]
    )
    read, values = msgspec.json.Decoder(shape).decode, attrgetter(*(field.name for field in fields))
    nested = [place for place, field in enumerate(fields) if field.type is NESTED]

    def row(document: bytes) -> Values:
        found = list(values(read(document)))
        for place in nested:
            text = str(found[place], "utf-8")
            found[place] = None if text == "null" else text
        return tuple(found)

    return row
