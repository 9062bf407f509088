"""Test doubles on loopback whose items, links, headers, cookies, HTML pages and refusals are full of canaries."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from tests.canaries.values import PERSON, SECRETS
from tests.transport.scripted_server import RESET, Agency, Asked, Play, answer, head, serving

CODE = "000.00.00.H09-260701-0001"
REFUSED = "000.00.00.H09-260701-0002"

_COOKIE = f"Set-Cookie: t={SECRETS['cookie']}"
_ECHO = f"X-Echo: {SECRETS['answer']} {quote(PERSON['name'])} {PERSON['citizen id']}"
_PAGE = f"<html><body>{' '.join(PERSON.values())} {SECRETS['answer']}</body></html>".encode()
_LATER = "Retry-After: 3600"


def item(number: int, **changed: object) -> dict[str, Any]:
    """Return a dossier as a wire item of these systems."""
    person = {"hoTen": PERSON["name"], "cccd": PERSON["citizen id"], "sdt": PERSON["telephone"]}
    return {"ma": f"{CODE[:-4]}{number:04}", **person, "email": PERSON["email"], "trangThai": 2, **changed}


ITEMS = [
    item(1),
    item(2),
    item(3, trangThai=PERSON["name"]),
    item(4, cccd=int(PERSON["citizen id"]), ngay=PERSON["birth"], **{PERSON["citizen id"]: PERSON["name"]}),
    item(5, ngay=[PERSON["birth"], PERSON["citizen id"]], trangThai={"ten": PERSON["name"]}),
    item(1, hoTen=PERSON["former name"]),
    {"hoTen": PERSON["name"], "nguoiUyQuyen": {"hoTen": PERSON["former name"], "sdt": PERSON["telephone"]}},
]
"""Two good items, then items with one fault each."""


def _page(request: Asked) -> Play:
    if SECRETS["link"] in request.target:
        return [_listing(ITEMS[4:], None)]
    path = request.target.partition("?")[0]
    address = f"http://{request.headers['host']}{path}?page=2&token={SECRETS['link']}&owner={quote(PERSON['name'])}"
    return [_listing(ITEMS[:4], address)]


def _listing(items: list[dict[str, Any]], following: str | None) -> bytes:
    body = json.dumps({"items": items, "next": following, "echo": SECRETS["answer"]}, ensure_ascii=False)
    return answer("200 OK", body.encode(), _COOKIE, _ECHO)


def _elsewhere(request: Asked) -> Play:
    del request
    address = f"http://canary:{SECRETS['user of a link']}@127.0.0.1:9/?token={SECRETS['link']}"
    return [_listing(ITEMS[:1], address)]


def _desk(request: Asked) -> Play:
    """Give a session for a login, refuse one dossier and accept the others."""
    if request.target.endswith("/login"):
        session = json.dumps({"session": SECRETS["session"], "name": PERSON["name"]}).encode()
        return [answer("200 OK", session, _COOKIE)]
    if REFUSED.encode() in request.body:
        return [answer("422 Unprocessable Content", json.dumps({"error": PERSON}).encode(), _COOKIE, _ECHO)]
    return [answer("200 OK", json.dumps({"taken": PERSON}).encode(), _COOKIE, _ECHO)]


PLAYS: dict[str, Play] = {
    "page": [answer("200 OK", _PAGE, _COOKIE, kind="text/html")],
    "refused": [answer("401 Unauthorized", _PAGE, _COOKIE, _ECHO)],
    "question": [answer("422 Unprocessable Content", _PAGE, _COOKIE, _ECHO)],
    "later": [answer("503 Service Unavailable", _PAGE, _COOKIE, _LATER)],
    "throttled": [answer("429 Too Many Requests", _PAGE, _LATER)],
    "redirect": [answer("302 Found", b"", f"Location: http://127.0.0.1/?t={SECRETS['answer']}", _COOKIE)],
    "no-json": [answer("200 OK", b'{"items": "' + _PAGE, _COOKIE)],
    "cut": [head("200 OK", "Content-Type: application/json", "Content-Length: 9000", _COOKIE), _PAGE],
    "gzip": [answer("200 OK", _PAGE, "Content-Encoding: gzip")],
    "head": [f"HTTP/1.1 200 OK\r\n{_COOKIE}\r\n{PERSON['citizen id']}{SECRETS['answer']}\r\n\r\n".encode()],
    "headers": [answer("200 OK", b"{}", *[f"X-{number}: {SECRETS['answer']}" for number in range(120)])],
    "reset": [RESET],
}
"""Failing systems by name, each with its own fault."""


@contextmanager
def aviary() -> Generator[Agency]:
    """Run all of these systems on one port, each below a path of its own."""

    def script(request: Asked) -> Play:
        name = request.target.strip("/").partition("/")[0].partition("?")[0]
        match name:
            case "elsewhere":
                return _elsewhere(request)
            case "desk":
                return _desk(request)
            case _:
                return PLAYS.get(name) or _page(request)

    with serving(script) as agency:
        yield agency
