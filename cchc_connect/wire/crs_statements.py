"""What an answer says about the reference system of its coordinates, compared with the one that was asked for.

Every statement counts: the header Content-Crs, the member `crs` of GeoJSON, the spatial reference of Esri. Systems are
compared by identity (`cchc_schemas.reference_systems`). A definition that the table of systems does not have is
identified by pyproj, extra `geo`; where that is not installed, it is unknown, and an unknown system contradicts.

>>> contradicts("EPSG:9210", "<https://www.opengis.net/def/crs/EPSG/0/9210>")
False
>>> contradicts("EPSG:9210", {"wkid": 102100, "latestWkid": 3857}), contradicts("EPSG:9210", None)
(True, False)
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from cchc_schemas.reference_systems import StatedSystem, reference_system, stated_system

_MIN_CONFIDENCE = 70
"""Percentage at which pyproj counts a definition as one of the EPSG dataset's."""
_MARKS_OF_DEFINITION = ("[", "{", "+proj")
"""One of them is in every definition; a name alone is not guessed at."""
_MAX_DEFINITION = 20_000
"""Characters of the longest definition that pyproj is asked about."""


def stated_crs(statement: object) -> StatedSystem | None:
    """Return the system that a statement names; None if it is unknown.

    Args:
        statement: a spelling, a definition (WKT, PROJJSON), a GeoJSON `crs` member or an Esri spatial reference.
    """
    stated = stated_system(statement)
    if stated is not None and not stated.name.startswith("ESRI:"):
        return stated
    definition = stated.name if stated is not None else _definition(statement)
    identity = _identified(definition) if definition and find_spec("pyproj") is not None else None
    return stated if identity is None else StatedSystem(identity, is_northing_first=False)


def contradicts(crs: str, statement: object) -> bool:
    """Return whether a statement says something else than the system `crs`; no statement (None, "", {}) does not.

    A statement that cannot be understood contradicts: nobody knows what the numbers mean.
    """
    if _is_silent(statement):
        return False
    stated, expected = stated_crs(statement), stated_system(crs)
    return stated is None or expected is None or stated.name != expected.name


def confirms(crs: str, statement: object) -> bool:
    """Return whether a statement names the system `crs`."""
    return not _is_silent(statement) and not contradicts(crs, statement)


def _is_silent(statement: object) -> bool:
    """True if there is no statement, or one without any content."""
    if isinstance(statement, Mapping):
        members: Mapping[str, Any] = statement  # pyright: ignore[reportUnknownVariableType]  # an object of JSON
        return all(value is None for value in members.values())
    return statement is None or statement == ""


def _definition(statement: object) -> str | None:
    """Return the text of a definition: itself, a member of a spatial reference, or PROJJSON."""
    if isinstance(statement, str):
        return statement if any(mark in statement for mark in _MARKS_OF_DEFINITION) else None
    if not isinstance(statement, Mapping):
        return None
    members: Mapping[str, Any] = statement  # pyright: ignore[reportUnknownVariableType]  # an object of JSON
    text = members.get("wkt2") or members.get("wkt")
    return text if isinstance(text, str) else json.dumps(members) if "$schema" in members else None


@lru_cache(maxsize=64)
def _identified(definition: str) -> str | None:
    from pyproj import CRS  # noqa: PLC0415  # the extra may be missing
    from pyproj.exceptions import CRSError  # noqa: PLC0415  # the same

    if len(definition) > _MAX_DEFINITION:
        return None
    system: Any = CRS
    try:
        authority = system.from_user_input(definition).to_authority(min_confidence=_MIN_CONFIDENCE)
    except (CRSError, ValueError, RecursionError):  # the latter two of a text that is no text, or nested too deep
        return None
    if authority is None:
        return None
    name, code = authority
    listed = reference_system(f"{name}:{code}")
    return f"{name}:{code}" if listed is None else listed.name
