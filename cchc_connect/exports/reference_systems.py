"""One reference system (hệ quy chiếu) for all geometries of a file; pyproj, extra `geo`, transforms to it.

Coordinates are longitude or easting first, in the file as in the records, whatever order of axes the definition of a
reference system names. Of the two published transformations of VN-2000 that differ by 0.8 m, the official one is taken:
"VN-2000 to WGS 84 (2)", EPSG:6960, the seven parameters that the ministry published (QĐ 05/2007/QĐ-BTNMT).
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any

from cchc_connect.errors import ConfigurationError, UsageMistake
from cchc_connect.exports.geometry_encoding import Shape, positions, with_positions
from cchc_connect.extras import require_extra
from cchc_schemas.codes import CRS_NAME

CRS84 = "OGC:CRS84"
"""Longitude and latitude in WGS 84, the only reference system of GeoJSON."""

OFFICIAL_TRANSFORMATION = "VN-2000 to WGS 84 (2)"

_DEGREE_DIGITS, _METRE_DIGITS = 9, 4
"""Digits after the decimal point of a transformed coordinate: a tenth of a millimetre."""

Transformation = Callable[[Shape], Shape]


def file_crs(counts: Mapping[str, int], requested: str | None, *, is_geojson: bool) -> str:
    """Return the reference system of a file.

    Without request it is that of the records, if they have one; CRS84 if they have several, and for GeoJSON.

    Args:
        counts: number of geometries by their reference system.
        requested: reference system that the caller names.
        is_geojson: whether the file is GeoJSON.

    Raises:
        UsageMistake: it is no name of a reference system, or not CRS84 for GeoJSON.
        ConfigurationError: geometries must be transformed, and pyproj is not installed.
    """
    if requested is not None and not CRS_NAME.fits(requested):
        raise UsageMistake("exports.crs_unknown", crs=requested)
    if is_geojson and requested not in {None, CRS84}:
        raise UsageMistake("exports.crs_of_geojson", crs=requested)
    only = next(iter(counts)) if len(counts) == 1 and not is_geojson else CRS84
    crs = requested or only
    if counts.keys() - {crs} and not _is_installed():
        systems = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items()))
        raise ConfigurationError("exports.crs_needs_geo", systems=systems, crs=crs, install="cchc-connect[geo]")
    return crs


@cache
def transformation(source: str, target: str) -> Transformation:
    """Return the function that transforms geometries; of VN-2000 by the official parameters.

    Raises:
        UsageMistake: pyproj does not know one of the reference systems, or no way between them.
    """
    if source == target:
        return _unchanged
    transformer = _transformer(source, target)
    digits = _DEGREE_DIGITS if _projected(target).is_geographic else _METRE_DIGITS

    def transformed(shape: Shape) -> Shape:
        corners = list(positions(shape["coordinates"]))
        xs, ys = transformer.transform([corner[0] for corner in corners], [corner[1] for corner in corners])
        moved = iter(
            [round(x, digits), round(y, digits), *corner[2:]] for x, y, corner in zip(xs, ys, corners, strict=True)
        )
        return {**shape, "coordinates": with_positions(shape["coordinates"], lambda: next(moved))}

    return transformed


def projection_json(crs: str) -> Mapping[str, Any] | None:
    """Return the definition of a reference system as PROJJSON, as GeoParquet names it; None for CRS84, its default.

    Raises:
        ConfigurationError: pyproj is not installed.
    """
    if crs == CRS84:
        return None
    with require_extra("geo", "pyproj"):
        definition: Mapping[str, Any] = _projected(crs).to_json_dict()
    return definition


def _unchanged(shape: Shape) -> Shape:
    return shape


def _is_installed() -> bool:
    return find_spec("pyproj") is not None


def _projected(crs: str) -> Any:
    from pyproj import CRS  # noqa: PLC0415  # the extra may be missing
    from pyproj.exceptions import CRSError  # noqa: PLC0415  # the same

    definition: Any = CRS
    try:
        return definition.from_user_input(crs)
    except CRSError:
        pass
    raise UsageMistake("exports.crs_unknown", crs=crs)


def _transformer(source: str, target: str) -> Any:
    from pyproj.transformer import TransformerGroup  # noqa: PLC0415  # the extra may be missing

    group = TransformerGroup(_projected(source), _projected(target), always_xy=True, allow_ballpark=False)
    if not group.transformers:
        raise UsageMistake("exports.crs_unrelated", source=source, target=target)
    official = [transformer for transformer in group.transformers if OFFICIAL_TRANSFORMATION in transformer.description]
    return (official or group.transformers)[0]
