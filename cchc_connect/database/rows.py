"""Converts a record's document to the values of its table's columns."""

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
    """Return a function from document to column values, in column order; nested parts stay JSON text."""
    fields = field_columns(RECORD_TYPES[record_type])
    shape = msgspec.defstruct(
        record_type, [(field.name, msgspec.Raw if field.type is NESTED else Any) for field in fields]
    )
    read, values = msgspec.json.Decoder(shape).decode, attrgetter(*(field.name for field in fields))
    nested = [index for index, field in enumerate(fields) if field.type is NESTED]

    def row(document: bytes) -> Values:
        row_values = list(values(read(document)))
        for index in nested:
            text = str(row_values[index], "utf-8")
            row_values[index] = None if text == "null" else text
        return tuple(row_values)

    return row
