"""Versions of ArcGIS Server, by what a layer tells and a query takes.

Source: Esri's documentation of the map service query operation and of its changes by release; descriptions that servers
of 10.22 and 10.81 sent (openaddresses/pyesridump).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class ArcGisVersion:
    """What a layer tells and a query takes."""

    number: float
    """`currentVersion` of a layer's description."""
    pages: bool = True
    """`resultOffset` and `resultRecordCount`, since 10.3; older servers ignore them."""
    announces_more_pages: bool = True
    """`exceededTransferLimit` in a page asked for by `resultOffset`, since 10.3.1."""
    announces_more: bool = True
    """`exceededTransferLimit` in any other response, since 10.1."""
    orders: bool = True
    """`orderByFields`, since 10.1; older servers ignore it."""
    tells_limit: bool = True
    """`maxRecordCount` in a layer's description, since 10.1."""
    names_object_id: bool = False
    """`objectIdField` in the description of a map service's layer."""
    empty_ids: list[int] | None = None
    """`objectIds` where nothing fits."""
    days_are_text: bool = False
    """Fields of type `esriFieldTypeDateOnly`, since 11.2."""
    media_type: str = "application/json;charset=UTF-8"


VERSIONS: Mapping[str, ArcGisVersion] = MappingProxyType(
    {
        "10.0": ArcGisVersion(
            number=10.0,
            pages=False,
            announces_more_pages=False,
            announces_more=False,
            orders=False,
            tells_limit=False,
            media_type="text/plain;charset=utf-8",
        ),
        "10.22": ArcGisVersion(number=10.22, pages=False, announces_more_pages=False, media_type="text/plain"),
        "10.3": ArcGisVersion(number=10.3, announces_more_pages=False),
        "10.81": ArcGisVersion(number=10.81),
        "11": ArcGisVersion(number=11.2, names_object_id=True, empty_ids=[], days_are_text=True),
    }
)
"""Versions by the number that people know."""
