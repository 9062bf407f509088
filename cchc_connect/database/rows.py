"""From a record's document to the values of its table's columns."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec

from cchc_connect.database.record_tables import NESTED, field_columns
from cchc_schemas import RECORD_TYPES

Values = tuple[Any, ...]


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
