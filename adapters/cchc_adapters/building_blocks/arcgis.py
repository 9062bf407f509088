"""Read a layer of ArcGIS Server page by page.

Source: Esri's documentation of the map service "query" operation; errors and limits observed at a Koop
server. The layer's description is requested first: the server silently cuts a page to its `maxRecordCount`, and
only the description names the object id that orders the pages. Object ids are not keys: they change whenever the
layer is rebuilt.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from cchc_connect import Conversation, HttpRequest, HttpResponse, Page, PageRequest, SourceHeld, Verdict, classify_rest
from cchc_connect.wire import codecs

TOO_MANY_REQUESTS, SERVER_ERRORS, CLIENT_ERRORS = 429, range(500, 600), range(400, 500)
ALL_FEATURES = {"f": "json", "where": "1=1"}
CRS84, CRS84_WKID = "OGC:CRS84", "4326"


@dataclass(frozen=True)
class _PageToken:
    """Next page of a layer: offset, page size and ordering field; as text it is the engine's page token."""

    offset: int
    size: int
    object_id: str

    def __str__(self) -> str:
        return f"{self.offset}:{self.size}:{self.object_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        offset, size, object_id = text.split(":")
        return cls(int(offset), int(size), object_id)


def layer_page(page_request: PageRequest, layer_path: str, size: int, crs: str) -> Conversation[Page]:
    """Request one page of at most `size` features of the layer at `layer_path`, with coordinates in `crs`.

    Raises:
        SourceHeld: the layer does not support paging, or the response is not a page of features.
    """
    total = None
    if page_request.page_token is None:
        page_token = yield from _first_page_token(layer_path, size)
        total = yield from _count(layer_path)
    else:
        page_token = _PageToken.parse(page_request.page_token)
    wkid = CRS84_WKID if crs == CRS84 else crs.partition(":")[2]
    output = {"outFields": "*", "returnGeometry": "true", "outSR": wkid, "orderByFields": page_token.object_id}
    window = {"resultOffset": str(page_token.offset), "resultRecordCount": str(page_token.size)}
    response = yield HttpRequest(method="GET", path=f"{layer_path}/query", params={**ALL_FEATURES, **output, **window})
    content = codecs.as_object(response.json()) or {}
    features = codecs.as_objects(content.get("features"))
    if features is None or any(codecs.as_object(feature.get("attributes")) is None for feature in features):
        raise SourceHeld("arcgis.no_features")
    # Servers before 10.3.1 never announce a next page, so a full page is followed by another request.
    has_more, is_full = codecs.flag(content.get("exceededTransferLimit")) is True, len(features) >= page_token.size
    next_offset = page_token.offset + (len(features) or page_token.size)  # an empty page may say that there is more
    next_token = _PageToken(next_offset, page_token.size, page_token.object_id)
    return Page(
        items=features,
        next_page_token=str(next_token) if has_more or is_full else None,
        next_is_probe=is_full and not has_more,
        total=total,
    )


def _first_page_token(layer_path: str, size: int) -> Conversation[_PageToken]:
    response = yield HttpRequest(method="GET", path=layer_path, params={"f": "json"})
    description = codecs.as_object(response.json()) or {}
    max_page_size, object_id = codecs.whole_number(description.get("maxRecordCount")), description.get("objectIdField")
    capabilities = codecs.as_object(description.get("advancedQueryCapabilities")) or {}
    if not isinstance(max_page_size, int) or max_page_size < 1 or not isinstance(object_id, str):
        raise SourceHeld("arcgis.no_layer")
    if capabilities.get("supportsPagination") is not True:
        raise SourceHeld("arcgis.no_paging")
    return _PageToken(0, min(size, max_page_size), object_id)


def _count(layer_path: str) -> Conversation[int | None]:
    response = yield HttpRequest(
        method="GET", path=f"{layer_path}/query", params={**ALL_FEATURES, "returnCountOnly": "true"}
    )
    count = codecs.whole_number((codecs.as_object(response.json()) or {}).get("count"))
    return count if isinstance(count, int) else None


def classify_arcgis(response: HttpResponse, token_errors: Collection[int]) -> Verdict:
    """Return the verdict on a response; ArcGIS reports errors in an `error` object with HTTP status 200."""
    verdict = classify_rest(response)
    if verdict is not Verdict.OK:
        return verdict
    document = codecs.as_object(response.json()) or {}
    if "error" not in document:
        return verdict
    code = codecs.whole_number((codecs.as_object(document["error"]) or {}).get("code"))
    if code in token_errors:
        return Verdict.AUTH
    if code == TOO_MANY_REQUESTS:
        return Verdict.THROTTLED
    if code in SERVER_ERRORS:
        return Verdict.MAINTENANCE
    return Verdict.INVALID if code in CLIENT_ERRORS else Verdict.UNKNOWN
