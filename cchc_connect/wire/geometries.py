"""Convert geometries from GeoJSON or from Esri's JSON to the fields of the shared `Geometry`.

A shape that says nothing is no geometry, with a note: an empty list, "NaN" for coordinates, "POLYGON EMPTY". Measures
(M) are no heights and are left out; Esri's flags `hasZ` and `hasM` say which number is which. Rings are closed, with a
note, and nested by `ring_nesting`.

Sources: RFC 7946, 3.1 and 3.1.1 (empty coordinates, more than three numbers); Esri REST API, geometry objects (`hasZ`,
`hasM`, "NaN" of an empty point).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias, TypeGuard, cast

from cchc_connect.wire import codecs
from cchc_connect.wire.codecs import Unreadable
from cchc_connect.wire.crs_statements import contradicts
from cchc_connect.wire.ring_nesting import Ring, nested
from cchc_schemas.faults import Noted
from cchc_schemas.geometry import DEPTH, GeometryType
from cchc_schemas.reference_systems import reference_system

GeometryFields: TypeAlias = Mapping[str, object]
Shape: TypeAlias = GeometryFields | Noted | Unreadable | None

UNREADABLE = Unreadable("geometry_unreadable")
EMPTY = Noted(None, "geometry_empty")
NOT_CLOSED, REPEATED, TURNED = "ring_not_closed", "ring_repeated", "ring_direction_contradicted"

_MAX_NUMBERS = 3
_MIN_LINE, _MIN_CORNERS = 2, 3
_BOUND = 1e100
"""No coordinate comes near it, and its square is still a number."""
_EMPTY_TEXT = re.compile(r"(?:SRID=\d+;)?\s*[A-Z]+\s+(?:(?:ZM?|M)\s+)?EMPTY", re.IGNORECASE)
_STATEMENTS = ("crs", "spatialReference")
"""Members in which a shape of GeoJSON or of Esri names its own reference system."""
_CURVES = ("curveRings", "curvePaths")


def geometry_fields(shape: object, crs: str) -> Shape:
    """Return the fields of a `Geometry` with coordinates in `crs`; None if there is no shape.

    Returns:
        `Noted` where a shape was empty or its rings were mended, `Unreadable` where it is no geometry or says itself
        that its coordinates are in another reference system.
    """
    if shape is None:
        return None
    members = codecs.as_object(shape)
    if members is None:
        return EMPTY if isinstance(shape, str) and _EMPTY_TEXT.fullmatch(shape.strip()) else UNREADABLE
    if any(name in members and contradicts(crs, members[name]) for name in _STATEMENTS):
        return Unreadable("crs_contradicted", crs)
    kind = members.get("type")
    if kind is None:
        return _from_esri(members, crs) if members else EMPTY
    if kind == "GeometryCollection":
        return _from_collection(members, crs)
    return _from_geojson(kind, members.get("coordinates"), crs)


def easting_first(shape: Shape) -> Shape:
    """Return the fields of a geometry with easting first, where the definition of its system has northing first.

    Servers disagree whether GeoJSON follows the definition. The numbers tell: those of Viet Nam fit their system one
    way only. What fits both ways is read as the definition says.
    """
    if isinstance(shape, Noted):
        return Noted(easting_first(cast("Shape", shape.value)), shape.rule)
    if not isinstance(shape, Mapping):
        return shape
    system = reference_system(str(shape["crs"]))
    if system is None or not system.is_northing_first:
        return shape
    swapped = _mapped(shape["coordinates"], lambda position: [position[1], position[0], *position[2:]])
    west, south, east, north = system.domain
    fits = all(west <= position[0] <= east and south <= position[1] <= north for position in _positions(swapped))
    return {**shape, "coordinates": swapped} if fits else shape


def _from_geojson(kind: object, coordinates: object, crs: str) -> Shape:
    """Return a shape whose type is checked later, without what is empty and without measures."""
    fields = {"type": kind, "coordinates": coordinates, "crs": crs}
    is_regular = _REGULAR.get(kind) if isinstance(kind, str) else None
    if is_regular is None:
        return fields
    try:
        if is_regular(coordinates):
            return fields
    except (TypeError, IndexError, KeyError):  # no such lists
        pass
    if _is_empty(coordinates):
        return EMPTY
    filled = _without_empty(coordinates, DEPTH[GeometryType(str(kind))])
    closed = _with_closed_rings(str(kind), _mapped(filled, lambda position: list(position[:_MAX_NUMBERS])))
    return _noted(
        {**fields, "coordinates": closed},
        {EMPTY.rule: filled != coordinates, NOT_CLOSED: _count(closed) > _count(filled)},
    )


def _is_position(position: Any) -> bool:
    return _MIN_LINE <= len(position) <= _MAX_NUMBERS and not isinstance(position[0], str | list)


def _is_line(line: Any) -> bool:
    return len(line) > 0 and max(map(len, line)) <= _MAX_NUMBERS


def _are_lines(lines: Any) -> bool:
    return len(lines) > 0 and all(map(_is_line, lines))


def _are_rings(rings: Any) -> bool:
    for ring in rings:
        if len(ring) <= _MIN_CORNERS or ring[0] != ring[-1] or max(map(len, ring)) > _MAX_NUMBERS:
            return False
    return len(rings) > 0


def _are_polygons(polygons: Any) -> bool:
    return len(polygons) > 0 and all(map(_are_rings, polygons))


_REGULAR: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "Point": _is_position,
        "MultiPoint": _is_line,
        "LineString": _is_line,
        "MultiLineString": _are_lines,
        "Polygon": _are_rings,
        "MultiPolygon": _are_polygons,
    }
)
"""GeoJSON type -> whether coordinates need no mending; what is not nested so may raise an exception."""


def _with_closed_rings(kind: str, coordinates: Any) -> Any:
    if kind == "Polygon" and _is_list(coordinates):
        return [_closed(ring) if _is_of_numbers(ring) else ring for ring in coordinates]
    if kind == "MultiPolygon" and _is_list(coordinates):
        return [_with_closed_rings("Polygon", polygon) for polygon in coordinates]
    return coordinates


def _from_collection(members: Mapping[str, Any], crs: str) -> Shape:
    """Return the only shape of a collection; several shapes are no geometry of a record."""
    shapes = [shape for shape in codecs.as_list(members.get("geometries")) if shape is not None]
    if not shapes:
        return EMPTY
    return geometry_fields(shapes[0], crs) if len(shapes) == 1 else UNREADABLE


def _from_esri(members: Mapping[str, Any], crs: str) -> Shape:
    """Return a shape of Esri's JSON, which is known by the member that holds its coordinates."""
    if not any(name in members for name in _CURVES):
        for name, read in _ESRI_READERS.items():
            if name in members:
                return read(members, crs)
    return EMPTY if _is_empty(members.get("coordinates", 0)) else UNREADABLE


def _from_rings(members: Mapping[str, Any], crs: str) -> Shape:
    rings, has_empty = _lines(members, "rings")
    if rings is None:
        return UNREADABLE
    closed = [_closed(ring) for ring in rings]
    areas = [ring for ring in closed if len({(corner[0], corner[1]) for corner in ring}) >= _MIN_CORNERS]
    if not areas:
        return EMPTY
    nesting = nested(areas)
    polygons = nesting.polygons
    kind, coordinates = ("Polygon", polygons[0]) if len(polygons) == 1 else ("MultiPolygon", polygons)
    return _noted(
        {"type": kind, "coordinates": coordinates, "crs": crs},
        {
            EMPTY.rule: has_empty or len(areas) < len(closed),
            NOT_CLOSED: any(len(ring) > len(source) for ring, source in zip(closed, rings, strict=True)),
            REPEATED: nesting.is_repeated,
            TURNED: nesting.is_turned,
        },
    )


def _from_paths(members: Mapping[str, Any], crs: str) -> Shape:
    paths, has_empty = _lines(members, "paths")
    if paths is None:
        return UNREADABLE
    lines = [path for path in paths if len(path) >= _MIN_LINE]
    if not lines:
        return EMPTY
    kind, coordinates = ("LineString", lines[0]) if len(lines) == 1 else ("MultiLineString", lines)
    fields = {"type": kind, "coordinates": coordinates, "crs": crs}
    return _noted(fields, {EMPTY.rule: has_empty or len(lines) < len(paths)})


def _from_points(members: Mapping[str, Any], crs: str) -> Shape:
    points, _ = _lines({**members, "points": [members["points"]]}, "points")
    if points is None:
        return UNREADABLE
    return {"type": "MultiPoint", "coordinates": points[0], "crs": crs} if points else EMPTY


def _from_point(members: Mapping[str, Any], crs: str) -> Shape:
    position = [members["x"], members.get("y")]
    if _is_empty(position):
        return EMPTY
    if not all(map(_is_number, position)):
        return UNREADABLE
    height = [members["z"]] if _is_number(members.get("z")) else []
    return {"type": "Point", "coordinates": [*position, *height], "crs": crs}


def _from_envelope(members: Mapping[str, Any], crs: str) -> Shape:
    corners = [members.get(name) for name in ("xmin", "ymin", "xmax", "ymax")]
    if _is_empty(corners):
        return EMPTY
    west, south, east, north = corners
    ring = [[west, south], [west, north], [east, north], [east, south], [west, south]]
    return _from_rings({"rings": [ring]}, crs)


_ESRI_READERS: Mapping[str, Callable[[Mapping[str, Any], str], Shape]] = MappingProxyType(
    {"rings": _from_rings, "paths": _from_paths, "points": _from_points, "x": _from_point, "xmin": _from_envelope}
)


def _lines(members: Mapping[str, Any], name: str) -> tuple[list[Ring] | None, bool]:
    """Return lists of positions without measures, and whether some were empty; None if they are no such lists.

    `hasZ` and `hasM` tell what a third number is; without both it is a height.
    """
    lines = [] if _is_empty(members[name]) else cast("list[Any]", codecs.as_list(members[name]))
    filled = [line for line in lines if not _is_empty(line)]
    if not all(map(_is_of_numbers, filled)):
        return None, False
    has_z, has_m = members.get("hasZ"), members.get("hasM")
    has_height = has_z is True or (has_z is None and has_m is not True)
    count = _MAX_NUMBERS if has_height else _MIN_LINE
    measured: list[Ring] = [
        line
        if max(map(len, line)) <= _MIN_LINE
        else [[number for number in position[:count] if _is_number(number)] for position in line]
        for line in filled
    ]
    return measured, len(filled) < len(lines)


def _closed(ring: Ring) -> Ring:
    """Return the ring with its first position at its end too; heights do not count."""
    first, last = ring[0], ring[-1]
    if first == last:
        return ring
    is_closed = len(ring) > 1 and list(first[:2]) == list(last[:2])
    return [*ring[:-1], first] if is_closed else [*ring, first]


def _noted(fields: GeometryFields, rules: Mapping[str, bool]) -> GeometryFields | Noted:
    noted: GeometryFields | Noted = fields
    for rule, is_broken in rules.items():
        if is_broken:
            noted = Noted(noted, rule)
    return noted


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _mapped(value: Any, change: Callable[[Sequence[float]], object]) -> Any:
    """Return nested lists with each position changed."""
    if not _is_list(value) or not value:
        return value
    if _is_list(value[0]):
        return [_mapped(member, change) for member in value]
    return change(value) if len(value) > 1 and all(map(_is_number, value[:2])) else value


def _positions(value: Any) -> list[Sequence[float]]:
    """Return the positions of nested lists."""
    positions: list[Sequence[float]] = []
    _mapped(value, positions.append)
    return positions


def _count(coordinates: Any) -> int:
    return len(_positions(coordinates))


def _without_empty(coordinates: Any, depth: int) -> Any:
    """Return coordinates without empty parts: rings, lines or points of several, that say nothing."""
    if not depth or not _is_list(coordinates):
        return coordinates
    return [_without_empty(part, depth - 1) for part in coordinates if not _is_empty(part)]


def _is_empty(value: object) -> bool:
    """True for nothing, for an empty list, and for lists of nothing; "NaN" is how Esri writes no number."""
    if _is_list(value):
        return all(map(_is_empty, value))
    return value is None or (isinstance(value, str) and value.strip().lower() in {"", "nan", "null"})


def _is_of_numbers(line: object) -> bool:
    """True for a list of positions."""
    return _is_list(line) and all(
        _is_list(position) and len(position) > 1 and all(map(_is_number, position[:2])) for position in line
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _BOUND
