"""Test doubles on loopback whose items, links, headers, cookies, HTML pages and refusals are full of canaries."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from tests.canaries.values import PERSON, SECRETS
from tests.transport.scripted_server import (
    RESET,
    ReceivedRequest,
    ResponseScript,
    ScriptedServer,
    closing_response,
    response_head,
)

CODE = "000.00.00.H09-260701-0001"
REFUSED = "000.00.00.H09-260701-0002"

_COOKIE = f"Set-Cookie: t={SECRETS['cookie']}"
_ECHO = f"X-Echo: {SECRETS['answer']} {quote(PERSON['name'])} {PERSON['citizen id']}"
_PAGE = f"<html><body>{' '.join(PERSON.values())} {SECRETS['answer']}</body></html>".encode()
_LATER = "Retry-After: 3600"


def dossier_item(number: int, **changed: object) -> dict[str, Any]:
    """Return a dossier as a wire item of these systems."""
    person = {"hoTen": PERSON["name"], "cccd": PERSON["citizen id"], "sdt": PERSON["telephone"]}
    return {"ma": f"{CODE[:-4]}{number:04}", **person, "email": PERSON["email"], "trangThai": 2, **changed}


ITEMS = [
    dossier_item(1),
    dossier_item(2),
    dossier_item(3, trangThai=PERSON["name"]),
    dossier_item(4, cccd=int(PERSON["citizen id"]), ngay=PERSON["birth"], **{PERSON["citizen id"]: PERSON["name"]}),
    dossier_item(5, ngay=[PERSON["birth"], PERSON["citizen id"]], trangThai={"ten": PERSON["name"]}),
    dossier_item(1, hoTen=PERSON["former name"]),
    {"hoTen": PERSON["name"], "nguoiUyQuyen": {"hoTen": PERSON["former name"], "sdt": PERSON["telephone"]}},
]
"""Two good items, then items with one fault each."""


def _page(request: ReceivedRequest) -> ResponseScript:
    if SECRETS["link"] in request.target:
        return [_listing(ITEMS[4:], None)]
    path = request.target.partition("?")[0]
    address = f"http://{request.headers['host']}{path}?page=2&token={SECRETS['link']}&owner={quote(PERSON['name'])}"
    return [_listing(ITEMS[:4], address)]


def _listing(items: list[dict[str, Any]], following: str | None) -> bytes:
    body = json.dumps({"items": items, "next": following, "echo": SECRETS["answer"]}, ensure_ascii=False)
    return closing_response("200 OK", body.encode(), _COOKIE, _ECHO)


def _elsewhere(request: ReceivedRequest) -> ResponseScript:
    del request
    address = f"http://canary:{SECRETS['user of a link']}@127.0.0.1:9/?token={SECRETS['link']}"
    return [_listing(ITEMS[:1], address)]


def _desk(request: ReceivedRequest) -> ResponseScript:
    """Give a session for a login, refuse one dossier and accept the others."""
    if request.target.endswith("/login"):
        session = json.dumps({"session": SECRETS["session"], "name": PERSON["name"]}).encode()
        return [closing_response("200 OK", session, _COOKIE)]
    if REFUSED.encode() in request.body:
        return [closing_response("422 Unprocessable Content", json.dumps({"error": PERSON}).encode(), _COOKIE, _ECHO)]
    return [closing_response("200 OK", json.dumps({"taken": PERSON}).encode(), _COOKIE, _ECHO)]


FAULTY_SYSTEMS: dict[str, ResponseScript] = {
    "page": [closing_response("200 OK", _PAGE, _COOKIE, media_type="text/html")],
    "refused": [closing_response("401 Unauthorized", _PAGE, _COOKIE, _ECHO)],
    "question": [closing_response("422 Unprocessable Content", _PAGE, _COOKIE, _ECHO)],
    "later": [closing_response("503 Service Unavailable", _PAGE, _COOKIE, _LATER)],
    "throttled": [closing_response("429 Too Many Requests", _PAGE, _LATER)],
    "redirect": [closing_response("302 Found", b"", f"Location: http://127.0.0.1/?t={SECRETS['answer']}", _COOKIE)],
    "no-json": [closing_response("200 OK", b'{"items": "' + _PAGE, _COOKIE)],
    "cut": [response_head("200 OK", "Content-Type: application/json", "Content-Length: 9000", _COOKIE), _PAGE],
    "gzip": [closing_response("200 OK", _PAGE, "Content-Encoding: gzip")],
    "head": [f"HTTP/1.1 200 OK\r\n{_COOKIE}\r\n{PERSON['citizen id']}{SECRETS['answer']}\r\n\r\n".encode()],
    "headers": [closing_response("200 OK", b"{}", *[f"X-{number}: {SECRETS['answer']}" for number in range(120)])],
    "reset": [RESET],
}
"""Failing systems by name, each with its own fault."""


@contextmanager
def leaky_systems() -> Generator[ScriptedServer]:
    """Run all of these systems on one port, each below a path of its own."""

    def script(request: ReceivedRequest) -> ResponseScript:
        name = request.target.strip("/").partition("/")[0].partition("?")[0]
        match name:
            case "elsewhere":
                return _elsewhere(request)
            case "desk":
                return _desk(request)
            case _:
                return FAULTY_SYSTEMS.get(name) or _page(request)

    with ScriptedServer(script) as agency:
        yield agency
