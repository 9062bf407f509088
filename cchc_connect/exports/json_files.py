"""Writes NDJSON (one JSON object a line) and GeoJSON (RFC 7946)."""

from collections.abc import Iterable
from typing import BinaryIO

import msgspec

from cchc_connect.exports.geometry_encoding import right_handed
from cchc_connect.exports.stored_rows import ExportRow, Written


def write_ndjson(file: BinaryIO, rows: Iterable[ExportRow], *, located: bool) -> Written:
    """Write one object a line: key, fields, geometry with its reference system if records are `located`, provenance."""
    count = 0
    for row in rows:
        geometry = None if row.geometry is None else {**row.geometry, "crs": row.crs}
        named = {"geometry": geometry} if located else {}
        file.write(msgspec.json.encode({"record_key": row.key, **row.fields, **named, **row.provenance}) + b"\n")
        count += 1
    return Written(count)


def write_geojson(file: BinaryIO, rows: Iterable[ExportRow]) -> Written:
    """Write a feature collection, one feature a line."""
    file.write(b'{"type": "FeatureCollection", "features": [\n')
    count = 0
    for row in rows:
        geometry = None if row.geometry is None else right_handed(row.geometry)
        properties = {**row.fields, **row.provenance}
        feature = {"type": "Feature", "id": row.key, "geometry": geometry, "properties": properties}
        file.write((b",\n" if count else b"") + msgspec.json.encode(feature))
        count += 1
    file.write(b"\n]}\n")
    return Written(count)
