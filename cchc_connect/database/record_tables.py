"""One table for each record type, generated from the record class, and conversion of documents to its rows.

Any SQL tool can read the tables. The record's scalar fields are typed columns of the same names, its nested parts are
JSON (a JSON column on PostgreSQL), and the provenance columns follow. A column's comment is its field's description.

`row_converter` converts a record's document to the values of these columns.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel
from sqlalchemy import JSON, Boolean, Column, Index, Integer, LargeBinary, MetaData, Numeric, Table, Text
from sqlalchemy.types import TypeEngine

from cchc_connect.database.tables import BIG_INTEGER, METADATA
from cchc_schemas import RECORD_TYPES, Record

NESTED_JSON = Text().with_variant(JSON(), "postgresql")

RowValues = tuple[Any, ...]
"""Values of the field columns of one row."""

PROVENANCE_COLUMNS: tuple[tuple[str, TypeEngine[Any], str], ...] = (
    ("connection", Text(), "Connection that owns the record."),
    ("agency", Text(), "Code of the agency that is responsible for it (mã định danh cơ quan)."),
    ("partition", Text(), "Partition of the source's listing; empty where the listing has none."),
    ("source_key", Text(), "The source's own identifier."),
    ("source_time", Text(), "When the source changed it last, UTC, as ISO 8601."),
    ("run_id", Text(), "Run that wrote this version."),
    ("item_hash", LargeBinary(), "Hash of the wire item and of the translation key."),
    ("version", Integer(), "Version of the record, from 1 on."),
    ("sequence", BIG_INTEGER, "Sequence of this version in the change feed."),
    ("deleted_at", Text(), "When its deletion was detected, UTC; the other columns keep the last values."),
    ("notes", Text(), "Notes on oddities, as JSON: pairs of path and rule."),
)
"""Provenance of a row; the same columns in every record table."""


@dataclass(frozen=True)
class FieldColumn:
    """One record field as a column."""

    name: str
    type: TypeEngine[Any]


@cache
def field_columns(record_class: type[Record]) -> tuple[FieldColumn, ...]:
    """Return the columns of a record's fields, in the record's order."""
    return tuple(FieldColumn(name, _column_type(field.annotation)) for name, field in record_class.model_fields.items())


@cache
def record_table(record_type: str) -> Table:
    """Return the table of a record type."""
    record_class = RECORD_TYPES[record_type]
    table = Table(
        record_type,
        METADATA,
        Column("record_key", Text, primary_key=True, comment="The record's business key."),
        *(
            Column(field.name, field.type, comment=_description(record_class, field.name))
            for field in field_columns(record_class)
        ),
        *(Column(name, kind, comment=comment) for name, kind, comment in PROVENANCE_COLUMNS),
        comment=(record_class.__doc__ or "").partition("\n")[0],
    )
    Index(f"{record_type}_source", table.c.connection, table.c.source_key)
    # A covering index: an unchanged item is recognised without reading its row.
    covered = (table.c.connection, table.c.item_hash, table.c.source_key, table.c.source_time, table.c.partition)
    live = table.c.deleted_at.is_(None)
    Index(f"{record_type}_item", *covered, sqlite_where=live)  # also on PostgreSQL: see `migrate.create_schema`
    return table


def all_tables() -> MetaData:
    """Return the metadata with the tables of all record types."""
    for record_type in RECORD_TYPES:
        record_table(record_type)
    return METADATA


@cache
def row_converter(record_type: str) -> Callable[[bytes], RowValues]:
    """Return a function from document to column values, in column order; nested parts stay JSON text."""
    fields = field_columns(RECORD_TYPES[record_type])
    row_type = msgspec.defstruct(
        record_type, [(field.name, msgspec.Raw if field.type is NESTED_JSON else Any) for field in fields]
    )
    read, values = msgspec.json.Decoder(row_type).decode, attrgetter(*(field.name for field in fields))
    nested = [index for index, field in enumerate(fields) if field.type is NESTED_JSON]

    def row(document: bytes) -> RowValues:
        row_values = list(values(read(document)))
        for index in nested:
            text = str(row_values[index], "utf-8")
            row_values[index] = None if text == "null" else text
        return tuple(row_values)

    return row


def _description(record_class: type[Record], name: str) -> str | None:
    return record_class.model_fields[name].description


def _column_type(annotation: object) -> TypeEngine[Any]:
    kind = bare_type(annotation)
    if kind is bool:
        return Boolean()
    if kind is Decimal:
        return Numeric()
    if isinstance(kind, type) and issubclass(kind, int | IntEnum):
        return Integer()
    if isinstance(kind, type) and not issubclass(kind, BaseModel | tuple | list | Mapping):
        return Text()
    return NESTED_JSON


def bare_type(annotation: object) -> object:
    """Return the type under `Annotated`, `| None` and a generic's arguments."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return bare_type(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        (first, *alternatives) = [member for member in get_args(annotation) if member is not type(None)]
        return bare_type(first) if not alternatives else dict
    return origin or annotation
