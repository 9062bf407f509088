"""Links of pages: references by RFC 3986, relations and the `Link` header by RFC 8288, in every form servers use."""

import json
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given, strategies as st

from cchc_connect import HttpResponse, Unreadable
from cchc_connect.wire.links import body_links, header_links, linked_address, resolve

BASE = "http://a/b/c/d;p?q"
"""Base of the examples of RFC 3986, section 5.4."""

RFC_3986_EXAMPLES = """
    g:h g:h | g http://a/b/c/g | ./g http://a/b/c/g | g/ http://a/b/c/g/ | /g http://a/g | //g http://g
    | ?y http://a/b/c/d;p?y | g?y http://a/b/c/g?y | ;x http://a/b/c/;x | g;x http://a/b/c/g;x | . http://a/b/c/
    | ./ http://a/b/c/ | .. http://a/b/ | ../ http://a/b/ | ../g http://a/b/g | ../.. http://a/ | ../../ http://a/
    | ../../g http://a/g | ../../../g http://a/g | ../../../../g http://a/g | /./g http://a/g | /../g http://a/g
    | g. http://a/b/c/g. | .g http://a/b/c/.g | g.. http://a/b/c/g.. | ..g http://a/b/c/..g | ./../g http://a/b/g
    | ./g/. http://a/b/c/g/ | g/./h http://a/b/c/g/h | g/../h http://a/b/c/h | g;x=1/./y http://a/b/c/g;x=1/y
    | g;x=1/../y http://a/b/c/y | g?y/./x http://a/b/c/g?y/./x | g?y/../x http://a/b/c/g?y/../x
    | #s http://a/b/c/d;p?q | g#s http://a/b/c/g | g?y#s http://a/b/c/g?y | g#s/../x http://a/b/c/g
    | ? http://a/b/c/d;p? | http://a/b/../c http://a/c | //a/b/./c http://a/b/c | http:g http:g
"""
"""Reference and address; without fragments, which are never sent."""

PAGE = "https://land.example/ogc/collections/p/items?limit=2"
GEOJSON, JSON_TYPE, HTML = "application/geo+json", "application/json", "text/html"

segments = st.text("abcxyz019-_~%=", min_size=1, max_size=6)
paths = st.lists(segments, max_size=4).map("/".join)
queries = st.text("abc=&019/:", max_size=12)
words = st.text("abcdefgh-", min_size=1, max_size=8)
"""What stands in addresses and parameters of the generated pages."""

VARIANTS = st.tuples(*[st.booleans()] * 3)


def page(document: object, link: str = "", media_type: str = GEOJSON, url: str = PAGE) -> HttpResponse:
    headers = {"content-type": media_type, "link": link}
    return HttpResponse(status=200, headers=headers, body=json.dumps(document).encode(), url=url)


@pytest.mark.parametrize("example", [example.split() for example in RFC_3986_EXAMPLES.split("|")])
def test_a_reference_resolves_as_the_standard_shows(example: list[str]) -> None:
    reference, address = example

    assert resolve(BASE, reference) == address


@given(paths, queries, paths, queries)
def test_a_reference_within_the_host_resolves_as_the_standard_library_resolves_it(
    base_path: str, base_query: str, path: str, query: str
) -> None:
    base = f"https://land.example/{base_path}?{base_query}"
    for reference in (f"/{path}?x{query}", f"n{path}?x{query}", f"../n{path}", f"?x{query}"):
        assert resolve(base, reference) == urljoin(base, reference)


@given(paths, queries)
def test_percent_encoding_of_a_link_is_kept_and_its_query_replaces_the_pages(path: str, query: str) -> None:
    reference = f"/x%2F%C4%91/{path}?token=%3D{query}"

    assert resolve(PAGE, reference) == f"https://land.example{reference}"


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_of_a_link_raises(reference: str, header: str) -> None:
    resolve(PAGE, reference)
    for link in header_links(header):
        linked_address(PAGE, [link], "next")
    for value in (reference, [reference], {"next": reference}, [{"rel": header, "href": reference}]):
        page({"links": value}, header.encode("ascii", "ignore").decode()).next_link({"links": value})


@given(paths, st.permutations(["rel", "type", "title", "title*"]), VARIANTS, words)
def test_the_link_header_is_read_in_any_order_case_and_spacing(
    path: str, names: list[str], variant: tuple[bool, bool, bool], word: str
) -> None:
    upper, spaced, among_others = variant
    relation = f"{word}x NEXT" if upper else "next"
    values = {"rel": f'"{relation}"', "type": GEOJSON, "title": f'"{word}, \\"rel=prev\\"; <x>"', "title*": "UTF-8''a"}
    gap = " \t" if spaced else ""
    parameters = "".join(f"{gap};{gap}{name.upper() if upper else name}{gap}={gap}{values[name]}" for name in names)
    target = f"</{path},;?a=b>{parameters}"
    neighbours = '<https://other.example/1>; rel="first last", ,<x>;rel=up;anchor="/else"'
    header = f"{neighbours}, {target},{neighbours}" if among_others else target

    (link,) = [link for link in header_links(header) if "next" in link.relations]

    assert (link.target, link.media_type) == (f"/{path},;?a=b", GEOJSON)
    assert page({}, header).next_link() == f"https://land.example/{path},;?a=b"


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("<a>; rel=next", "a"),
        ("<a>;rel=next;rel=prev", "a"),
        ("<a>;rel=prev;rel=next", None),
        ('<a>; rel="next', "a"),
        ("<a>; rel", None),
        ("<a>", None),
        ("a; rel=next", None),
        ("garbage, <a>; rel=next", "a"),
        ('<a>; title="\\\\"; rel="next"', "a"),
        ('<a>; anchor="https://else.example/"; rel="next", <b>; rel=next', "b"),
        ('<a>; anchor="#part"; rel="next"', None),
        (f'<a>; anchor="{PAGE}"; rel="next"', "a"),
        ("<a>; rel=nextpage", None),
        ('<a>; rel="http://www.iana.org/assignments/relation/next"', "a"),
        (f"<people>; rel=next; type={HTML}, <a>; rel=next; type={GEOJSON}", "a"),
    ],
)
def test_the_link_header_says_the_next_page_by_its_first_relation_from_the_page_itself(
    header: str, address: str | None
) -> None:
    assert page({}, header).next_link() == (None if address is None else urljoin(PAGE, address))


@given(paths, VARIANTS, st.sampled_from(["links", "_links", "Links"]))
def test_a_next_link_is_found_in_every_form_of_a_body(path: str, variant: tuple[bool, bool, bool], name: str) -> None:
    upper, with_prev, only_text = variant
    relation, target = ("NEXT" if upper else "next"), f"/x{path}?offset=2"
    address = target if only_text else {"HREF" if upper else "href": target}
    link = {"Rel" if upper else "rel": relation, "Href" if upper else "href": target}
    previous = {"rel": "prev", "href": "p"}
    bodies: list[dict[str, Any]] = [
        {name: [previous, None, link] if with_prev else [link]},
        {name: [{**link, "rel": ["prev", relation]}]},
        {name: [{**link, "rel": f"last {relation}"}]},
        {name: {"prev": None, relation: address}},
        {name: {relation: [address]}},
        {name: link},
        {"next": address, "previous": None},
        {name: None, "_LINKS" if name == "links" else "links": [link]},
    ]

    for body in bodies:
        assert page(body).next_link(body) == f"https://land.example{target}"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"links": None},
        {"links": []},
        {"links": [None]},
        {"links": {}},
        {"links": {"next": None, "prev": "x"}},
        {"links": {"next": "", "meta": 3}},
        {"links": {"next": {"href": None}}},
        {"links": {"self": {"href": "x"}}},
        {"links": [{"rel": "next", "href": None}]},
        {"links": [{"rel": "prev"}, {"href": "x"}]},
        {"next": None},
    ],
)
def test_null_and_other_relations_are_no_next_page(body: dict[str, Any]) -> None:
    assert page(body).next_link(body) is None


@pytest.mark.parametrize(
    "links",
    ["x", 3, True, [1], ["x"], [[]], {"next": 2}, {"next": {}}, [{"rel": "next"}, {}], [{"rel": "next", "href": ""}]],
)
def test_links_in_an_unknown_form_are_no_proof_of_a_last_page(links: object) -> None:
    assert isinstance(page({"links": links}).next_link({"links": links}), Unreadable)


@pytest.mark.parametrize("media_type", [GEOJSON, JSON_TYPE, "application/vnd.geo+json"])
@pytest.mark.parametrize(
    ("types", "chosen"),
    [
        ([HTML, GEOJSON], 1),
        ([HTML, f"{GEOJSON.upper()}; charset=utf-8"], 1),
        ([HTML, JSON_TYPE], 1),
        ([HTML, None], 1),
        ([None, "application/gml+xml", JSON_TYPE], 2),
        (["application/gml+xml", HTML], 0),
        ([None, None], 0),
    ],
)
def test_of_several_next_links_the_one_for_programs_counts(
    media_type: str, types: list[str | None], chosen: int
) -> None:
    links = [{"rel": "next", "href": f"/{n}", "type": kind} for n, kind in enumerate(types)]

    assert page({}, media_type=media_type).next_link({"links": links}) == f"https://land.example/{chosen}"


def test_of_several_next_links_that_of_the_pages_own_type_counts() -> None:
    links = [{"rel": "next", "href": f"/{kind}", "type": kind} for kind in (HTML, JSON_TYPE, GEOJSON)]

    assert page({}, media_type=GEOJSON).next_link({"links": links}) == f"https://land.example/{GEOJSON}"
    assert page({}, media_type=JSON_TYPE).next_link({"links": links}) == f"https://land.example/{JSON_TYPE}"


def test_a_link_leads_to_its_own_host_so_that_the_transport_can_refuse_another_one() -> None:
    for target in ("https://else.example/x", "//else.example/x", "http://land.example/x", "https:\\\\else.example/x"):
        address = page({}).next_link({"links": {"next": target}})

        assert isinstance(address, str)
        assert urlsplit(address)[:2] != ("https", "land.example") or "\\" in address


def test_the_repr_of_a_link_shows_no_address() -> None:
    links = body_links({"next": "/x?token=secret"})
    assert not isinstance(links, Unreadable)
    (link,) = links

    assert "secret" not in repr(link)
