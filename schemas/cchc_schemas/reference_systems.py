"""Coordinate reference systems (hệ quy chiếu tọa độ): one identity for every spelling, and the domain of coordinates.

Servers name the same system as EPSG:9210, urn:ogc:def:crs:EPSG::9210, http://www.opengis.net/def/crs/EPSG/0/9210, by
an Esri number, or by its definition. Spellings are compared by identity, never as text. WGS 84 is "OGC:CRS84" in all
of its spellings, as only their order of axes differs.

Sources: OGC 09-048r5 and 11-135r2 (URN and URI of a system); OGC 18-058r1 (Content-Crs); GeoJSON 2008, section 3
(member `crs`); Esri REST API, spatial reference (`wkid`, `latestWkid`, `wkt`).

>>> stated_system("<https://www.opengis.net/def/crs/EPSG/0/9210>")
StatedSystem(name='EPSG:9210', is_northing_first=False)
>>> stated_system("urn:ogc:def:crs:EPSG::4326"), stated_system("CRS84")
(StatedSystem(name='OGC:CRS84', is_northing_first=True), StatedSystem(name='OGC:CRS84', is_northing_first=False))
>>> stated_system({"wkid": 102100, "latestWkid": 3857})
StatedSystem(name='EPSG:3857', is_northing_first=False)
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeAlias, cast
from urllib.parse import unquote

from cchc_schemas.package_tables import package_table

CRS84 = "OGC:CRS84"
"""Identity of WGS 84, longitude and latitude in degrees."""

Box: TypeAlias = tuple[float, float, float, float]
"""Least x, least y, greatest x, greatest y; x is easting or longitude."""

_MAX_LENGTH = 20_000
"""Characters of the longest definition that is read."""
_FIRST_ESRI_CODE = 37_001
"""Codes below it are of EPSG; Esri's own begin here."""
_CODE = re.compile(r"(?<![\d.])(\d{4,6})(?![\d.])")
_EPSG = re.compile(r"epsg(?:\.xml|\.io)?(?![a-z])", re.IGNORECASE)
_ESRI = re.compile(r"\besri\b[^a-z]*?(?<![\d.])(\d{4,6})(?![\d.])", re.IGNORECASE)
_LONGITUDE_FIRST = re.compile(r"(?:.*[:/])?CRS:?84h?", re.IGNORECASE)
_WKT = re.compile(r'\s*(?:GEOG|PROJ|GEOD|GEODETIC|GEOGRAPHIC|COMPD|COMPOUND|BOUND)\w*\s*\[\s*"([^"]+)"', re.IGNORECASE)
_WKT_IDENTITY = re.compile(
    r'(?:AUTHORITY|ID)\s*\[\s*"(EPSG|ESRI)"\s*,\s*"?(\d{4,6})"?[^\[\]]*\]\s*\]\s*$', re.IGNORECASE
)
_PLAIN_CODE = re.compile(r"(?:srid\s*[=:]\s*)?(\d{4,6})", re.IGNORECASE)
_DATUM_ALONE = "vn2000"
"""Offices call every zone of VN-2000 so; it names the geographic system in a definition only."""
_NO_LETTERS = re.compile(r"[^a-z0-9]")


class ReferenceSystem(NamedTuple):
    """A system of the table `reference_systems`."""

    name: str
    """Its identity, "OGC:CRS84" or "EPSG:9210"."""
    title: str
    """Its name in the EPSG dataset."""
    is_northing_first: bool
    """Whether its definition has latitude or northing first."""
    domain: Box
    """Least and greatest coordinates that it can have, easting or longitude first."""


class StatedSystem(NamedTuple):
    """What one statement says about coordinates."""

    name: str
    """Identity of the system: "OGC:CRS84", "EPSG:9210", "ESRI:102100"."""
    is_northing_first: bool
    """Whether by this spelling latitude or northing comes first in coordinates."""


def stated_system(statement: object) -> StatedSystem | None:
    """Return what a spelling, definition, GeoJSON `crs` member or Esri spatial reference states; None if unknown.

    In GeoJSON and at Esri easting or longitude comes first, whatever the definition of the system says.
    """
    if isinstance(statement, Mapping):
        return _of_object(cast("Mapping[str, object]", statement))
    if isinstance(statement, int | float) and not isinstance(statement, bool):
        statement = f"{statement:.0f}"
    return _of_text(statement) if isinstance(statement, str) and len(statement) <= _MAX_LENGTH else None


def reference_system(name: str) -> ReferenceSystem | None:
    """Return the system of an identity or of another spelling; None if the table does not have it."""
    systems = _systems()
    system = systems.get(name)
    if system is None and (stated := _of_text(name)) is not None:
        system = systems.get(stated.name)
    return system


def reference_systems() -> tuple[ReferenceSystem, ...]:
    """Return the systems of the table: those of Viet Nam, WGS 84 and its projections used there."""
    return tuple(_systems().values())


@lru_cache(maxsize=256)
def _of_text(text: str) -> StatedSystem | None:
    if definition := _WKT.match(text):
        return _of_definition(text, definition[1])
    spelling = unquote(text).strip().strip("<>[]\"' \t").rstrip("/")
    if _LONGITUDE_FIRST.fullmatch(spelling):
        return StatedSystem(CRS84, is_northing_first=False)
    if plain := _PLAIN_CODE.fullmatch(spelling):
        return _easting_first(_of_code("", plain[1]))
    if esri := _ESRI.search(spelling):
        return _easting_first(_of_code("ESRI", esri[1]))
    if (epsg := _EPSG.search(spelling)) and (code := _CODE.search(spelling, epsg.end())):
        return _of_code("EPSG", code[1])
    title = _compact(spelling)
    name = None if title == _DATUM_ALONE else _names().get(title)
    return None if name is None else StatedSystem(name, is_northing_first=False)


def _of_definition(definition: str, title: str) -> StatedSystem | None:
    """Return the system of a WKT text by its identity or, without one, by its name."""
    if identity := _WKT_IDENTITY.search(definition):
        return _easting_first(_of_code(identity[1].upper(), identity[2]))
    name = _names().get(_compact(title))
    return None if name is None else StatedSystem(name, is_northing_first=False)


def _of_object(statement: Mapping[str, object]) -> StatedSystem | None:
    properties = statement.get("properties")
    if isinstance(properties, Mapping):
        return _first_stated(cast("Mapping[str, object]", properties), ("name", "href", "code"))
    identity: Any = statement.get("id")
    if isinstance(identity, Mapping):  # PROJJSON
        named = cast("Mapping[str, object]", identity)
        return _easting_first(stated_system(f"{named.get('authority')}:{named.get('code')}"))
    return _first_stated(statement, ("latestWkid", "wkid", "wkt2", "wkt", "name", "href"))


def _first_stated(statement: Mapping[str, object], members: tuple[str, ...]) -> StatedSystem | None:
    for member in members:
        value = statement.get(member)
        if not isinstance(value, Mapping) and (stated := stated_system(value)) is not None:
            return _easting_first(stated)
    return None


def _of_code(authority: str, code: str) -> StatedSystem:
    name = _names().get(code)
    if name is None:
        is_esri = authority == "ESRI" or (not authority and int(code) >= _FIRST_ESRI_CODE)
        return StatedSystem(f"{'ESRI' if is_esri else 'EPSG'}:{int(code)}", is_northing_first=False)
    return StatedSystem(name, _systems()[name].is_northing_first)


def _easting_first(stated: StatedSystem | None) -> StatedSystem | None:
    return None if stated is None else stated._replace(is_northing_first=False)


def _compact(title: str) -> str:
    return _NO_LETTERS.sub("", title.lower()).replace("1984", "84")


@cache
def _systems() -> Mapping[str, ReferenceSystem]:
    return {
        row["name"]: ReferenceSystem(
            name=row["name"],
            title=row["title"],
            is_northing_first=row["first_axis"] != "east",
            domain=(float(row["least_x"]), float(row["least_y"]), float(row["greatest_x"]), float(row["greatest_y"])),
        )
        for row in package_table("reference_systems").rows
    }


@cache
def _names() -> Mapping[str, str]:
    """Return the identity of each code and of each name, names without signs."""
    names: dict[str, str] = {}
    for row in package_table("reference_systems").rows:
        codes = [row["name"].partition(":")[2], *row["codes"].split()]
        titles = [row["title"], *filter(None, row["names"].split("|"))]
        names |= dict.fromkeys([*codes, *map(_compact, titles)], row["name"])
    return names
