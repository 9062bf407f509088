"""Double of a land registry that publishes its parcels by OGC API Features, as pygeoapi 0.21 does.

It is an HTTP server on loopback.

Observed at pygeoapi 0.21.0 and reproduced:

- A `limit` above the server's cap gives a page of the cap's size without an error; the next link has the
  requested limit and drops `f=json`.
- The response is HTML unless `f=json` or the Accept header asks for JSON.
- Unknown parameters are ignored, so a mistyped filter lists everything.
- Errors are `{"code", "type", "description"}` with 400 or 404; `limit=0` is one, and so is a `datetime`
  that begins before the collection does.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from cchc_connect.testing.doubles.server import (
    AgencyDouble,
    ReceivedRequest,
    ServerResponse,
    html_response,
    json_response,
)
from cchc_connect.testing.doubles.vbdlis import iso_instant, parcel_properties
from cchc_connect.testing.province.defects import WireItem
from cchc_connect.testing.province.facts import ParcelFact
from cchc_connect.testing.province.world import World

COLLECTION = "thua_dat"
COLLECTIONS = "/collections"
ITEMS = f"{COLLECTIONS}/{COLLECTION}/items"
GEOJSON = "application/geo+json"

_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
_DEFAULT_LIMIT = 10
_CONFORMS_TO = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
)
_FILTERS: Mapping[str, Callable[[ParcelFact], str]] = MappingProxyType(
    {
        "xaId": lambda parcel: parcel.numbering.commune,
        "soHieuToBanDo": lambda parcel: parcel.numbering.sheet,
        "soThuTuThua": lambda parcel: parcel.numbering.number,
        "maThuaDat": lambda parcel: parcel.national_id,
    }
)


class _Refused(Exception):  # becomes a response, no failure of the double
    """The request is invalid; the response is an error."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.description = description


@dataclass(frozen=True, kw_only=True)
class _Query:
    """Filters of a listing."""

    filters: tuple[tuple[str, str], ...]
    first: datetime | None
    last: datetime | None

    def matches(self, parcel: ParcelFact) -> bool:
        if any(_FILTERS[name](parcel) != value for name, value in self.filters):
            return False
        return not (self.first and parcel.changed_at < self.first) and not (self.last and parcel.changed_at > self.last)


class OgcFeaturesDouble(AgencyDouble):
    """Land registry of the province; its items are parcels as GeoJSON features in CRS84."""

    record_types = ("land_parcel",)

    def __init__(self, world: World, *, page_cap: int = 100, sleep: Callable[[float], None] = time.sleep) -> None:
        """Publish `world`'s parcels, at most `page_cap` in a page."""
        super().__init__(world, sleep=sleep)
        self.page_cap = page_cap
        self.crs_spelling: str | None = None
        """How it spells the reference system of its coordinates in the header Content-Crs; None: it sends no header."""
        self._cached_matches: tuple[object, list[ParcelFact]] = (None, [])

    def handle(self, request: ReceivedRequest, /) -> ServerResponse:
        """Respond with JSON if the request asks for it, else with an HTML page."""
        try:
            content = self._content(request)
        except _Refused as refused:
            return _error(refused.status, refused.code, refused.description)
        if not _wants_json(request):
            return html_response(f"<!DOCTYPE html><html lang='vi'><body><h1>{request.path}</h1></body></html>")
        is_geojson = "type" in content
        response = json_response(content, media_type=GEOJSON if is_geojson else "application/json")
        if self.crs_spelling is None or not is_geojson:
            return response
        return replace(response, headers={**response.headers, "Content-Crs": self.crs_spelling})

    def error_in_200(self) -> ServerResponse:
        """Return the error object of pygeoapi, with status 200."""
        return _error(200, "NoApplicableCode", "query error (check logs)")

    def _content(self, request: ReceivedRequest) -> WireItem:
        if request.first("f", "json") not in {"json", "html"}:
            raise _Refused(400, "InvalidParameterValue", "Invalid format requested")
        path = request.path.rstrip("/")
        match path:
            case "":
                return {"title": "Cơ sở dữ liệu đất đai (bản mẫu)", "links": []}
            case "/conformance":
                return {"conformsTo": list(_CONFORMS_TO)}
            case "/collections":
                return {"collections": [self._collection()], "links": []}
            case _ if path == f"{COLLECTIONS}/{COLLECTION}":
                return self._collection()
            case _ if path == ITEMS:
                return self._page(request)
            case _ if path.startswith(f"{ITEMS}/"):
                return self._feature_at(path.rpartition("/")[2])
            case _:
                raise _Refused(404, "NotFound", "Collection not found")

    def _collection(self) -> WireItem:
        return {
            "id": COLLECTION,
            "title": "Thửa đất",
            "extent": {
                "spatial": {"bbox": [[106.33, 10.86, 106.97, 11.5]]},
                "temporal": {"interval": [[iso_instant(_BEGINNING), None]]},
            },
            "itemType": "feature",
            "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"],
            "storageCrs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            "links": [{"rel": "items", "type": GEOJSON, "href": f"{self.base_url}{ITEMS}?f=json"}],
        }

    def _page(self, request: ReceivedRequest) -> WireItem:
        limit, offset = (
            _positive(request, "limit", _DEFAULT_LIMIT, minimum=1),
            _positive(request, "offset", 0, minimum=0),
        )
        matching = self._matching(self._query(request))
        page = matching[offset : offset + min(limit, self.page_cap)]
        return {
            "type": "FeatureCollection",
            "features": [self._feature(parcel.source_id) for parcel in page],
            **({} if self.switches.no_total else {"numberMatched": len(matching)}),
            "numberReturned": len(page),
            "links": self._links(request, offset + len(page), len(matching)),
            "timeStamp": iso_instant(self.world.now),
        }

    def _links(self, request: ReceivedRequest, next_offset: int, total: int) -> list[dict[str, str]]:
        items = f"{self.base_url}{ITEMS}"
        links = [{"rel": "self", "type": GEOJSON, "title": "This document", "href": f"{items}?f=json"}]
        if next_offset < total:
            parameters = [(name, values[0]) for name, values in request.query.items() if name not in {"f", "offset"}]
            href = f"{items}?{urlencode([('offset', next_offset), *parameters])}"
            links.append({"rel": "next", "type": GEOJSON, "title": "Items (next)", "href": href})
        return links

    def _query(self, request: ReceivedRequest) -> _Query:
        if self.switches.ignore_filters:
            return _Query(filters=(), first=None, last=None)
        filters = tuple((name, request.first(name)) for name in _FILTERS if name in request.query)
        first, last = _interval(request.first("datetime"))
        return _Query(filters=filters, first=first, last=last)

    def _matching(self, query: _Query) -> list[ParcelFact]:
        if query == _Query(filters=(), first=None, last=None):
            return self.world.parcels.facts
        cache_key = (self.world.parcels.version, query)
        if self._cached_matches[0] != cache_key:
            self._cached_matches = (cache_key, [parcel for parcel in self.world.parcels if query.matches(parcel)])
        return self._cached_matches[1]

    def _feature_at(self, source_id: str) -> WireItem:
        if source_id not in self.world.parcels:
            raise _Refused(404, "NotFound", "identifier not found")
        return self._feature(source_id)

    def _feature(self, source_id: str) -> WireItem:
        parcel = self.world.parcels[source_id]
        return {
            "type": "Feature",
            "id": int(source_id),
            "geometry": {"type": "Polygon", "coordinates": [[list(corner) for corner in parcel.ring]]},
            "properties": self.world.listing_defects["land_parcel"].write_item(source_id, self._properties),
        }

    def _properties(self, source_id: str) -> WireItem:
        return parcel_properties(self.world.parcels[source_id])


def _wants_json(request: ReceivedRequest) -> bool:
    if "f" in request.query:
        return request.first("f") == "json"
    return any(media_type in request.headers.get("accept", "") for media_type in ("application/json", GEOJSON))


def _positive(request: ReceivedRequest, name: str, default: int, *, minimum: int) -> int:
    text = request.first(name, str(default))
    if not text.isdecimal() or int(text) < minimum:
        raise _Refused(400, "InvalidParameterValue", f"{name} value should be a positive integer")
    return int(text)


def _interval(text: str) -> tuple[datetime | None, datetime | None]:
    begins, slash, ends = text.partition("/")
    try:
        first, last = _bound(begins), _bound(ends if slash else begins)
    except ValueError:
        raise _Refused(400, "InvalidParameterValue", "datetime parameter invalid") from None
    if first and first < _BEGINNING:
        raise _Refused(400, "InvalidParameterValue", "datetime parameter out of range")
    return first, last


def _bound(text: str) -> datetime | None:
    if text in {"", ".."}:
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _error(status: int, code: str, description: str) -> ServerResponse:
    error: dict[str, Any] = {"code": code, "type": code, "description": description}
    return json_response(error, status=status, media_type="application/json")
