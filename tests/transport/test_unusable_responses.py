"""Responses that nobody can use, over both transports: each is told by its kind, after one request."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from cchc_connect import Dialect, HttpRequest, HttpResponse, Verdict, classify_rest
from cchc_connect.errors import CchcError, SourceHeld
from cchc_connect.messages import Language
from cchc_connect.testing import FAULTS, FaultyServer, json_response
from cchc_connect.transport.calls.unexpected import is_web_page, redirect_target
from tests.quick import scaled
from tests.transport.both_transports import OpenTransport
from tests.transport.dialects import PortalLogin, portal_endpoint, rest_endpoint
from tests.transport.scripted_server import (
    ReceivedRequest,
    ResponseScript,
    ScriptedServer,
    closing_response,
    in_turn,
)

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]
GET = HttpRequest(method="GET", path="/parcels")
POST = HttpRequest(method="POST", path="/parcels", json={})
PAGE = b"<!DOCTYPE html><html><body>Moved</body></html>"
REQUESTS = pytest.mark.parametrize("request_sent", [GET, POST], ids=["get", "post"])

statuses = st.sampled_from([300, 301, 302, 303, 305, 307, 308, 399])
locations = st.one_of(
    st.none(),
    st.sampled_from(
        ["/login", "", "?a=1", "//h", "http://[::1", "http://127.0.0.1:99999/", "mailto:a", "\xff\xfe", "%zz"]
    ),
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40),
)
bodies = st.one_of(st.just(b""), st.just(PAGE), st.binary(max_size=40))


@pytest.fixture
def scripts() -> list[ResponseScript]:
    """What the agency answers with; the last script again and again."""
    return []


@pytest.fixture
def agency(serve: Serve, scripts: list[ResponseScript]) -> ScriptedServer:
    return serve(lambda _: scripts[-1])


def held_code(ask: Callable[[], object]) -> tuple[str, SourceHeld]:
    with pytest.raises(SourceHeld) as raised:
        ask()
    assert str(raised.value)
    assert raised.value.in_language(Language.VIETNAMESE)
    return raised.value.code, raised.value


@pytest.mark.repeats
@settings(max_examples=scaled(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=statuses,
    sent=st.lists(locations, min_size=1, max_size=2),
    body=bodies,
    coding=st.sampled_from(["identity", "gzip", "br", "deflate", "gzip, gzip"]),
)
def test_a_redirect_is_told_as_such_after_one_request_whatever_comes_with_it(
    agency: ScriptedServer, open_carrier: OpenTransport, scripts: list[ResponseScript], **drawn: Any
) -> None:
    lines = [f"Location: {location}" for location in drawn["sent"] if location is not None]
    lines += [f"Content-Encoding: {drawn['coding']}", f"Content-Length: {len(drawn['body'])}", "Connection: close"]
    head = "\r\n".join([f"HTTP/1.1 {drawn['status']} X", *lines, "", ""])
    scripts[:] = [[head.encode("latin-1") + drawn["body"]]]
    requests_before = len(agency.requests)

    code, _ = held_code(lambda: open_carrier(rest_endpoint(agency.base_url)).send(GET))

    assert (code, len(agency.requests) - requests_before) == ("transport.redirected", 1)


@REQUESTS
def test_the_body_of_a_redirect_is_not_read(
    serve: Serve, open_carrier: OpenTransport, request_sent: HttpRequest
) -> None:
    bomb = gzip.compress(bytes(4 * 1024 * 1024), 9)
    lines = ("Location: /login", "Content-Encoding: gzip")
    agency = serve(in_turn([closing_response("302 Found", bomb, *lines)]))
    carrier = open_carrier(rest_endpoint(agency.base_url))

    code, held = held_code(lambda: carrier.send(request_sent))

    assert (code, held.context["redirect_target"], held.context["attempt"]) == (
        "transport.redirected",
        "same_system",
        1,
    )
    assert carrier.traffic.bytes_received == 0


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (None, "not_given"),
        (" ", "not_given"),
        ("/login", "same_system"),
        ("?next=1", "same_system"),
        ("HTTP://LAND.example:80/x", "same_system"),
        ("https://land.example/parcels", "https"),
        ("https://land.example:8443/parcels", "https"),
        ("//other.example/", "other_system"),
        ("http://land.example:8080/", "other_system"),
        ("http://land.example@other.example/", "unusable"),
        ("http://169.254.169.254/latest", "unusable"),
        ("http://[::1", "unusable"),
        ("http://h:99999/", "unusable"),
        ("/a\u2028b", "unusable"),
        ("javascript:alert(1)", "not_http"),
        ("file:///etc/passwd", "not_http"),
    ],
)
def test_where_a_redirect_leads_is_told_in_words_and_never_by_its_address(location: str | None, target: str) -> None:
    assert redirect_target("http://land.example/parcels", location) == target


@given(st.text(max_size=60))
def test_any_location_is_told(location: str) -> None:
    assert redirect_target("http://land.example/parcels?a=1", location)


@pytest.mark.parametrize(
    ("status", "body", "media_type", "code"),
    [
        ("304 Not Modified", b"", "application/json", "transport.not_modified"),
        ("206 Partial Content", b"[1", "application/json", "transport.partial_content"),
        ("206 Partial Content", b"[1]", "application/json", "transport.partial_content"),
        ("200 OK", b"", "application/json", "transport.no_content"),
        ("200 OK", b" \r\n", "text/plain", "transport.no_content"),
        ("202 Accepted", b"", "application/json", "transport.no_content"),
        ("200 OK", PAGE, "text/html; charset=utf-8", "transport.web_page"),
        ("200 OK", PAGE, "application/json", "transport.web_page"),
        ("200 OK", b"\xef\xbb\xbf\n<!-- x -->\n<HTML lang=vi>", "", "transport.web_page"),
        ("200 OK", b"<!-- a -- b - --->" * 40 + b"<html>", "", "transport.web_page"),
        ("200 OK", b"<!---->" * 500, "", "transport.response_unexpected"),
        ("418 I'm a teapot", b"<p>no</p>", "text/html", "transport.web_page"),
        ("418 I'm a teapot", b"{}", "application/json", "transport.response_unexpected"),
        ("202 Accepted", b"{}", "application/json", "transport.response_unexpected"),
        ("207 Multi-Status", b"{}", "application/json", "transport.response_unexpected"),
    ],
)
def test_a_response_that_nobody_can_use_is_told_by_its_kind(
    serve: Serve, open_carrier: OpenTransport, status: str, body: bytes, media_type: str, code: str
) -> None:
    agency = serve(in_turn([closing_response(status, body, media_type=media_type)]))

    error_code, _ = held_code(lambda: open_carrier(rest_endpoint(agency.base_url)).send(GET))

    assert (error_code, len(agency.requests)) == (code, 1)


def classify_with(read: Callable[[HttpResponse], object]) -> Dialect:
    """Return a dialect whose classifier reads the body before it judges."""

    def classify(response: HttpResponse) -> Verdict:
        return Verdict.OK if read(response) else Verdict.UNKNOWN

    return Dialect(classify=classify)


def test_a_body_of_too_many_values_is_told_as_such_where_a_classifier_reads_it(
    serve: Serve, open_carrier: OpenTransport
) -> None:
    body = b"[" + b",".join([b"1"] * 100_002) + b"]"
    agency = serve(in_turn([closing_response("200 OK", body, media_type="application/json")]))
    endpoint = replace(rest_endpoint(agency.base_url), dialect=classify_with(HttpResponse.json))

    code, error = held_code(lambda: open_carrier(endpoint).send(GET))

    assert (code, error.context["limit"], len(agency.requests)) == ("transport.too_large", "items", 1)


def test_a_login_that_answers_with_too_many_values_is_told_as_such(serve: Serve, open_carrier: OpenTransport) -> None:
    """Where the classifier does not read the body, but what takes the session out of it does."""
    body = b"[" + b",".join([b"1"] * 100_002) + b"]"
    agency = serve(in_turn([closing_response("200 OK", body, media_type="application/json")]))
    endpoint = replace(portal_endpoint(agency.base_url), dialect=Dialect(classify=classify_rest, login=PortalLogin()))

    code, error = held_code(lambda: open_carrier(endpoint).send(POST))

    assert (code, error.context["limit"], len(agency.requests)) == ("transport.too_large", "items", 1)


@pytest.mark.parametrize(
    ("body", "is_told"), [(b'{"code": "x"}', True), (b'{"code": ', False)], ids=["a mistake", "no JSON"]
)
def test_a_mistake_of_a_classifier_is_told_with_its_place_and_without_the_value(
    serve: Serve, open_carrier: OpenTransport, caplog: pytest.LogCaptureFixture, body: bytes, *, is_told: bool
) -> None:
    agency = serve(in_turn([closing_response("200 OK", body, media_type="text/plain")]))
    dialect = classify_with(lambda response: int(cast("Any", response.json())["code"]))

    held_code(lambda: open_carrier(replace(rest_endpoint(agency.base_url), dialect=dialect)).send(GET))

    warnings = [line.getMessage() for line in caplog.records if "classified" in line.msg]
    assert ["ValueError, tests/transport/test_unusable_responses.py:" in line for line in warnings] == [True] * is_told
    assert not any("'x'" in line for line in warnings)


def test_a_web_page_is_none_where_the_body_is_json() -> None:
    response = HttpResponse(status=200, headers={"content-type": "text/html"}, body=b'{"a": "<html>"}')

    assert not is_web_page(response)


@pytest.mark.parametrize("name", [name for name in FAULTS if name.startswith("redirect_")])
def test_every_redirect_of_the_catalogue_is_told_as_such(open_carrier: OpenTransport, name: str) -> None:
    with FaultyServer(json_response([])) as faulty:
        faulty.fail(name)
        with pytest.raises(CchcError) as raised:
            open_carrier(rest_endpoint(faulty.base_url)).send(GET)
        assert (raised.value.code, len(faulty.requests)) == ("transport.redirected", 1)
