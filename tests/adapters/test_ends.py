"""What the shipped adapters say about the end of a listing, over servers that count, link, or do neither."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from cchc_adapters.binh_duong_permits import BinhDuongPermits, BinhDuongPermitsOptions
from cchc_adapters.ogc_features import OgcFeatures, OgcFeaturesOptions
from cchc_adapters.opencps import OpenCps, OpenCpsOptions
from cchc_connect import HttpRequest, HttpResponse, PageRequest
from cchc_connect.adapter import ListingEnd, Page, Source
from cchc_schemas import AdminScheme
from tests.adapters.wire import json_response
from tests.quick import few

Respond = Callable[[HttpRequest], HttpResponse]

MOST_PAGES = 60


def listing(source: Source, respond: Respond) -> list[Page]:
    """Return the pages of a listing, as the engine asks for them; a repeated page ends it, as in the engine."""
    pages, token = list[Page](), None
    while len(pages) < MOST_PAGES:
        exchange = source.fetch(PageRequest(since=None, page_token=token))
        request = next(exchange)
        try:
            while True:
                request = exchange.send(respond(request))
        except StopIteration as finished:
            page: Page = finished.value
        if pages and page.items and list(page.items) == list(pages[-1].items):
            assert pages[-1].next_is_probe
            return pages
        pages.append(page)
        if page.next_page_token is None:
            return pages
        token = page.next_page_token
    message = "the listing does not end"
    raise AssertionError(message)


def shown(pages: Sequence[Page]) -> int:
    return sum(len(page.items) for page in pages)


def features_server(count: int, cap: int, *, links: bool, counts: bool) -> Respond:
    """Return an OGC API Features server with `count` features, which may link and count."""

    def respond(request: HttpRequest) -> HttpResponse:
        offset = int(request.path.partition("offset=")[2] or 0)
        listed = [{"type": "Feature", "id": n} for n in range(offset, min(offset + cap, count))]
        document: dict[str, Any] = {"features": listed, "numberReturned": len(listed)}
        if links and offset + cap < count:
            document["links"] = {"next": f"?offset={offset + cap}"}
        if counts:
            document["numberMatched"] = count
        return json_response(document)

    return respond


def features(page_size: int) -> Source:
    options = {"collection": "p", "scheme": AdminScheme.GSO_2025_07, "page_size": page_size}
    return OgcFeatures(OgcFeaturesOptions.model_validate(options)).sources[0]


@pytest.mark.parametrize("seed", few(range(60)))
def test_an_end_is_proven_where_the_server_links_counts_or_shows_less_than_asked_for(seed: int) -> None:
    choose = random.Random(seed)
    count, size = choose.randint(0, 20), choose.randint(1, 9)
    links, counts = choose.random() < 0.5, choose.random() < 0.5
    pages = listing(features(size), features_server(count, size, links=links, counts=counts))

    is_whole = shown(pages) == count
    if pages[-1].end is ListingEnd.PROVEN and not counts:
        assert is_whole
    if pages[-1].end is ListingEnd.UNPROVEN:
        assert not links or (count == size and not counts)
    assert (pages[0].total == count) if counts else (pages[0].total is None)
    assert (pages[-1].end is ListingEnd.UNPROVEN) == ((count > size and not links) or (count == size and not counts))


def test_a_page_that_shows_fewer_features_than_it_says_is_no_proof_of_an_end() -> None:
    cut = json_response({"features": [{"type": "Feature"}], "numberReturned": 3, "links": []})

    assert listing(features(9), lambda _: cut)[-1].end is ListingEnd.UNPROVEN


def desk(count: int, *, total: int | None, cap: int = 1000, obeys: bool = True) -> Respond:
    """Return a one-stop desk with `count` dossiers."""

    def respond(request: HttpRequest) -> HttpResponse:
        start, end = int(request.params["start"]), int(request.params["end"])
        first = start if obeys else 0
        rows = [{"dossierId": str(n), "dossierNo": str(n)} for n in range(first, min(end, first + cap, count))]
        return json_response({"data": rows, **({} if total is None else {"total": total})})

    return respond


def dossiers(page_size: int) -> Source:
    return OpenCps(OpenCpsOptions(group_id="1", page_size=page_size)).sources[0]


@pytest.mark.parametrize("seed", few(range(60)))
def test_a_desk_is_asked_beyond_what_may_be_the_end_until_nothing_comes(seed: int) -> None:
    """Whatever its pages are cut to, and whether it counts: all dossiers come, and the end is proven."""
    choose = random.Random(seed)
    count, size = choose.randint(0, 20), choose.randint(1, 9)
    cap = choose.randint(1, 9)
    total = choose.choice([None, count])

    pages = listing(dossiers(size), desk(count, total=total, cap=cap))

    assert shown(pages) == count
    assert pages[-1].end is ListingEnd.PROVEN


def test_a_desk_that_counts_more_than_it_shows_has_no_proven_end() -> None:
    pages = listing(dossiers(2), desk(3, total=5))

    assert (shown(pages), pages[-1].end) == (3, ListingEnd.UNPROVEN)


def test_a_desk_that_ignores_the_position_is_noticed_by_the_question_beyond_the_end() -> None:
    pages = listing(dossiers(3), desk(3, total=3, obeys=False))

    assert pages[-1].next_is_probe


def layer(count: int, cap: int, *, announces: bool, counts: bool, obeys: bool = True) -> Respond:
    """Return a map layer whose pages are cut to `cap`."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.path.endswith("/query"):
            capabilities = {"supportsPagination": True}
            return json_response(
                {"maxRecordCount": cap, "objectIdField": "OBJECTID", "advancedQueryCapabilities": capabilities}
            )
        if "returnCountOnly" in request.params:
            return json_response({"count": count} if counts else {"objectIds": []})
        offset = int(request.params["resultOffset"]) if obeys else 0
        end = offset + int(request.params["resultRecordCount"])
        rows = [{"attributes": {"OBJECTID": n}} for n in range(offset, min(end, count))]
        more = {"exceededTransferLimit": True} if announces and end < count else {}
        return json_response({"features": rows, **more})

    return respond


def works(page_size: int) -> Source:
    return BinhDuongPermits(BinhDuongPermitsOptions(page_size=page_size)).sources[1]


@pytest.mark.parametrize("seed", few(range(60)))
def test_a_layer_is_read_whole_whether_or_not_it_announces_more(seed: int) -> None:
    choose = random.Random(seed)
    count, size, cap = choose.randint(0, 20), choose.randint(1, 9), choose.randint(1, 9)
    announces, counts = choose.random() < 0.5, choose.random() < 0.5

    pages = listing(works(size), layer(count, cap, announces=announces, counts=counts))

    assert (shown(pages), pages[-1].end) == (count, ListingEnd.PROVEN)
    assert pages[0].total == (count if counts else None)
    probes = [page for page in pages if page.next_is_probe]
    assert len(probes) <= 1 or not announces


def test_a_layer_that_ignores_the_offset_is_noticed_by_the_question_beyond_a_full_page() -> None:
    pages = listing(works(3), layer(5, 3, announces=False, counts=False, obeys=False))

    assert pages[-1].next_is_probe


def test_an_empty_page_of_a_layer_that_announces_more_is_passed_over() -> None:
    """The position counts what was asked for where nothing came."""
    sent = {0: [1], 1: [], 3: [2]}

    def respond(request: HttpRequest) -> HttpResponse:
        if "resultOffset" not in request.params:
            return layer(3, 2, announces=True, counts=True)(request)
        offset = int(request.params["resultOffset"])
        rows = [{"attributes": {"OBJECTID": n}} for n in sent.get(offset, [])]
        return json_response({"features": rows, "exceededTransferLimit": offset < max(sent)})

    pages = listing(works(2), respond)

    assert [len(page.items) for page in pages] == [1, 0, 1]
