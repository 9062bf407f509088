"""Writes Parquet with pyarrow, extra `parquet`: a typed column for each field, nested parts as structures and lists.

| field | column |
|---|---|
| text, code, partial date, personal value (masked) | string |
| code that is a number | int32 |
| number | int64, decimal128(38, 10) |
| day, instant | date32, timestamp[us, UTC] |
| part, list | struct, list |
| geometry | binary: WKB, declared as GeoParquet 1.1 |
"""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingModuleSource=false

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa  # type: ignore[import-untyped]  # it has none
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # the same
from pydantic import BaseModel

from cchc_connect.exports.field_types import FieldType, field_types, has_geometry
from cchc_connect.exports.geometry_encoding import well_known_bytes
from cchc_connect.exports.reference_systems import projection_json
from cchc_connect.exports.stored_rows import ExportRow, Selection, Written

BATCH_ROWS = 500
"""Rows that are converted at a time: as Python objects they are many times as large as in columns."""
BATCHES_PER_GROUP = 40
"""Batches of a row group, which is held in memory in columns."""

_SCALE = 10
_DECIMAL = pa.decimal128(38, _SCALE)
_INSTANT = pa.timestamp("us", tz="UTC")
_PROVENANCE_TYPES = {"source_time": _INSTANT, "changed_at": _INSTANT, "version": pa.int32()}
"""Types of provenance columns that are no text."""

Reader = Callable[[Any], Any]
"""Returns the value of a column for a JSON-ready value."""


def write_parquet(file: BinaryIO, rows: Iterable[ExportRow], selection: Selection, crs: str) -> Written:
    """Write a table; `crs` is the reference system of its geometries.

    Raises:
        ConfigurationError: the geometries are not in CRS84, and pyproj, which defines the others, is not installed.
    """
    record_class = selection.record_class
    located = has_geometry(record_class)
    schema = _schema(record_class, selection.provenance, located=located)
    if located:
        schema = schema.with_metadata({"geo": json.dumps(_geo_metadata(crs))})
    read, remaining, count = _part_reader(record_class), iter(rows), 0
    with pq.ParquetWriter(file, schema) as writer:
        batches = (
            pa.RecordBatch.from_pylist([_row_values(row, read, located=located) for row in batch], schema=schema)
            for batch in iter(lambda: list(islice(remaining, BATCH_ROWS)), [])
        )
        while group := list(islice(batches, BATCHES_PER_GROUP)):
            writer.write_table(pa.Table.from_batches(group, schema=schema))
            count += sum(batch.num_rows for batch in group)
    return Written(count)


def _schema(record_class: type[BaseModel], provenance: Sequence[str], *, located: bool) -> Any:
    return pa.schema(
        [
            pa.field("record_key", pa.string(), nullable=False),
            *_fields(record_class),
            *([pa.field("geometry", pa.binary())] if located else ()),
            *(pa.field(name, _PROVENANCE_TYPES.get(name, pa.string())) for name in provenance),
        ]
    )


def _fields(model: type[BaseModel]) -> Iterator[Any]:
    for field in field_types(model):
        kind = _value_type(field.kind) if field.part is None else pa.struct(list(_fields(field.part)))
        yield pa.field(field.name, pa.list_(kind) if field.is_list else kind)


def _value_type(kind: type[Any]) -> Any:
    if issubclass(kind, IntEnum):
        return pa.int32()
    return _TYPES.get(kind, pa.string())


_TYPES: Mapping[type[Any], Any] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    Decimal: _DECIMAL,
    date: pa.date32(),
    datetime: _INSTANT,
}


def _row_values(row: ExportRow, read: Reader, *, located: bool) -> dict[str, Any]:
    geometry = {"geometry": row.geometry and well_known_bytes(row.geometry)} if located else {}
    provenance = {
        name: value and datetime.fromisoformat(value) if _PROVENANCE_TYPES.get(name) == _INSTANT else value
        for name, value in row.provenance.items()
    }
    return {"record_key": row.key, **read(row.fields), **geometry, **provenance}


def _part_reader(model: type[BaseModel]) -> Reader:
    readers = {field.name: _field_reader(field) for field in field_types(model)}

    def read(part: Mapping[str, Any]) -> dict[str, Any]:
        return {name: None if (value := part.get(name)) is None else reader(value) for name, reader in readers.items()}

    return read


def _field_reader(field: FieldType) -> Reader:
    reader = _READERS.get(field.kind, _same) if field.part is None else _part_reader(field.part)
    if not field.is_list:
        return reader
    return lambda values: [reader(value) for value in values]


def _same(value: Any) -> Any:
    return value


def _decimal(value: str) -> Decimal:
    """Return a number that fits its column; digits after the tenth decimal place are rounded."""
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    return round(number, _SCALE) if isinstance(exponent, int) and exponent < -_SCALE else number


_READERS: Mapping[type[Any], Reader] = {
    Decimal: _decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


def _geo_metadata(crs: str) -> Mapping[str, Any]:
    """Return what GeoParquet says of the geometries."""
    definition = projection_json(crs)
    column = {"encoding": "WKB", "geometry_types": [], **({"crs": definition} if definition else {})}
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
