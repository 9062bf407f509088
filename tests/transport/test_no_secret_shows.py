"""Errors, their causes and tracebacks, and logs of the transport hold neither secrets nor personal data."""

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, quote_plus

import pytest
import urllib3

from cchc_connect import HttpRequest
from cchc_connect.errors import CchcError
from cchc_connect.transport import Basic, Endpoint, Policy
from tests.canaries.values import shown_of
from tests.transport.both_transports import FAST_POLICY, OpenTransport
from tests.transport.dialects import ACCOUNT, portal_endpoint, rest_endpoint
from tests.transport.scripted_server import (
    RESET,
    ReceivedRequest,
    ResponseScript,
    ScriptedServer,
    closing_response,
    drip,
    in_turn,
    response_head,
)

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]

QUERY, BODY, SESSION, COOKIE, ANSWER = "CANARY query/1", "CANARY body/2", "CANARY-session/3", "CANARY-c4", "CANARY+5"
HEADER = "CANARY-header/6"
GET = HttpRequest(method="GET", path=f"/parcels?owner={quote(QUERY)}", params={"id": QUERY}, headers={"X-Key": HEADER})
POST = HttpRequest(
    method="POST", path="/dossiers", params={"id": QUERY}, json={"HOTEN": BODY}, headers={"X-Key": HEADER}
)
ONCE = replace(FAST_POLICY, max_attempts=1, deadline_s=0.4, read_timeout_s=0.2)

PLAYS: dict[str, ResponseScript] = {
    "refused": [closing_response("401 Unauthorized", ANSWER.encode(), f"Set-Cookie: t={COOKIE}")],
    "invalid": [closing_response("422 Unprocessable Content", ANSWER.encode(), f"Set-Cookie: t={COOKIE}")],
    "server error": [closing_response("500 Internal Server Error", ANSWER.encode(), f"Set-Cookie: t={COOKIE}")],
    "page": [closing_response("200 OK", ANSWER.encode(), f"Set-Cookie: t={COOKIE}", media_type="text/html")],
    "no JSON": [closing_response("200 OK", b'{"HOTEN": "' + ANSWER.encode(), f"Set-Cookie: t={COOKIE}")],
    "redirect": [closing_response("302 Found", b"", f"Location: http://127.0.0.1/?t={COOKIE}")],
    "reset": [RESET],
    "silent": [0.5],
    "cut": [response_head("200 OK", "Content-Type: application/json", "Content-Length: 900"), ANSWER.encode()],
    "gzip that is none": [closing_response("200 OK", ANSWER.encode(), "Content-Encoding: gzip")],
    "drip": [response_head("200 OK", "Content-Length: 900"), *drip(ANSWER.encode(), 0.05, 12)],
    "malformed head": [f"HTTP/1.1 200 OK\r\nSet-Cookie: t={COOKIE}\r\n{ANSWER}\r\n\r\n".encode()],
    "too many headers": [closing_response("200 OK", b"[]", *[f"X-{n}: {COOKIE}" for n in range(120)])],
}


def written_forms() -> Iterator[str]:
    """Yield every form in which a canary may be written."""
    for canary in (QUERY, BODY, SESSION, COOKIE, ANSWER, HEADER, ACCOUNT.password):
        yield from (canary, quote(canary), quote(canary, safe=""), quote_plus(canary))
        yield b64encode(canary.encode()).decode().rstrip("=")
    yield b64encode(f"{ACCOUNT.username}:{ACCOUNT.password}".encode()).decode()


def assert_nothing_shows(error: CchcError, log: str) -> None:
    shown = "\n".join([*shown_of(error), log])

    assert [form for form in written_forms() if form in shown] == []


@pytest.mark.parametrize("fault", PLAYS)
@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
def test_no_fault_shows_data_that_was_sent_or_received(
    serve: Serve, open_carrier: OpenTransport, caplog: pytest.LogCaptureFixture, fault: str, request_: HttpRequest
) -> None:
    agency = serve(in_turn(PLAYS[fault]))
    carrier = open_carrier(rest_endpoint(agency.base_url, Basic(ACCOUNT)), ONCE)

    with caplog.at_level(logging.DEBUG), pytest.raises(CchcError) as raised:
        carrier.send(request_)

    assert_nothing_shows(raised.value, caplog.text)
    assert f"{request_.method} {request_.display_path}" in caplog.text


@pytest.mark.parametrize(
    ("endpoint", "request_"),
    [
        (rest_endpoint("http://127.0.0.1:9", Basic(ACCOUNT)), GET),
        (rest_endpoint("https://127.0.0.1:9", Basic(ACCOUNT)), GET),
        (rest_endpoint("http://127.0.0.1:9"), replace(GET, path=f"http://x:{COOKIE}@127.0.0.1:9/parcels?{COOKIE}")),
        (rest_endpoint("http://127.0.0.1:9"), replace(GET, path=f"http://127.0.0.1:8/?{COOKIE}")),
        (rest_endpoint("http://127.0.0.1:9"), replace(GET, headers={"X-Key": f"{HEADER}\r\nX-Injected: 1"})),
        (rest_endpoint("http://127.0.0.1:9"), replace(POST, json={"HOTEN": f"{BODY}\ud800"})),
        (rest_endpoint("http://127.0.0.1:9"), replace(POST, json={"HOTEN": {BODY}})),
        (portal_endpoint("http://127.0.0.1:9"), POST),
    ],
    ids=["nobody there", "nobody there, TLS", "user", "other port", "header", "surrogate", "no JSON type", "login"],
)
def test_a_request_that_cannot_be_sent_is_not_shown(
    open_carrier: OpenTransport, caplog: pytest.LogCaptureFixture, endpoint: Endpoint, request_: HttpRequest
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(CchcError) as raised:
        open_carrier(endpoint, ONCE).send(request_)

    assert_nothing_shows(raised.value, caplog.text)


@pytest.mark.parametrize("policy", [FAST_POLICY, ONCE])
def test_a_session_is_not_shown(
    serve: Serve, open_carrier: OpenTransport, caplog: pytest.LogCaptureFixture, policy: Policy
) -> None:
    login = f'{{"error_code": 0, "session": "{SESSION}"}}'.encode()

    def script(request: ReceivedRequest) -> ResponseScript:
        return [closing_response("200 OK", login if request.target == "/login" else b'{"error_code": 401}')]

    agency = serve(script)

    with caplog.at_level(logging.DEBUG), pytest.raises(CchcError) as raised:
        open_carrier(portal_endpoint(agency.base_url), policy).send(POST)

    assert SESSION.encode() in agency.requests[-1].body
    assert_nothing_shows(raised.value, caplog.text)


def test_each_attempt_is_one_log_line(
    serve: Serve, open_carrier: OpenTransport, caplog: pytest.LogCaptureFixture
) -> None:
    agency = serve(in_turn([closing_response("503 Service Unavailable")], [closing_response("200 OK", b"[]")]))

    with caplog.at_level(logging.DEBUG, "cchc_connect.transport"):
        open_carrier(rest_endpoint(agency.base_url)).send(GET)

    lines = [entry.getMessage() for entry in caplog.records if entry.name == "cchc_connect.transport"]
    assert [text.partition(" in ")[0] for text in lines] == [
        "GET /parcels -> 503 transport.maintenance",
        "GET /parcels -> 200 ok",
    ]


def test_a_program_that_uses_the_same_libraries_keeps_its_own_logs(
    serve: Serve, open_carrier: OpenTransport, caplog: pytest.LogCaptureFixture
) -> None:
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))
    open_carrier(rest_endpoint(agency.base_url)).send(GET)

    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"), urllib3.PoolManager() as pool:
        pool.request("GET", f"{agency.base_url}/theirs").close()

    assert "/theirs" in caplog.text
