"""An adapter in Python declares its paging: pages, tokens and ends are made for it."""

import pytest

from cchc_connect import HttpRequest, HttpResponse, ListingEnd, Page, StartOver, Verdict
from cchc_connect.paging import CursorPaging, LinkPaging, NoPaging, OffsetPaging, PagePaging, Pager, page_of_keys
from cchc_connect.paging.tables import PagingTable
from tests.adapters.wire import json_response

ROWS = [{"id": n} for n in range(1, 6)]
PAGE = PagePaging(kind="page", parameter="trang", size_parameter="so_dong", size=2, total="total")
OFFSET = OffsetPaging(kind="offset", parameter="start", end_parameter="end", size=2)
CURSOR = CursorPaging(kind="cursor", parameter="after", property="cursor", size=2)
LINK = LinkPaging(kind="link", size_parameter="size", size=2)


def respond(request: HttpRequest) -> HttpResponse:
    """Return a page of two rows, however it was asked for."""
    params = request.params
    if "trang" in params:
        start = (int(params["trang"]) - 1) * 2
    else:
        start = int(params.get("start") or params.get("after") or request.path.partition("?from=")[2] or 0)
    following = start + 2 if start + 2 < len(ROWS) else None
    links = {} if following is None else {"links": [{"rel": "next", "href": f"/rows?from={following}"}]}
    body = {"rows": ROWS[start : start + 2], "total": len(ROWS), "cursor": following, **links}
    return json_response(body).with_verdict(Verdict.OK)


def page_of(pager: Pager, token: str | None, requests: list[HttpRequest]) -> Page:
    exchange = pager.page(token, {"from": "2026-04-02"})
    request = next(exchange)
    try:
        while True:
            requests.append(request)
            request = exchange.send(respond(request))
    except StopIteration as finished:
        page: Page = finished.value
        return page


def read(pager: Pager) -> tuple[list[Page], list[HttpRequest]]:
    """Return all pages of a listing, and its requests."""
    requests = list[HttpRequest]()
    pages = [page_of(pager, None, requests)]
    while (token := pages[-1].next_page_token) is not None:
        pages.append(page_of(pager, token, requests))
    return pages, requests


@pytest.mark.parametrize("paging", [PAGE, OFFSET, CURSOR, LINK], ids=lambda paging: paging.kind)
def test_a_declared_listing_is_read_to_its_proven_end(paging: PagingTable) -> None:
    pages, requests = read(Pager.of_listing("/rows", paging, "rows"))

    assert [row["id"] for page in pages for row in page.items] == [1, 2, 3, 4, 5]
    assert pages[-1].end is ListingEnd.PROVEN
    assert len(requests) == 3


@pytest.mark.parametrize("paging", [PAGE, OFFSET, CURSOR], ids=lambda paging: paging.kind)
def test_every_page_is_asked_for_with_what_the_listing_is_asked_for(paging: PagingTable) -> None:
    _, requests = read(Pager.of_listing("/rows", paging, "rows"))

    assert {request.params["from"] for request in requests} == {"2026-04-02"}


def test_a_link_is_followed_as_it_is() -> None:
    _, requests = read(Pager.of_listing("/rows", LINK, "rows"))

    assert [(request.path, bool(request.params)) for request in requests] == [
        ("/rows", True),
        ("/rows?from=2", False),
        ("/rows?from=4", False),
    ]


def test_a_page_token_of_another_paging_starts_over() -> None:
    pages, _ = read(Pager.of_listing("/rows", PAGE, "rows"))
    wider = Pager.of_listing("/rows", PAGE.model_copy(update={"size": 5}), "rows")

    with pytest.raises(StartOver):
        page_of(wider, pages[0].next_page_token, [])


def test_a_listing_that_is_one_page_has_no_token() -> None:
    pages, _ = read(Pager.of_listing("/rows?from=4", NoPaging(kind="none"), "rows"))

    assert [len(page.items) for page in pages] == [1]


def test_a_key_that_goes_between_two_pages_of_keys_moves_no_other_one() -> None:
    chosen, token = page_of_keys(["d", "a", "c", "b"], None, 2)
    rest, end = page_of_keys(["d", "c", "a"], token, 2)

    assert (chosen, rest, end) == (["a", "b"], ["c", "d"], None)


@pytest.mark.parametrize("name", ["total", "pages"])
def test_a_number_that_the_paging_names_and_the_first_page_does_not_have_is_told_once(name: str) -> None:
    pages, _ = read(Pager.of_listing("/rows", PAGE.model_copy(update={name: "totl"}), "rows"))

    assert [[lack.code for lack in page.lacks] for page in pages] == [["rest.number_missing"], [], []]


def test_a_number_that_is_there_is_not_told() -> None:
    pages, _ = read(Pager.of_listing("/rows", PAGE, "rows"))

    assert [lack for page in pages for lack in page.lacks] == []
