"""Geometry (hình học) as GeoJSON with its reference system named.

GeoJSON (RFC 7946) knows WGS 84 only; offices survey in VN-2000, whose zone differs by source (Bình Dương
EPSG:9210, central meridian 105°45'). So a geometry says which system its coordinates are in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cchc_schemas.codes import CrsName, Irregularities
from cchc_schemas.records import Part


class GeometryType(StrEnum):
    """The GeoJSON types with coordinates (RFC 7946, 3.1)."""

    POINT = "Point"
    MULTI_POINT = "MultiPoint"
    LINE_STRING = "LineString"
    MULTI_LINE_STRING = "MultiLineString"
    POLYGON = "Polygon"
    MULTI_POLYGON = "MultiPolygon"


DEPTH = {
    GeometryType.POINT: 0,
    GeometryType.MULTI_POINT: 1,
    GeometryType.LINE_STRING: 1,
    GeometryType.MULTI_LINE_STRING: 2,
    GeometryType.POLYGON: 2,
    GeometryType.MULTI_POLYGON: 3,
}
"""How many lists stand around a position."""

_LINE = 2
_RING = 4
"""A closed ring has four positions at the least (RFC 7946, 3.1.6)."""

Nested: TypeAlias = tuple[Any, ...]


def _nested_positions() -> CoreSchema:
    """Positions of two or three finite numbers in up to three lists; the right one fails fast for the others."""
    number = core_schema.float_schema(allow_inf_nan=False)
    level: CoreSchema = core_schema.tuple_schema(
        [number], variadic_item_index=0, min_length=2, max_length=3, fail_fast=True
    )
    levels = [level]
    for _ in range(max(DEPTH.values())):
        level = core_schema.tuple_schema([level], variadic_item_index=0, min_length=1, fail_fast=True)
        levels.append(level)
    levels.insert(0, levels.pop(DEPTH[GeometryType.POLYGON]))  # what most records hold is tried first
    return core_schema.union_schema(
        [*levels],
        mode="left_to_right",
        custom_error_type="coordinates_malformed",
        custom_error_message="Not positions of two or three numbers",
    )


@dataclass(frozen=True, slots=True)
class CoordinatesRule:
    """Makes a field hold coordinates of the geometry's `type`, which must stand before it."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(_of_type, _nested_positions())

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        level: dict[str, Any] = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3}
        levels = [level]
        for _ in range(max(DEPTH.values())):
            level = {"type": "array", "items": level, "minItems": 1}
            levels.append(level)
        return {"anyOf": levels}


def _of_type(coordinates: Nested, info: ValidationInfo) -> Nested:
    kind = info.data.get("type")
    if kind is None or (kind is GeometryType.POLYGON and _are_closed_rings(coordinates)):
        return coordinates
    if _depth(coordinates) != DEPTH[kind]:
        raise PydanticCustomError("coordinates_of_another_type", "The coordinates do not fit the type")
    for line in _lines(kind, coordinates):
        if len(line) < _LINE:
            raise PydanticCustomError("line_too_short", "A line needs two positions")
    for ring in _rings(kind, coordinates):
        _check_ring(ring, info)
    return coordinates


def _are_closed_rings(coordinates: Nested) -> bool:
    """Say whether nothing has to be looked at more closely: rings of numbers, each ending where it began."""
    return all(_is_closed_ring(ring) for ring in coordinates)


def _is_closed_ring(ring: Nested | float) -> bool:
    if not isinstance(ring, tuple):
        return False
    first: Nested | float = ring[0]
    return isinstance(first, tuple) and isinstance(first[0], float) and first == ring[-1] and len(ring) >= _RING


def _depth(coordinates: Nested) -> int:
    depth, first = 0, coordinates[0]
    while not isinstance(first, float):
        depth, first = depth + 1, first[0]
    return depth


def _lines(kind: GeometryType, coordinates: Nested) -> Nested:
    if kind is GeometryType.LINE_STRING:
        return (coordinates,)
    return coordinates if kind is GeometryType.MULTI_LINE_STRING else ()


def _rings(kind: GeometryType, coordinates: Nested) -> Iterator[Nested]:
    if kind is GeometryType.POLYGON:
        yield from coordinates
    elif kind is GeometryType.MULTI_POLYGON:
        for polygon in coordinates:
            yield from polygon


def _check_ring(ring: Nested, info: ValidationInfo) -> None:
    closed = ring[0] == ring[-1]
    if len(ring) < _RING - (not closed):
        raise PydanticCustomError("ring_too_short", "A ring needs three corners")
    if not closed:
        if not isinstance(info.context, Irregularities):
            raise PydanticCustomError("ring_not_closed", "A ring ends where it began")
        info.context.append("ring_not_closed")


Coordinates: TypeAlias = Annotated[Nested, CoordinatesRule()]


class Geometry(Part):
    """Shape and place (hình học) in a named reference system."""

    type: GeometryType
    """GeoJSON type (kiểu hình học)."""
    coordinates: Coordinates
    """Coordinates (toạ độ): longitude or easting first, nested as GeoJSON nests them; lists become tuples."""
    crs: CrsName
    """Reference system (hệ quy chiếu): "OGC:CRS84" for longitude and latitude, "EPSG:9210" for VN-2000 105°45'."""
