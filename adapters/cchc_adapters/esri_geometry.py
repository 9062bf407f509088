"""Polygons as Esri writes them, `{"rings": [...]}`, made into GeoJSON.

In Esri's list outer rings run clockwise and holes the other way, and several polygons may share one list;
GeoJSON (RFC 7946, 3.1.6) wants each polygon's outer ring first and counterclockwise.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Ring = Sequence[Sequence[float]]


def polygon_of(rings: Sequence[Ring], crs: str) -> Mapping[str, Any]:
    """Return a Polygon, or a MultiPolygon where there are several outer rings.

    >>> square = [[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]
    >>> polygon_of([square], "EPSG:9210")["coordinates"]
    [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]
    """
    outers = [ring for ring in rings if _twice_area(ring) <= 0] or list(rings[:1])
    polygons = [[_turned(outer)] for outer in outers]
    for ring in rings:
        if not any(ring is outer for outer in outers):
            home = next((place for place, outer in enumerate(outers) if _holds(outer, ring[0])), 0)
            polygons[home].append(_turned(ring))
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0], "crs": crs}
    return {"type": "MultiPolygon", "coordinates": polygons, "crs": crs}


def _turned(ring: Ring) -> list[list[float]]:
    return [list(position) for position in reversed(ring)]


def _twice_area(ring: Ring) -> float:
    """Return twice the enclosed area: negative where the ring runs clockwise."""
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return sum(here[0] * there[1] - there[0] * here[1] for here, there in pairs)


def _holds(ring: Ring, point: Sequence[float]) -> bool:
    """Say whether a point lies inside a ring: a ray from it crosses the ring an odd number of times."""
    inside = False
    for here, there in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (here[1] > point[1]) != (there[1] > point[1]):
            crossing = here[0] + (point[1] - here[1]) * (there[0] - here[0]) / (there[1] - here[1])
            inside ^= point[0] < crossing
    return inside
