"""Neither secrets nor personal values leave through errors, their causes, their tracebacks or any log."""

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, quote_plus

import pytest
import urllib3

from cchc_connect.errors import CchcError
from cchc_connect.transport import Basic, Endpoint, HttpRequest, Policy
from tests.canaries.birds import all_that_shows
from tests.transport.agency import RESET, Agency, Asked, Play, answer, drip, head, in_turn
from tests.transport.carriers import IMPATIENT, OpenLine
from tests.transport.dialects import ACCOUNT, portal, rest

Serve = Callable[[Callable[[Asked], Play]], Agency]

QUERY, BODY, SESSION, COOKIE, ANSWER = "CANARY query/1", "CANARY body/2", "CANARY-session/3", "CANARY-c4", "CANARY+5"
HEADER = "CANARY-header/6"
ASK = HttpRequest(method="GET", path=f"/parcels?owner={quote(QUERY)}", params={"id": QUERY}, headers={"X-Key": HEADER})
TELL = HttpRequest(
    method="POST", path="/dossiers", params={"id": QUERY}, json={"HOTEN": BODY}, headers={"X-Key": HEADER}
)
ONCE = replace(IMPATIENT, attempts=1, deadline_s=0.4, read_s=0.2)

PLAYS: dict[str, Play] = {
    "refused": [answer("401 Unauthorized", ANSWER.encode(), f"Set-Cookie: t={COOKIE}")],
    "invalid": [answer("422 Unprocessable Content", ANSWER.encode(), f"Set-Cookie: t={COOKIE}")],
    "server error": [answer("500 Internal Server Error", ANSWER.encode(), f"Set-Cookie: t={COOKIE}")],
    "page": [answer("200 OK", ANSWER.encode(), f"Set-Cookie: t={COOKIE}", kind="text/html")],
    "no JSON": [answer("200 OK", b'{"HOTEN": "' + ANSWER.encode(), f"Set-Cookie: t={COOKIE}")],
    "redirect": [answer("302 Found", b"", f"Location: http://127.0.0.1/?t={COOKIE}")],
    "reset": [RESET],
    "silent": [0.5],
    "cut": [head("200 OK", "Content-Type: application/json", "Content-Length: 900"), ANSWER.encode()],
    "gzip that is none": [answer("200 OK", ANSWER.encode(), "Content-Encoding: gzip")],
    "drip": [head("200 OK", "Content-Length: 900"), *drip(ANSWER.encode(), 0.05, 12)],
    "malformed head": [f"HTTP/1.1 200 OK\r\nSet-Cookie: t={COOKIE}\r\n{ANSWER}\r\n\r\n".encode()],
    "too many headers": [answer("200 OK", b"[]", *[f"X-{n}: {COOKIE}" for n in range(120)])],
}


def written_forms() -> Iterator[str]:
    """Every way in which a canary may be written."""
    for canary in (QUERY, BODY, SESSION, COOKIE, ANSWER, HEADER, ACCOUNT.password):
        yield from (canary, quote(canary), quote(canary, safe=""), quote_plus(canary))
        yield b64encode(canary.encode()).decode().rstrip("=")
    yield b64encode(f"{ACCOUNT.username}:{ACCOUNT.password}".encode()).decode()


def assert_nothing_shows(error: CchcError, log: str) -> None:
    shown = "\n".join([*all_that_shows(error), log])

    assert [form for form in written_forms() if form in shown] == []


@pytest.mark.parametrize("fault", PLAYS)
@pytest.mark.parametrize("request_", [ASK, TELL], ids=["ask", "tell"])
def test_no_fault_shows_what_was_sent_or_received(
    serve: Serve, line: OpenLine, caplog: pytest.LogCaptureFixture, fault: str, request_: HttpRequest
) -> None:
    agency = serve(in_turn(PLAYS[fault]))
    carrier = line(rest(agency.base_url, Basic(ACCOUNT)), ONCE)

    with caplog.at_level(logging.DEBUG), pytest.raises(CchcError) as raised:
        carrier.send(request_)

    assert_nothing_shows(raised.value, caplog.text)
    assert f"{request_.method} {request_.place}" in caplog.text


@pytest.mark.parametrize(
    ("endpoint", "request_"),
    [
        (rest("http://127.0.0.1:9", Basic(ACCOUNT)), ASK),
        (rest("https://127.0.0.1:9", Basic(ACCOUNT)), ASK),
        (rest("http://127.0.0.1:9"), replace(ASK, path=f"http://x:{COOKIE}@127.0.0.1:9/parcels?{COOKIE}")),
        (rest("http://127.0.0.1:9"), replace(ASK, path=f"http://127.0.0.1:8/?{COOKIE}")),
        (rest("http://127.0.0.1:9"), replace(ASK, headers={"X-Key": f"{HEADER}\r\nX-Injected: 1"})),
        (rest("http://127.0.0.1:9"), replace(TELL, json={"HOTEN": f"{BODY}\ud800"})),
        (rest("http://127.0.0.1:9"), replace(TELL, json={"HOTEN": {BODY}})),
        (portal("http://127.0.0.1:9"), TELL),
    ],
    ids=["nobody there", "nobody there, TLS", "user", "other port", "header", "surrogate", "no JSON type", "login"],
)
def test_what_cannot_be_sent_is_not_shown(
    line: OpenLine, caplog: pytest.LogCaptureFixture, endpoint: Endpoint, request_: HttpRequest
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(CchcError) as raised:
        line(endpoint, ONCE).send(request_)

    assert_nothing_shows(raised.value, caplog.text)


@pytest.mark.parametrize("policy", [IMPATIENT, ONCE])
def test_a_session_is_not_shown(serve: Serve, line: OpenLine, caplog: pytest.LogCaptureFixture, policy: Policy) -> None:
    login = f'{{"error_code": 0, "session": "{SESSION}"}}'.encode()

    def script(asked: Asked) -> Play:
        return [answer("200 OK", login if asked.target == "/login" else b'{"error_code": 401}')]

    agency = serve(script)

    with caplog.at_level(logging.DEBUG), pytest.raises(CchcError) as raised:
        line(portal(agency.base_url), policy).send(TELL)

    assert SESSION.encode() in agency.asked[-1].body
    assert_nothing_shows(raised.value, caplog.text)


def test_each_attempt_is_one_line_of_log(serve: Serve, line: OpenLine, caplog: pytest.LogCaptureFixture) -> None:
    agency = serve(in_turn([answer("503 Service Unavailable")], [answer("200 OK", b"[]")]))

    with caplog.at_level(logging.DEBUG, "cchc_connect.transport"):
        line(rest(agency.base_url)).send(ASK)

    lines = [entry.getMessage() for entry in caplog.records if entry.name == "cchc_connect.transport"]
    assert [text.partition(" in ")[0] for text in lines] == [
        "GET /parcels -> 503 transport.maintenance",
        "GET /parcels -> 200 ok",
    ]


def test_a_program_that_uses_the_same_libraries_keeps_its_own_logs(
    serve: Serve, line: OpenLine, caplog: pytest.LogCaptureFixture
) -> None:
    agency = serve(in_turn([answer("200 OK", b"[]")]))
    line(rest(agency.base_url)).send(ASK)

    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"), urllib3.PoolManager() as pool:
        pool.request("GET", f"{agency.base_url}/theirs").close()

    assert "/theirs" in caplog.text
