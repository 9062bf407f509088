"""Geometries as text (WKT) and bytes (WKB) of OGC 06-103r4, and as RFC 7946 wants them.

A geometry is of three dimensions only if each of its positions has a height; otherwise heights are left out, because
neither form knows a position without one among others.
"""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from cchc_schemas import GeometryType

Shape = Mapping[str, Any]
"""A geometry as GeoJSON: `type` and `coordinates`."""

_WKB_CODES = {
    GeometryType.POINT: 1,
    GeometryType.LINE_STRING: 2,
    GeometryType.POLYGON: 3,
    GeometryType.MULTI_POINT: 4,
    GeometryType.MULTI_LINE_STRING: 5,
    GeometryType.MULTI_POLYGON: 6,
}
_WITH_HEIGHT = 1000
"""Added to the code of a type whose positions have heights (ISO WKB, which GeoParquet asks for)."""

_ELEMENT = {
    GeometryType.MULTI_POINT: GeometryType.POINT,
    GeometryType.MULTI_LINE_STRING: GeometryType.LINE_STRING,
    GeometryType.MULTI_POLYGON: GeometryType.POLYGON,
}
_SPACE, _PLANE = 3, 2


def well_known_text(shape: Shape) -> str:
    """Return a geometry as text.

    >>> well_known_text({"type": "LineString", "coordinates": [[106.5, 11.0], [106.6, 11.25]]})
    'LINESTRING (106.5 11.0, 106.6 11.25)'
    """
    kind, dimensions = GeometryType(shape["type"]), dimensions_of(shape)
    suffix = " Z" if dimensions == _SPACE else ""

    def written(nested: Sequence[Any]) -> str:
        if not isinstance(nested[0], Sequence):
            return " ".join(repr(float(number)) for number in nested[:dimensions])
        return f"({', '.join(map(written, nested))})"

    coordinates = shape["coordinates"]
    text = f"({written(coordinates)})" if kind is GeometryType.POINT else written(coordinates)
    return f"{kind.value.upper()}{suffix} {text}"


def well_known_bytes(shape: Shape) -> bytes:
    """Return a geometry as little-endian bytes.

    >>> well_known_bytes({"type": "Point", "coordinates": [1.0, 2.0]}).hex()
    '0101000000000000000000f03f0000000000000040'
    """
    return b"".join(_bytes(GeometryType(shape["type"]), shape["coordinates"], dimensions_of(shape)))


def dimensions_of(shape: Shape) -> int:
    """Return 3 if every position of a geometry has a height, else 2."""
    return _SPACE if all(len(position) == _SPACE for position in positions(shape["coordinates"])) else _PLANE


def positions(nested: Sequence[Any]) -> Iterator[Sequence[float]]:
    """Yield the positions in nested coordinates."""
    if not isinstance(nested[0], Sequence):
        yield nested
        return
    for part in nested:
        yield from positions(part)


def with_positions(nested: Sequence[Any], following: Callable[[], Sequence[float]]) -> list[Any]:
    """Return coordinates nested in the same way, each position replaced by the `following` one."""
    if not isinstance(nested[0], Sequence):
        return list(following())
    return [with_positions(part, following) for part in nested]


def right_handed(shape: Shape) -> dict[str, Any]:
    """Return a geometry whose outer rings run counterclockwise and whose inner rings clockwise (RFC 7946, 3.1.6)."""
    coordinates = shape["coordinates"]
    match GeometryType(shape["type"]):
        case GeometryType.POLYGON:
            coordinates = _right_handed_rings(coordinates)
        case GeometryType.MULTI_POLYGON:
            coordinates = [_right_handed_rings(polygon) for polygon in coordinates]
        case _:
            pass
    return {"type": shape["type"], "coordinates": coordinates}


def _right_handed_rings(rings: Sequence[Any]) -> list[Any]:
    return [
        ring if (_signed_area(ring) >= 0) == (index == 0) else list(reversed(ring)) for index, ring in enumerate(rings)
    ]


def _signed_area(ring: Sequence[Sequence[float]]) -> float:
    """Return twice the area of a ring, positive if it runs counterclockwise; from its first corner, for precision."""
    west, south = ring[0][0], ring[0][1]
    corners = [(position[0] - west, position[1] - south) for position in ring]
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(corners))


def _bytes(kind: GeometryType, coordinates: Sequence[Any], dimensions: int) -> Iterator[bytes]:
    yield struct.pack("<BI", 1, _WKB_CODES[kind] + (_WITH_HEIGHT if dimensions == _SPACE else 0))
    if kind in _ELEMENT:
        yield struct.pack("<I", len(coordinates))
        for element in coordinates:
            yield from _bytes(_ELEMENT[kind], element, dimensions)
    elif kind is GeometryType.POINT:
        yield struct.pack(f"<{dimensions}d", *coordinates[:dimensions])
    elif kind is GeometryType.LINE_STRING:
        yield _line_bytes(coordinates, dimensions)
    else:
        yield struct.pack("<I", len(coordinates))
        yield from (_line_bytes(ring, dimensions) for ring in coordinates)


def _line_bytes(line: Sequence[Sequence[float]], dimensions: int) -> bytes:
    numbers = [number for position in line for number in position[:dimensions]]
    return struct.pack(f"<I{len(numbers)}d", len(line), *numbers)
