"""Convert geometries from GeoJSON or Esri rings to the fields of the shared `Geometry`.

Esri lists all rings of all polygons in one list: outer rings clockwise, holes the other way (Esri REST API,
geometry objects). GeoJSON winds them the opposite way and nests each hole in its polygon (RFC 7946, 3.1.6).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias, cast

from cchc_connect import Unreadable
from cchc_connect.wire import codecs

Ring: TypeAlias = Sequence[Sequence[float]]

UNREADABLE = Unreadable("geometry_unreadable")


def geometry_fields(shape: object, crs: str) -> Mapping[str, object] | Unreadable | None:
    """Return the fields of a `Geometry` with coordinates in `crs`; None if there is no shape."""
    if shape is None:
        return None
    members = codecs.as_object(shape)
    if members is None:
        return UNREADABLE
    if "rings" in members:
        return _from_rings(members["rings"], crs)
    return {"type": members.get("type"), "coordinates": members.get("coordinates"), "crs": crs}


def _from_rings(rings: object, crs: str) -> Mapping[str, object] | Unreadable | None:
    if rings == []:
        return None
    if not isinstance(rings, list) or not all(_is_ring(ring) for ring in cast("list[object]", rings)):
        return UNREADABLE
    polygons = _polygons(cast("list[Ring]", rings))
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0], "crs": crs}
    return {"type": "MultiPolygon", "coordinates": polygons, "crs": crs}


def _polygons(rings: Sequence[Ring]) -> list[list[Ring]]:
    """Return each outer ring with its holes; a hole outside all outer rings becomes a polygon.

    If no ring is clockwise, every ring counts as an outer ring.
    """
    outer = [ring for ring in rings if _signed_area(ring) < 0]
    holes = [ring for ring in rings if _signed_area(ring) >= 0] if outer else []
    polygons: list[list[Ring]] = [[_wound(ring, counter_clockwise=True)] for ring in outer or rings]
    for hole in holes:
        enclosing = next((polygon for polygon in polygons if _is_inside(hole[0], polygon[0])), None)
        if enclosing:
            enclosing.append(_wound(hole, counter_clockwise=False))
        else:
            polygons.append([hole])
    return polygons


def _signed_area(ring: Ring) -> float:
    """Return twice the signed area of a ring: positive if it runs counter-clockwise."""
    # Relative to the first corner: projected coordinates are large and would cost the sum precision.
    east, north = ring[0][0], ring[0][1]
    corners = [(corner[0] - east, corner[1] - north) for corner in (*ring, ring[0])]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(corners))


def _wound(ring: Ring, *, counter_clockwise: bool) -> Ring:
    return ring if (_signed_area(ring) > 0) is counter_clockwise else list(reversed(ring))


def _is_inside(point: Sequence[float], ring: Ring) -> bool:
    """True if `point` is inside the ring: a ray to the east crosses it an odd number of times."""
    x, y = point[0], point[1]
    inside = False
    for start, end in pairwise((*ring, ring[0])):
        crosses = (start[1] > y) is not (end[1] > y)
        if crosses and x < start[0] + (y - start[1]) * (end[0] - start[0]) / (end[1] - start[1]):
            inside = not inside
    return inside


def _is_ring(ring: object) -> bool:
    corners = codecs.as_list(ring)
    return isinstance(ring, list) and bool(corners) and all(_is_position(corner) for corner in corners)


def _is_position(corner: object) -> bool:
    numbers = codecs.as_list(corner)
    return isinstance(corner, list) and len(numbers) > 1 and all(isinstance(number, int | float) for number in numbers)
