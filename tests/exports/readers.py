"""Exported files, read as their users read them: by csv, openpyxl, json and pyarrow."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import csv
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it has none

FORMATS = ("csv", "xlsx", "ndjson", "geojson", "parquet")


def csv_rows(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def workbook_rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of each sheet, by its name."""
    workbook = openpyxl.load_workbook(path)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in workbook.worksheets}


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def features(path: Path) -> list[dict[str, Any]]:
    collection = json.loads(path.read_bytes())
    assert collection["type"] == "FeatureCollection"
    return list(collection["features"])


def parquet_rows(path: Path) -> list[dict[str, Any]]:
    return list(pq.read_table(path).to_pylist())


def geo_metadata(path: Path) -> dict[str, Any]:
    """Return what a Parquet file says of its geometries, as programs for maps read it."""
    metadata: dict[str, Any] = json.loads(pq.read_schema(path).metadata[b"geo"])
    return metadata


def contents(path: Path) -> str:
    """Return everything that a file holds, packed parts unpacked."""
    match path.suffix:
        case ".xlsx":
            with ZipFile(path) as archive:
                return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
        case ".parquet":
            return f"{parquet_rows(path)!s}\n{path.read_bytes().decode('utf-8', 'replace')}"
        case _:
            return path.read_bytes().decode("utf-8-sig")


def cells(path: Path) -> Iterator[str]:
    """Yield the text of each cell of a table for people."""
    if path.suffix == ".csv":
        yield from (cell for row in csv_rows(path) for cell in row)
    else:
        for rows in workbook_rows(path).values():
            yield from (cell for row in rows for cell in row if isinstance(cell, str))


def from_wkb(octets: bytes) -> dict[str, Any]:
    """Return a geometry of ISO WKB as GeoJSON."""
    shape, end = _shape(octets, 0)
    assert end == len(octets)
    return shape


_NAMES = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}


def _shape(octets: bytes, start: int) -> tuple[dict[str, Any], int]:
    order, code = struct.unpack_from("<BI", octets, start)
    assert order == 1
    kind, dimensions, end = code % 1000, 3 if code > 1000 else 2, start + 5
    if kind == 1:
        return _named(kind, list(struct.unpack_from(f"<{dimensions}d", octets, end))), end + 8 * dimensions
    (count,), end = struct.unpack_from("<I", octets, end), end + 4
    if kind == 2:
        line, end = _line(octets, end - 4, dimensions)
        return _named(kind, line), end
    parts = list[Any]()
    for _ in range(count):
        if kind == 3:
            part, end = _line(octets, end, dimensions)
        else:
            shape, end = _shape(octets, end)
            part = shape["coordinates"]
        parts.append(part)
    return _named(kind, parts), end


def _line(octets: bytes, start: int, dimensions: int) -> tuple[list[Any], int]:
    (count,) = struct.unpack_from("<I", octets, start)
    numbers = struct.unpack_from(f"<{count * dimensions}d", octets, start + 4)
    positions = [list(numbers[index : index + dimensions]) for index in range(0, len(numbers), dimensions)]
    return positions, start + 4 + 8 * len(numbers)


def _named(kind: int, coordinates: list[Any]) -> dict[str, Any]:
    return {"type": _NAMES[kind], "coordinates": coordinates}
