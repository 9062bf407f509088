"""How the borders of polygons run, by shapely (extra `geo`): rings that cross themselves, holes outside, rings twice.

Most parcels are triangles or convex quadrangles, which cannot be wrong; shapely is not asked about them and not
imported for them. The others are asked about together, which costs a tenth of asking one by one.
"""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import chain, pairwise
from typing import Any

from cchc_schemas import Geometry, GeometryType
from cchc_schemas.geometry import Nested

CROSSING, REPEATED, IRREGULAR = "border_self_intersecting", "ring_repeated", "polygon_irregular"

_TRIANGLE, _QUADRANGLE = 4, 5
"""Positions of a closed ring; one that is not closed has one less."""


def analyses() -> bool:
    """Return whether shapely is installed."""
    return find_spec("shapely") is not None


def border_rules(geometries: Sequence[Geometry]) -> Iterator[tuple[int, str]]:
    """Yield the index and the broken rule of each polygon whose borders run wrongly; nothing without shapely.

    Args:
        geometries: polygons, or several in one; those that are plain need not be asked about.
    """
    if not geometries or not analyses():
        return
    import shapely  # type: ignore[import-untyped]  # noqa: PLC0415  # the extra may be missing

    module: Any = shapely
    shapes = _shapes(module, geometries)
    for number, (shape, is_valid) in enumerate(zip(shapes, module.is_valid(shapes), strict=True)):
        if not is_valid:
            yield number, _rule(str(module.is_valid_reason(shape)), geometries[number])


def is_plain(geometry: Geometry) -> bool:
    """True if nothing can be wrong with the borders."""
    if geometry.type is GeometryType.POLYGON:
        ring, *holes = geometry.coordinates
        positions = len(ring) if ring[0] == ring[-1] else len(ring) + 1
        return not holes and (positions <= _TRIANGLE or (positions == _QUADRANGLE and _is_convex(ring)))
    return geometry.type is not GeometryType.MULTI_POLYGON


def _is_convex(ring: Nested) -> bool:
    """True if a closed ring of four corners turns to one side at each: then its sides do not cross."""
    if ring[0] != ring[-1]:
        return False
    try:
        (ax, ay), (bx, by), (cx, cy), (dx, dy), _ = ring
    except ValueError:  # a position has a height
        return False
    diagonal_x, diagonal_y, other_x, other_y = cx - ax, cy - ay, dx - bx, dy - by
    # In a convex quadrangle the ends of each diagonal are on both sides of the other one.
    return bool(
        (diagonal_x * (by - ay) - diagonal_y * (bx - ax)) * (diagonal_x * (dy - ay) - diagonal_y * (dx - ax)) < 0
        and (other_x * (ay - by) - other_y * (ax - bx)) * (other_x * (cy - by) - other_y * (cx - bx)) < 0
    )


def _shapes(shapely: Any, geometries: Sequence[Geometry]) -> Any:
    """Return shapely's shapes of polygons, all made together."""
    several = [_polygons(geometry) for geometry in geometries]
    polygons = list(chain.from_iterable(several))
    rings = list(chain.from_iterable(polygons))
    positions = [position[:2] for ring in rings for position in ring]
    made = shapely.linearrings(positions, indices=_owners(rings))
    return shapely.multipolygons(shapely.polygons(made, indices=_owners(polygons)), indices=_owners(several))


def _owners(groups: Sequence[Nested]) -> list[int]:
    """Return for each member of all groups the index of its group."""
    return [number for number, group in enumerate(groups) for _ in group]


def _polygons(geometry: Geometry) -> Nested:
    return (geometry.coordinates,) if geometry.type is GeometryType.POLYGON else geometry.coordinates


def _rule(reason: str, geometry: Geometry) -> str:
    borders = [frozenset(frozenset(side) for side in pairwise(ring)) for rings in _polygons(geometry) for ring in rings]
    if len(set(borders)) < len(borders):
        return REPEATED
    return CROSSING if "Self-intersection" in reason else IRREGULAR
