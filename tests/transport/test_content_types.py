"""JSON under any content type and in any charset, web pages under any name, and answers that are odd but legal."""

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from cchc_connect import HttpRequest, HttpResponse, ResponseUnreadable, SourceHeld, Verdict, classify_rest
from cchc_connect.wire.charsets import json_in_utf8
from cchc_connect.wire.links import header_links, linked_address
from tests.quick import scaled
from tests.transport.both_transports import OpenTransport
from tests.transport.dialects import rest_endpoint
from tests.transport.scripted_server import (
    ReceivedRequest,
    ResponseScript,
    ScriptedServer,
    closing_response,
    in_turn,
    response_head,
)

pytestmark = pytest.mark.repeats

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]
GET = HttpRequest(method="GET", path="/parcels")
TYPES = st.sampled_from(
    [
        *("", "application/json", "text/json", "application/geo+json", "text/plain", "text/html", "text/javascript"),
        *("application/octet-stream", "application/x-json", "*/*", "json", "application/vnd.api+json", "binary"),
        "application/json, application/json",
    ]
)
PARAMETERS = st.sampled_from(
    [
        *(
            "",
            ";",
            "; charset=utf-8",
            ";charset=UTF8",
            '; charset="utf-8"',
            "; Charset='UTF-8'",
            ";charset=utf8;odata=x",
        ),
        *("; charset=", "; charset=nobody-knows", "; charset=iso-8859-1", "; charset=windows-1258", "; charset=rot13"),
        "; charset=base64",
    ]
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
STRUCTURES = st.lists(DOCUMENTS, max_size=3) | st.dictionaries(st.text(max_size=4), DOCUMENTS, max_size=3)
PAGES = st.sampled_from(
    [
        b"<!DOCTYPE html><html></html>",
        b"\n <!-- proxy --> <HTML><body>{}</body>",
        b"\xef\xbb\xbf<!doctype HTML SYSTEM 'about:legacy-compat'>[]",
        b"<head><title>B\xe1\xba\xa3o tr\xc3\xac</title>",
    ]
)


def response_of(body: bytes, content_type: str, status: int = 200) -> HttpResponse:
    return HttpResponse(status=status, headers={"content-type": content_type} if content_type else {}, body=body)


@given(STRUCTURES, TYPES, PARAMETERS, st.sampled_from([b"", b"\xef\xbb\xbf", b" \r\n\t"]))
def test_an_object_or_a_list_is_json_under_any_content_type(
    document: object, media_type: str, parameters: str, before: bytes
) -> None:
    body = before + json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    response = response_of(body, media_type + parameters)

    assert classify_rest(response) is Verdict.OK
    assert response.json() == document


@given(PAGES, TYPES, PARAMETERS)
def test_a_web_page_is_never_json_whatever_it_calls_itself(page: bytes, media_type: str, parameters: str) -> None:
    assert classify_rest(response_of(page, media_type + parameters)) is Verdict.UNKNOWN


@given(st.binary(max_size=40), TYPES, PARAMETERS)
def test_any_body_under_any_content_type_has_a_verdict(body: bytes, media_type: str, parameters: str) -> None:
    assert classify_rest(response_of(body, media_type + parameters)) in {Verdict.OK, Verdict.UNKNOWN}


@given(
    document=STRUCTURES,
    encoding=st.sampled_from(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]),
    is_declared=st.booleans(),
)
def test_json_of_two_or_four_bytes_a_character_is_read_whether_that_is_declared_or_not(
    document: object, encoding: str, *, is_declared: bool
) -> None:
    """With a byte order mark or without one."""
    body = json.dumps(document, ensure_ascii=False).encode(encoding)
    charset = f'; charset="{encoding.upper()}"' if is_declared else ""
    response = response_of(body, f"application/json{charset}")

    assert (classify_rest(response), response.json()) == (Verdict.OK, document)
    assert response_of(body, "application/json; charset=utf-8").json() == document


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_one_item_that_is_no_text_spares_the_others_in_utf_16_too(encoding: str) -> None:
    body = '{"items": [{"use": "Đất ở"}, {"use": "\ud800"}]}'.encode(encoding, "surrogatepass")

    items = response_of(body, "application/json").listing("items").items

    assert items is not None
    assert (items[0]["use"], len(items)) == ("Đất ở", 2)
    with pytest.raises(ValueError, match="utf-8"):
        items[1].read()


@pytest.mark.parametrize(
    ("content_type", "encoding", "text"),
    [
        ("application/json; charset=windows-1252", "cp1252", "caf\u00e9"),
        ("application/json;charset=ISO-8859-1", "latin-1", "caf\u00e9"),
        ('text/plain; charset="Windows-1258"', "cp1258", "\u0110\u00e2\u0301t"),
        ("application/json; charset=utf-8", "utf-8", "Đất ở"),
        ("application/json; charset=ISO-8859-1", "utf-8", "Đất ở"),  # a server that says what it does not do
    ],
)
def test_json_is_read_in_the_charset_that_is_declared_if_it_is_no_utf_8(
    content_type: str, encoding: str, text: str
) -> None:
    response = response_of(json.dumps({"use": text}, ensure_ascii=False).encode(encoding), content_type)

    assert response.json() == {"use": text}


@given(st.binary(max_size=30), TYPES, PARAMETERS)
def test_any_bytes_have_a_form_for_a_reader_of_json(body: bytes, media_type: str, parameters: str) -> None:
    assert isinstance(json_in_utf8(body, media_type + parameters), bytes)


@pytest.mark.parametrize("body", [b"", b"  ", b"<html>", b"{", b'{"a":1,"a":2}'])
def test_a_body_that_an_adapter_cannot_read_holds_the_source_and_is_no_fault_of_the_adapter(body: bytes) -> None:
    response = response_of(body, "application/json")

    with pytest.raises(ResponseUnreadable) as raised:
        response.json()

    assert isinstance(raised.value, SourceHeld)
    assert isinstance(raised.value, ValueError)
    assert raised.value.code == ("source.not_json" if body.strip() else "source.no_content")
    assert (raised.value.__cause__, "html" in str(raised.value)) == (None, False)


LINKS = {
    "html": '<https://h.example/p.html>; rel=next; type="text/html"',
    "xhtml": '<https://h.example/p.xhtml>; rel=next; type="application/xhtml+xml"',
    "json": "<https://h.example/p.json>; rel=next; type=application/geo+json",
    "plain": '<https://h.example/p.txt>; rel=next; type="text/plain"',
    "unstated": "<https://h.example/p>; rel=next",
    "alternate": '<https://h.example/a.json>; rel=alternate; type="application/json"',
}
PREFERENCE = ("json", "unstated", "plain", "html", "xhtml")


@given(st.permutations(list(LINKS)), st.integers(1, len(LINKS)), st.sampled_from(["text/html", "", "application/json"]))
def test_a_link_for_programs_goes_before_one_for_people_whatever_the_page_calls_itself(
    order: list[str], count: int, page_type: str
) -> None:
    chosen = order[:count]
    links = header_links(", ".join(LINKS[name] for name in chosen))

    address = linked_address("https://h.example/p0", links, "next", (page_type,))

    best = next((name for name in PREFERENCE if name in chosen), None)
    expected = {best, "html", "xhtml"} if best in {"html", "xhtml"} else {best}
    assert address in {LINKS[name].partition(">")[0][1:] if name else None for name in expected}


@settings(max_examples=scaled(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 5), status=st.sampled_from(["100 Continue", "102 Processing", "103 Early Hints"]))
def test_any_number_of_1xx_before_the_answer_changes_nothing(
    serve: Serve, open_carrier: OpenTransport, count: int, status: str
) -> None:
    before = response_head(status, "Link: </x>; rel=preload") * count
    agency = serve(in_turn([before + closing_response("200 OK", b"[1]")]))

    assert open_carrier(rest_endpoint(agency.base_url)).send(GET).json() == [1]


@pytest.mark.parametrize("status", ["204 No Content", "205 Reset Content"])
@pytest.mark.parametrize("line", ["Content-Encoding: br", "Content-Type: text/html", "X-Note: 1"])
def test_an_answer_without_content_is_a_success_of_a_message(
    serve: Serve, open_carrier: OpenTransport, status: str, line: str
) -> None:
    lines = [line, "Connection: close", *(["Content-Length: 0"] if status.startswith("205") else [])]
    agency = serve(in_turn([response_head(status, *lines)]))

    response = open_carrier(rest_endpoint(agency.base_url)).send(HttpRequest(method="POST", path="/p", json={}))

    assert (response.verdict, response.body) == (Verdict.OK, b"")
    with pytest.raises(SourceHeld):
        response.listing("items")
