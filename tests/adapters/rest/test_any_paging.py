"""Whatever a system does at the end of its listing: an end is called proven only if every item was shown."""

import random
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest

from cchc_adapters.rest.adapter import Rest
from cchc_adapters.rest.manifest import RestOptions
from cchc_connect import HttpRequest, HttpResponse, ListingEnd, Page, PageRequest, Source, SourceHeld, Verdict
from cchc_connect.testing.doubles.server import ReceivedRequest
from tests.adapters.rest.paged_system import Habits, PagedSystem, dossiers

ADDRESS = "http://desk.example"
PARAMETERS = {
    "page": {"parameter": "page"},
    "offset": {"parameter": "offset"},
    "keyset": {"parameter": "after", "property": "id"},
    "cursor": {"parameter": "cursor", "property": "next"},
    "link": {},
}
MOST_PAGES = 60


@dataclass
class Reading:
    """A listing as the engine reads it."""

    shown: set[str]
    end: ListingEnd
    reason: str = ""


def respond(system: PagedSystem, request: HttpRequest) -> HttpResponse:
    address = urlsplit(request.path if request.path.startswith("http") else ADDRESS + request.path)
    query = {**parse_qs(address.query), **{name: [value] for name, value in request.params.items()}}
    sent = system.handle(ReceivedRequest(method="GET", path=address.path, query=query, headers={}, body=b""))
    verdict = Verdict.OK if sent.status == 200 else Verdict.NOT_FOUND
    if verdict not in request.accepted_verdicts:
        raise SourceHeld("test.refused")
    headers = {"content-type": sent.media_type, **sent.headers}
    return HttpResponse(status=sent.status, headers=headers, body=sent.body, verdict=verdict, url=address.geturl())


def page_of(source: Source, system: PagedSystem, token: str | None) -> Page:
    exchange = source.fetch(PageRequest(since=None, page_token=token))
    request = next(exchange)
    try:
        while True:
            request = exchange.send(respond(system, request))
    except StopIteration as finished:
        page: Page = finished.value
        return page


def read(source: Source, system: PagedSystem) -> Reading:
    """Read a listing by the rules of the engine for repeated and empty pages."""
    shown, pages, token, is_probe, empty = set[str](), set[frozenset[str]](), None, False, 0
    for _ in range(MOST_PAGES):
        try:
            page = page_of(source, system, token)
        except SourceHeld as held:
            return Reading(shown, ListingEnd.UNPROVEN, held.code)
        keys = frozenset(map(source.key, page.items))
        if keys and keys in pages:
            return Reading(shown, ListingEnd.UNPROVEN, "" if is_probe else "repeated")
        pages.add(keys)
        shown |= keys
        empty = 0 if keys else empty + 1
        if page.next_page_token is None:
            return Reading(shown, page.end)
        if empty == 3:
            return Reading(shown, ListingEnd.UNPROVEN, "empty")
        token, is_probe = page.next_page_token, page.next_is_probe
    pytest.fail("the listing does not end")


@pytest.mark.parametrize("kind", PARAMETERS)
@pytest.mark.parametrize("seed", range(60))
def test_an_end_is_proven_only_where_every_item_was_shown(kind: str, seed: int) -> None:
    """And an honest system is read whole, by whatever it shows its end."""
    choose = random.Random(f"{kind} {seed}")
    count, size, cap = choose.randint(0, 20), choose.randint(2, 7), choose.randint(2, 7)
    is_honest = choose.random() < 0.5
    beyond = "empty" if is_honest else choose.choice(["empty", "repeat", "404", "stuck"])
    total = choose.choice([None, -1]) if is_honest else choose.choice([None, -1, count + 1, max(count - 1, 0)])
    links = choose.choice(["body", "header"]) if is_honest or choose.random() < 0.5 else "never"
    links = "body" if kind == "cursor" and links == "header" else links
    habits = Habits(kind=kind, cap=cap, total=total, beyond=beyond, links=links)
    paging = {"kind": kind, "size": size, "size_parameter": "size", **PARAMETERS[kind]}
    if choose.random() < 0.5:
        paging |= {"total": "total", "estimate": choose.random() < 0.3}
    if choose.random() < 0.5:
        paging["cap"] = cap
    ends = {"404": "status_404"} | ({} if kind in {"cursor", "link"} else {"repeat": "repeats_last"})
    if beyond in ends and choose.random() < 0.5:
        paging["end"] = ends[beyond]
    fields = {"code": "so", "procedure_code": "thu_tuc", "status": {"constant": "received"}}
    table = {"path": "/ho-so", "items": "data.items", "key": "id", "paging": paging, "fields": fields}
    source = Rest(RestOptions.model_validate({"sources": {"dossier": table}})).sources[0]
    system = PagedSystem()
    system.habits, system.items = habits, dossiers(count)

    reading = read(source, system)

    if reading.end is ListingEnd.PROVEN:
        assert len(reading.shown) in {count, total}  # a total that is reached exactly is believed
    if is_honest:
        assert (len(reading.shown), reading.end) == (count, ListingEnd.PROVEN)
