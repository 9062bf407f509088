"""Systems full of canaries, on loopback: in items, links, headers, cookies, pages for people and refusals."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from tests.canaries.birds import PERSON, SECRETS
from tests.transport.agency import RESET, Agency, Asked, Play, answer, head, serving

CODE = "000.00.00.H09-260701-0001"
REFUSED = "000.00.00.H09-260701-0002"

_COOKIE = f"Set-Cookie: t={SECRETS['cookie']}"
_ECHO = f"X-Echo: {SECRETS['answer']} {quote(PERSON['name'])} {PERSON['citizen id']}"
_PAGE = f"<html><body>{' '.join(PERSON.values())} {SECRETS['answer']}</body></html>".encode()
_LATER = "Retry-After: 3600"


def item(number: int, **changed: object) -> dict[str, Any]:
    """Return a dossier as these systems write it."""
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
"""Two are good; of the others each is faulty in a way of its own."""


def _page(asked: Asked) -> Play:
    if SECRETS["link"] in asked.target:
        return [_listing(ITEMS[4:], None)]
    place = asked.target.partition("?")[0]
    address = f"http://{asked.headers['host']}{place}?page=2&token={SECRETS['link']}&owner={quote(PERSON['name'])}"
    return [_listing(ITEMS[:4], address)]


def _listing(items: list[dict[str, Any]], following: str | None) -> bytes:
    body = json.dumps({"items": items, "next": following, "echo": SECRETS["answer"]}, ensure_ascii=False)
    return answer("200 OK", body.encode(), _COOKIE, _ECHO)


def _elsewhere(asked: Asked) -> Play:
    del asked
    address = f"http://canary:{SECRETS['user of a link']}@127.0.0.1:9/?token={SECRETS['link']}"
    return [_listing(ITEMS[:1], address)]


def _desk(asked: Asked) -> Play:
    """Give a session for a password, refuse a session once, and one dossier for good."""
    if asked.target.endswith("/login"):
        told = json.dumps({"session": SECRETS["session"], "name": PERSON["name"]}).encode()
        return [answer("200 OK", told, _COOKIE)]
    if REFUSED.encode() in asked.body:
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
"""Systems that fail, each in one way, by name."""


@contextmanager
def aviary() -> Generator[Agency]:
    """Run all of these systems behind one port, each below a path of its own."""

    def script(asked: Asked) -> Play:
        name = asked.target.strip("/").partition("/")[0].partition("?")[0]
        match name:
            case "elsewhere":
                return _elsewhere(asked)
            case "desk":
                return _desk(asked)
            case _:
                return PLAYS.get(name) or _page(asked)

    with serving(script) as agency:
        yield agency
