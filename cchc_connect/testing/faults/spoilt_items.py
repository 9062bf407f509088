"""Faults of JSON: an item that cannot be read, among others that can; and a page that is no JSON at all.

The fault goes into the first object of the first list that the good answer holds, as one more member of
it; where there is no such list, into the answer itself.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, cast

from cchc_connect.errors import SourceHeld
from cchc_connect.testing.doubles.server import Reply
from cchc_connect.testing.faults.fault import WireFault, head_of
from cchc_connect.testing.faults.plays import KEEP, Play

MEMBER = "spoilt"
"""Name of the member that is added."""

_MARK = "\ue000"  # a private character: no answer holds it
_BOM = b"\xef\xbb\xbf"


def _given(reply: Reply, body: bytes) -> Play:
    return [head_of(reply, f"Content-Length: {len(body)}") + body, KEEP]


def _spoilt(value: bytes) -> Callable[[Reply], Play]:
    """Return the play that puts `value`, byte for byte, into an item."""

    def play(reply: Reply) -> Play:
        document = json.loads(reply.body)
        _spoilable(document)[MEMBER] = _MARK
        return _given(reply, json.dumps(document, ensure_ascii=False).encode().replace(f'"{_MARK}"'.encode(), value))

    return play


def _spoilable(document: Any) -> dict[str, Any]:
    """Return the first object of the first list of objects, looking from outside; else the document."""
    level: list[Any] = [document]
    while level:
        for place in level:
            if isinstance(place, list) and place and isinstance(place[0], dict):
                return cast("list[dict[str, Any]]", place)[0]
        level = [below for place in level for below in _below(place)]
    if not isinstance(document, dict):
        raise TypeError("the good answer holds no object that could be spoilt")
    return cast("dict[str, Any]", document)


def _below(place: Any) -> Iterable[Any]:
    """Return what stands in an object or a list."""
    if isinstance(place, dict):
        return cast("dict[str, Any]", place).values()
    return cast("Iterable[Any]", place) if isinstance(place, list) else ()


def _item(name: str, meaning: str, value: bytes) -> WireFault:
    return WireFault(name=name, meaning=meaning, becomes=None, spoils_item=True, play=_spoilt(value))


def _unheeded(name: str, meaning: str, value: bytes) -> WireFault:
    """Return a fault of a value that a reader refuses where it is a field's, and passes over where it is none's."""
    return WireFault(name=name, meaning=meaning, becomes=None, play=_spoilt(value))


SPOILT_ITEMS = (
    _item("deep_json", "An item is nested a hundred deep.", b"[" * 100 + b"]" * 100),
    _item("monstrous_integer", "An item holds a whole number of a hundred thousand digits.", b"9" * 100_000),
    _item("nan", "An item holds NaN.", b"NaN"),
    _item("infinity", "An item holds -Infinity.", b"-Infinity"),
    _item("duplicate_keys", "An item names a key twice.", b'1, "%s": 2' % MEMBER.encode()),
    _item("duplicate_keys_in_disguise", "An item names a key twice, once escaped.", b'1, "\\u0073poilt": 2'),
    _item("lone_surrogate", "An item holds half of a surrogate pair.", b'"\\ud800"'),
    _item("bad_utf8", "An item holds bytes that are no UTF-8.", b'"\xc3("'),
)

ODD_JSON = (
    WireFault(
        name="bom",
        meaning="A byte order mark stands before the JSON.",
        becomes=None,
        play=lambda reply: _given(reply, _BOM + reply.body),
    ),
    _unheeded("giant_integer", "An item holds a whole number of 4,000 digits where nobody looks.", b"9" * 4000),
    _unheeded("giant_fraction", "An item holds a fraction of 4,000 digits where nobody looks.", b"0." + b"1" * 4000),
    _unheeded("overflowing_number", "An item holds a number too large for a machine's where nobody looks.", b"1e999"),
    _unheeded("nul", "An item holds a text with NUL in it where nobody looks.", b'"a\\u0000b"'),
)

NO_JSON = (
    WireFault(
        name="bottomless_json",
        meaning="The page is nested a hundred thousand deep.",
        becomes=SourceHeld,
        play=lambda reply: _given(reply, b"[" * 100_000 + b"]" * 100_000),
    ),
    WireFault(
        name="half_a_json",
        meaning="The page ends in its middle and is as long as announced.",
        becomes=SourceHeld,
        play=lambda reply: _given(reply, reply.body[: len(reply.body) // 2]),
    ),
    WireFault(
        name="two_jsons",
        meaning="The page is two JSON texts, one after the other.",
        becomes=SourceHeld,
        play=lambda reply: _given(reply, reply.body * 2),
    ),
    WireFault(
        name="utf_16",
        meaning="The page is UTF-16.",
        becomes=SourceHeld,
        play=lambda reply: _given(reply, reply.body.decode().encode("utf-16")),
    ),
    WireFault(
        name="nul_between",
        meaning="A NUL stands between the page's values.",
        becomes=SourceHeld,
        play=lambda reply: _given(reply, reply.body.replace(b": ", b":\x00", 1) + b"\x00"),
    ),
)
