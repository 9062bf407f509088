"""Reading a layer of ArcGIS Server page by page.

Source: Esri's documentation of the map service "query" operation; errors and limits observed at a Koop
server. The layer's description is asked for first: the server cuts a page to its `maxRecordCount` without a
word, and only the description names the object id by which pages are ordered. Object ids order pages and
are no keys: they are made anew with the layer.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from cchc_connect import Ask, Exchange, HttpRequest, HttpResponse, Page, SourceHeld, Verdict, classify_rest
from cchc_connect.wire import codecs

TOO_MANY, SERVER_ERRORS, REFUSALS = 429, range(500, 600), range(400, 500)
EVERYTHING = {"f": "json", "where": "1=1"}
CRS84, CRS84_WKID = "OGC:CRS84", "4326"


@dataclass(frozen=True)
class _Place:
    """Where a pass through a layer stands; as text it is the engine's position."""

    offset: int
    size: int
    object_id: str

    def __str__(self) -> str:
        return f"{self.offset}:{self.size}:{self.object_id}"

    @classmethod
    def of(cls, position: str) -> Self:
        offset, size, object_id = position.split(":")
        return cls(int(offset), int(size), object_id)


def layer_page(ask: Ask, layer: str, size: int, crs: str) -> Exchange[Page]:
    """Ask for one page of at the most `size` features with coordinates in `crs`.

    Raises:
        SourceHeld: the layer cannot be read page by page, or the answer is no page of features.
    """
    total = None
    if ask.position is None:
        place = yield from _first_place(layer, size)
        total = yield from _count(layer)
    else:
        place = _Place.of(ask.position)
    wkid = CRS84_WKID if crs == CRS84 else crs.partition(":")[2]
    shown = {"outFields": "*", "returnGeometry": "true", "outSR": wkid, "orderByFields": place.object_id}
    window = {"resultOffset": str(place.offset), "resultRecordCount": str(place.size)}
    answer = yield HttpRequest(method="GET", path=f"{layer}/query", params={**EVERYTHING, **shown, **window})
    content = codecs.as_object(answer.json()) or {}
    features = codecs.as_objects(content.get("features"))
    if features is None or any(codecs.as_object(feature.get("attributes")) is None for feature in features):
        raise SourceHeld("arcgis.no_features")
    # Servers before 10.3.1 never say that there is more, so a full page is followed by another one.
    goes_on = content.get("exceededTransferLimit") is True or len(features) >= place.size
    following = _Place(place.offset + len(features), place.size, place.object_id)
    return Page(items=features, next=str(following) if goes_on else None, total=total)


def _first_place(layer: str, size: int) -> Exchange[_Place]:
    answer = yield HttpRequest(method="GET", path=layer, params={"f": "json"})
    description = codecs.as_object(answer.json()) or {}
    cap, object_id = codecs.whole_number(description.get("maxRecordCount")), description.get("objectIdField")
    abilities = codecs.as_object(description.get("advancedQueryCapabilities")) or {}
    if not isinstance(cap, int) or cap < 1 or not isinstance(object_id, str):
        raise SourceHeld("arcgis.no_layer")
    if abilities.get("supportsPagination") is not True:
        raise SourceHeld("arcgis.no_paging")
    return _Place(0, min(size, cap), object_id)


def _count(layer: str) -> Exchange[int | None]:
    answer = yield HttpRequest(method="GET", path=f"{layer}/query", params={**EVERYTHING, "returnCountOnly": "true"})
    count = codecs.whole_number((codecs.as_object(answer.json()) or {}).get("count"))
    return count if isinstance(count, int) else None


def classify_arcgis(response: HttpResponse, token_errors: Collection[int]) -> Verdict:
    """Judge an answer: what ArcGIS refuses it says in an `error` object with HTTP status 200."""
    verdict = classify_rest(response)
    if verdict is not Verdict.OK:
        return verdict
    document = codecs.as_object(response.json()) or {}
    if "error" not in document:
        return verdict
    code = codecs.whole_number((codecs.as_object(document["error"]) or {}).get("code"))
    if code in token_errors:
        return Verdict.AUTH
    if code == TOO_MANY:
        return Verdict.THROTTLED
    if code in SERVER_ERRORS:
        return Verdict.MAINTENANCE
    return Verdict.INVALID if code in REFUSALS else Verdict.UNKNOWN
