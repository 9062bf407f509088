"""Geometry (hình học) as GeoJSON with an explicit coordinate reference system.

GeoJSON (RFC 7946) allows only WGS 84; land offices survey in VN-2000, whose zone differs by source (Bình Dương
EPSG:9210, central meridian 105°45'). So a geometry names the reference system of its coordinates, and numbers that the
system cannot have are refused: a label that nobody checks puts a parcel into another country.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cchc_schemas.codes import CrsName
from cchc_schemas.personal import without_personal
from cchc_schemas.records import Part, Record
from cchc_schemas.reference_systems import Box, reference_system
from cchc_schemas.spelling import Irregularities, SourceReading
from cchc_schemas.text import REQUIRED


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
"""Depth of nested lists around a position, by type."""

_MIN_LINE = 2
_MIN_RING = 4
"""A closed ring has at least four positions (RFC 7946, 3.1.6)."""

Nested: TypeAlias = tuple[Any, ...]


def _nested_positions() -> CoreSchema:
    """Return the schema for positions of two or three finite numbers, nested in up to three lists.

    It stops at the first error.
    """
    number = core_schema.float_schema(allow_inf_nan=False)
    level: CoreSchema = core_schema.tuple_schema(
        [number], variadic_item_index=0, min_length=2, max_length=3, fail_fast=True
    )
    levels = [level]
    for _ in range(max(DEPTH.values())):
        level = core_schema.tuple_schema([level], variadic_item_index=0, min_length=1, fail_fast=True)
        levels.append(level)
    levels.insert(0, levels.pop(DEPTH[GeometryType.POLYGON]))  # polygons are the most frequent, so they are tried first
    return core_schema.union_schema(
        [*levels],
        mode="left_to_right",
        custom_error_type="coordinates_malformed",
        custom_error_message="Not positions of two or three numbers",
    )


@dataclass(frozen=True, slots=True)
class CoordinatesRule:
    """Validates coordinates against the geometry's `type`, a field that must be declared before them."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(_check_against_type, _nested_positions())

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "array"}  # what it holds depends on the type: the schema of `Geometry` says it


def _check_against_type(coordinates: Nested, validation: ValidationInfo) -> Nested:
    kind = validation.data.get("type")
    if kind is None or (kind is GeometryType.POLYGON and _are_closed_rings(coordinates)):
        return coordinates
    if _depth(coordinates) != DEPTH[kind]:
        raise PydanticCustomError("coordinates_of_another_type", "The coordinates do not fit the type")
    for line in _lines(kind, coordinates):
        if len(line) < _MIN_LINE:
            raise PydanticCustomError("line_too_short", "A line needs two positions")
    for ring in _rings(kind, coordinates):
        _check_ring(ring, validation)
    return coordinates


def _are_closed_rings(coordinates: Nested) -> bool:
    """True if all are closed rings of numbers, so that no further check is needed."""
    return all(_is_closed_ring(ring) for ring in coordinates)


def _is_closed_ring(ring: Nested | float) -> bool:
    if not isinstance(ring, tuple):
        return False
    first: Nested | float = ring[0]
    return isinstance(first, tuple) and isinstance(first[0], float) and first == ring[-1] and len(ring) >= _MIN_RING


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


def _check_ring(ring: Nested, validation: ValidationInfo) -> None:
    """Check one ring; a ring that is not closed is only noted where the context collects `Irregularities`."""
    closed = ring[0] == ring[-1]
    if len(ring) < (_MIN_RING if closed else _MIN_RING - 1):  # an open ring lacks the repeated first position
        raise PydanticCustomError("ring_too_short", "A ring needs three corners")
    if not closed:
        if not isinstance(validation.context, Irregularities):
            raise PydanticCustomError("ring_not_closed", "A ring ends where it began")
        validation.context.append("ring_not_closed")


Coordinates: TypeAlias = Annotated[Nested, CoordinatesRule()]


class Geometry(Part):
    """Geometry (hình học) in a named coordinate reference system."""

    type: GeometryType
    """GeoJSON type (kiểu hình học)."""
    coordinates: Coordinates
    """Coordinates (tọa độ): longitude or easting first, nested as GeoJSON nests them; lists become tuples."""
    crs: CrsName
    """Reference system (hệ quy chiếu): "OGC:CRS84" for longitude and latitude, "EPSG:9210" for VN-2000 105°45'."""

    @model_validator(mode="after")
    def _fits_its_system(self, validation: ValidationInfo) -> Self:
        """Refuse coordinates that the reference system cannot have: degrees as metres, swapped axes.

        What was stored before there was this rule can still be read.
        """
        context = validation.context
        if isinstance(context, Irregularities) and not isinstance(context, SourceReading):
            return self
        if not fits_system(self.bounds, self.crs):
            required = {REQUIRED: _domain_text(self.crs)}
            raise PydanticCustomError("crs_contradicted", "No coordinates of the system", required)
        return self

    @property
    def bounds(self) -> Box:
        """Least x, least y, greatest x and greatest y of all positions."""
        return bounds_of(lines_of(self.type, self.coordinates))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add what the coordinates of each type look like."""
        described = handler.resolve_ref_schema(handler(schema))
        described["allOf"] = [
            {
                "if": {"properties": {"type": {"const": kind.value}}, "required": ["type"]},
                "then": {"properties": {"coordinates": _written_coordinates(kind)}},
            }
            for kind in GeometryType
        ]
        return described

    @property
    def __geo_interface__(self) -> dict[str, Any]:
        """The geometry for other libraries, by the protocol of that name: `shapely.geometry.shape(parcel.geometry)`."""
        return {"type": self.type.value, "coordinates": self.coordinates}


def lines_of(kind: GeometryType, coordinates: Nested) -> Iterable[Nested]:
    """Return the positions of a geometry by line or ring; those of points are one line."""
    match DEPTH[kind]:
        case 0:
            return ((coordinates,),)
        case 1:
            return (coordinates,)
        case 2:
            return coordinates
        case _:
            return chain.from_iterable(coordinates)


def bounds_of(lines: Iterable[Nested]) -> Box:
    """Return least x, least y, greatest x and greatest y of the positions of at least one line."""
    # One loop with comparisons takes a fifth of the time of `min` and `max`: most rings are short.
    west = south = inf
    east = north = -inf
    for line in lines:
        for position in line:
            x, y = position[0], position[1]
            if x < west:  # noqa: PLR1730  # faster
                west = x
            if x > east:  # noqa: PLR1730  # faster
                east = x
            if y < south:  # noqa: PLR1730  # faster
                south = y
            if y > north:  # noqa: PLR1730  # faster
                north = y
    return west, south, east, north


def fits_system(bounds: Box, crs: str) -> bool:
    """True if the reference system can have such coordinates, or if its domain is unknown."""
    system = reference_system(crs)
    return system is None or is_within(bounds, system.domain)


def _domain_text(crs: str) -> str:
    """Return which coordinates a system can have: "EPSG:9210: 50000 <= x <= 950000, 800000 <= y <= 2650000"."""
    system = reference_system(crs)
    if system is None:
        return crs
    west, south, east, north = (f"{bound:.10g}" for bound in system.domain)
    return f"{crs}: {west} <= x <= {east}, {south} <= y <= {north}"


def is_within(inner: Box, outer: Box) -> bool:
    """True if the first box lies in the second one."""
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def _written_coordinates(kind: GeometryType) -> dict[str, Any]:
    """Return the JSON Schema of the coordinates of a geometry type, from the position outwards."""
    shape: dict[str, Any] = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3}
    for least in reversed(_LEAST_LENGTHS[kind]):
        shape = {"type": "array", "items": shape, "minItems": least}
    return shape


_LEAST_LENGTHS: Mapping[GeometryType, tuple[int, ...]] = MappingProxyType(
    {
        GeometryType.POINT: (),
        GeometryType.MULTI_POINT: (1,),
        GeometryType.LINE_STRING: (_MIN_LINE,),
        GeometryType.MULTI_LINE_STRING: (1, _MIN_LINE),
        GeometryType.POLYGON: (1, _MIN_RING),
        GeometryType.MULTI_POLYGON: (1, 1, _MIN_RING),
    }
)
"""Smallest number of elements of each list around a position, the outermost first."""


class LocatedRecord(Record):
    """A record that may have a geometry (bản ghi có vị trí, hình dạng)."""

    if TYPE_CHECKING:
        geometry: Geometry | None

    @property
    def __geo_interface__(self) -> dict[str, Any]:
        """The record as a GeoJSON feature, for other libraries.

        Coordinates are those of the geometry's reference system; the protocol has no place for its name, so that is the
        property `crs`. Personal fields are left out, at any depth.
        """
        properties = without_personal(type(self), self.model_dump(mode="json", exclude={"geometry"}))
        shape = None if self.geometry is None else self.geometry.__geo_interface__
        crs = None if self.geometry is None else self.geometry.crs
        return {"type": "Feature", "id": self.key, "geometry": shape, "properties": {**properties, "crs": crs}}
