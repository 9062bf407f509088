"""Where coordinates lie: inside the extent that a connection declares, or where they would lie if a label were wrong.

The extent is a rectangle of longitude and latitude in WGS 84. It is transformed once into every reference system of the
table; then a shape costs four comparisons. pyproj, extra `geo`, transforms; without it only coordinates in degrees are
looked at.
"""

from functools import cache, lru_cache
from importlib.util import find_spec
from math import isfinite
from typing import Any

from cchc_schemas.geometry import is_within
from cchc_schemas.reference_systems import CRS84, Box, ReferenceSystem, reference_system, reference_systems

OUTSIDE, SWAPPED = "outside_extent", "axes_swapped"
OTHER_MERIDIAN, OTHER_SYSTEM = "meridian_suspect", "crs_suspect"

_MAX_DEGREES = 180
_DATUM_SHIFT = 0.01
"""Degrees; more than any datum of Viet Nam differs from WGS 84."""
_POINTS_OF_A_SIDE = 21


def position_rule(bounds: Box, crs: str, extent: Box) -> str | None:
    """Return the rule that coordinates break which their system can have; None if they lie in the extent.

    Args:
        bounds: least and greatest coordinates of a shape.
        crs: name of their reference system.
        extent: west, south, east and north in degrees.
    """
    expected = _box(crs, extent)
    if expected is None or is_within(bounds, expected):
        return None
    west, south, east, north = bounds
    if is_within((south, west, north, east), expected):
        return SWAPPED
    fitting = [system for system in reference_systems() if _fits(system, bounds, extent)]
    if not fitting:
        return OUTSIDE
    return OTHER_MERIDIAN if _is_zone(crs) and any(_is_zone(system.name) for system in fitting) else OTHER_SYSTEM


def transforms() -> bool:
    """Return whether pyproj is installed."""
    return find_spec("pyproj") is not None


def to_degrees(crs: str, xs: list[float], ys: list[float]) -> tuple[list[float], list[float]] | None:
    """Return longitudes and latitudes in WGS 84; None if they cannot be computed."""
    system = reference_system(crs)
    if system is not None and system.name == CRS84:
        return xs, ys
    transformer = _transformer(crs, CRS84) if transforms() else None
    return None if transformer is None else transformer.transform(xs, ys)


@lru_cache(maxsize=1024)
def _box(crs: str, extent: Box) -> Box | None:
    """Return the extent in the coordinates of a system; None if that cannot be computed."""
    system = reference_system(crs)
    if system is not None and _is_in_degrees(system):
        west, south, east, north = extent
        return west - _DATUM_SHIFT, south - _DATUM_SHIFT, east + _DATUM_SHIFT, north + _DATUM_SHIFT
    transformer = _transformer(CRS84, crs) if transforms() else None
    if transformer is None:
        return None
    box: Box = transformer.transform_bounds(*extent, densify_pts=_POINTS_OF_A_SIDE)
    return box if all(map(isfinite, box)) else None


def _fits(system: ReferenceSystem, bounds: Box, extent: Box) -> bool:
    box = _box(system.name, extent) if is_within(bounds, system.domain) else None
    return box is not None and is_within(bounds, box)


def _is_in_degrees(system: ReferenceSystem) -> bool:
    return max(map(abs, system.domain)) <= _MAX_DEGREES


def _is_zone(crs: str) -> bool:
    """True for a projection with a central meridian of its own."""
    system = reference_system(crs)
    return (
        system is not None and not _is_in_degrees(system) and " / " in system.title and "Mercator" not in system.title
    )


@cache
def _transformer(source: str, target: str) -> Any:
    from pyproj import Transformer  # noqa: PLC0415  # the extra may be missing
    from pyproj.exceptions import ProjError  # noqa: PLC0415  # the same

    transformer: Any = Transformer
    try:
        return transformer.from_crs(source, target, always_xy=True, allow_ballpark=False)
    except ProjError:  # the system is unknown to it, or there is no way between the two
        return None
