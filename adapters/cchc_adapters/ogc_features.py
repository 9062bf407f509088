"""Land parcels from any OGC API Features server: a province's land registry, pygeoapi, GeoServer and others.

Documentation: OGC 17-069r4 (OGC API - Features - Part 1: Core). The property names are the server's own and
lie in the field map of the configuration; `vbdlis` names the one of VBDLIS, the most common land registry.

Caveats:
    * A server may cap `limit` without a word: pages are followed by their next link, whatever their size.
    * pygeoapi's next link drops `f=json`; the Accept header is sent on every page, else HTML may come.
    * An unknown or unsupported filter may be ignored silently (pygeoapi's GeoJSON provider ignores
      `datetime`); `changed_since` is therefore off unless the options say that the server obeys it.
    * Commune codes may be numbers and have lost their zeros; old and new codes overlap, so the scheme is
      declared. Areas may be text with a decimal comma. Several uses may be joined as "ODT+CLN".
    * A list of one member may come without its list.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from cchc_schemas import AdminScheme, LandParcel, Record
from pydantic import BaseModel, ConfigDict, Field

from cchc_adapters.parcel_maps import ParcelMap, PropertyReader, shipped_map
from cchc_connect import (
    Ask,
    Deletes,
    Dialect,
    Exchange,
    HttpRequest,
    Item,
    Page,
    SourceHeld,
    SourceProfile,
    Target,
    classify_rest,
)
from cchc_connect.codecs import iso_instant

JSON_ONLY = {"Accept": "application/geo+json, application/json;q=0.9"}


class OgcFeaturesOptions(BaseModel):
    """What differs from one server to another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    collection: str
    """Name of the collection of parcels."""
    scheme: AdminScheme
    """Scheme of the commune codes: gso-2025-01 before 1 July 2025, gso-2025-07 after."""
    field_map: Literal["vbdlis"] | ParcelMap = "vbdlis"
    """Name of a map that ships, or a table of record field -> property."""
    page_size: int = Field(default=1000, ge=1, le=10_000)
    decimal_sign: Literal[",", "."] = ","
    """How areas written as text are to be read: "," as in "1.234,5"."""
    previous_scheme: AdminScheme = AdminScheme("gso-2025-01")
    """Scheme of the commune codes in the parcels' former numbers."""
    catalogue: str = "TT 08/2024/TT-BTNMT"
    """Land-use code list that the server's codes are of."""
    crs: str = "OGC:CRS84"
    """Coordinate reference system of the geometries that come."""
    complete_listing: bool = False
    """Does a listing without a filter hold all parcels, so that what it lacks is gone?"""
    changed_since: bool = False
    """Does the server obey `datetime` as the time of the last change?"""
    late_by_minutes: float = Field(default=10, ge=0)
    """How far behind the watermark a change may still appear."""


class OgcFeatures:
    """One OGC API Features server."""

    Options = OgcFeaturesOptions

    def __init__(self, options: OgcFeaturesOptions) -> None:
        """Prepare for a collection."""
        self.dialect = Dialect(classify=classify_rest, headers=JSON_ONLY)
        self.sources = (_Parcels(options),)
        self.targets: Sequence[Target] = ()


class _Parcels:
    """Parcels (thửa đất) of one collection."""

    record_type: type[Record] = LandParcel
    mapping_version = 1

    def __init__(self, options: OgcFeaturesOptions) -> None:
        self._options = options
        self._map = shipped_map(options.field_map) if isinstance(options.field_map, str) else options.field_map
        self._reader = PropertyReader(self._map, options.decimal_sign, options.catalogue, options.previous_scheme)
        told_by_absence = options.complete_listing and not options.changed_since
        self.profile = SourceProfile(
            changed_since=options.changed_since,
            deletes=Deletes.ABSENCE if told_by_absence else Deletes.NEVER,
            late_by=timedelta(minutes=options.late_by_minutes),
        )

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for the first page, or for the page that the one before links to."""
        answer = (yield self._request(ask)).json()
        match answer:
            case {"type": "FeatureCollection", "features": list() as features} if all(
                isinstance(feature, dict) for feature in features
            ):
                matched: object = answer.get("numberMatched")
                total = matched if isinstance(matched, int) else None
                return Page(items=features, next=_next_link(answer.get("links")), total=total)
            case _:
                raise SourceHeld("ogc_features.no_collection")

    def key(self, item: Item) -> str:
        """Return the feature's identifier."""
        identifier: object = item.get("id")
        return "" if identifier is None else str(identifier)

    def changed_at(self, item: Item) -> datetime | None:
        """Return the mapped time of the last change."""
        moment = iso_instant(_properties(item).get(self._map.changed_at or ""))
        return moment if isinstance(moment, datetime) else None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return a parcel's fields."""
        geometry: object = item.get("geometry")
        shape = {**geometry, "crs": self._options.crs} if isinstance(geometry, dict) else None
        return {"scheme": self._options.scheme, "geometry": shape, **self._reader.fields(_properties(item))}

    def _request(self, ask: Ask) -> HttpRequest:
        if ask.position is not None:
            return HttpRequest(method="GET", path=ask.position)
        params = {"f": "json", "limit": str(self._options.page_size)}
        if ask.since is not None:
            params["datetime"] = f"{ask.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}/.."
        return HttpRequest(method="GET", path=f"/collections/{self._options.collection}/items", params=params)


def _properties(item: Item) -> Mapping[str, Any]:
    properties: object = item.get("properties")
    return properties if isinstance(properties, dict) else {}  # pyright: ignore[reportUnknownVariableType]  # wire values


def _next_link(links: object) -> str | None:
    found = links if isinstance(links, list) else []
    for link in found:  # pyright: ignore[reportUnknownVariableType]  # wire values
        match link:
            case {"rel": "next", "href": str() as address}:
                return address
            case _:
                continue
    return None
