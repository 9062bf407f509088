"""Faults of JSON: an unreadable item among readable ones, and pages that are no JSON.

The fault is one more member in the first object of the first list of the good response; if there is no such list, in
the response itself.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, cast

from cchc_connect.errors import SourceHeld
from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.faults.fault import WireFault, response_head_of
from cchc_connect.testing.faults.response_scripts import KEEP_OPEN, ResponseScript

CORRUPT_MEMBER = "spoilt"
"""Name of the member that is added."""

_MARK = "\ue000"  # a private-use character, which no response contains
_BOM = b"\xef\xbb\xbf"


def _with_body(response: ServerResponse, body: bytes) -> ResponseScript:
    return [response_head_of(response, f"Content-Length: {len(body)}") + body, KEEP_OPEN]


def _with_member(value: bytes) -> Callable[[ServerResponse], ResponseScript]:
    """Return the script of a response whose first item has one more member, with the bytes `value`."""

    def script(response: ServerResponse) -> ResponseScript:
        document = json.loads(response.body)
        _first_item(document)[CORRUPT_MEMBER] = _MARK
        return _with_body(
            response, json.dumps(document, ensure_ascii=False).encode().replace(f'"{_MARK}"'.encode(), value)
        )

    return script


def _first_item(document: Any) -> dict[str, Any]:
    """Return the first object of the outermost list of objects; if there is none, the document."""
    level: list[Any] = [document]
    while level:
        for node in level:
            if isinstance(node, list) and node and isinstance(node[0], dict):
                return cast("list[dict[str, Any]]", node)[0]
        level = [child for node in level for child in _children(node)]
    if not isinstance(document, dict):
        raise TypeError("the good response holds no object that could get another member")
    return cast("dict[str, Any]", document)


def _children(node: Any) -> Iterable[Any]:
    """Return the values of an object or a list."""
    if isinstance(node, dict):
        return cast("dict[str, Any]", node).values()
    return cast("Iterable[Any]", node) if isinstance(node, list) else ()


def _item_fault(name: str, meaning: str, value: bytes) -> WireFault:
    return WireFault(name=name, meaning=meaning, expected_error=None, corrupts_item=True, script=_with_member(value))


def _ignored_fault(name: str, meaning: str, value: bytes) -> WireFault:
    """Return a fault of a value that is refused in a field and ignored outside the field map, as here."""
    return WireFault(name=name, meaning=meaning, expected_error=None, script=_with_member(value))


CORRUPT_ITEMS = (
    _item_fault("deep_json", "An item is nested a hundred deep.", b"[" * 100 + b"]" * 100),
    _item_fault("monstrous_integer", "An item holds a whole number of a hundred thousand digits.", b"9" * 100_000),
    _item_fault("nan", "An item holds NaN.", b"NaN"),
    _item_fault("infinity", "An item holds -Infinity.", b"-Infinity"),
    _item_fault("duplicate_keys", "An item names a key twice.", b'1, "%s": 2' % CORRUPT_MEMBER.encode()),
    _item_fault("duplicate_keys_in_disguise", "An item names a key twice, once escaped.", b'1, "\\u0073poilt": 2'),
    _item_fault("lone_surrogate", "An item holds half of a surrogate pair.", b'"\\ud800"'),
    _item_fault("bad_utf8", "An item holds bytes that are no UTF-8.", b'"\xc3("'),
)

UNUSUAL_JSON = (
    WireFault(
        name="bom",
        meaning="A byte order mark stands before the JSON.",
        expected_error=None,
        script=lambda response: _with_body(response, _BOM + response.body),
    ),
    WireFault(
        name="utf_16",
        meaning="The page is UTF-16 with a byte order mark.",
        expected_error=None,
        script=lambda response: _with_body(response, response.body.decode().encode("utf-16")),
    ),
    WireFault(
        name="utf_16_without_mark",
        meaning="The page is UTF-16 and nothing says so.",
        expected_error=None,
        script=lambda response: _with_body(response, response.body.decode().encode("utf-16-le")),
    ),
    _ignored_fault("giant_integer", "An item holds a whole number of 4,000 digits in an unmapped member.", b"9" * 4000),
    _ignored_fault(
        "giant_fraction", "An item holds a fraction of 4,000 digits in an unmapped member.", b"0." + b"1" * 4000
    ),
    _ignored_fault(
        "overflowing_number", "An item holds a number too large for a machine's in an unmapped member.", b"1e999"
    ),
    _ignored_fault("nul", "An item holds a text with NUL in it in an unmapped member.", b'"a\\u0000b"'),
)

INVALID_JSON = (
    WireFault(
        name="bottomless_json",
        meaning="The page is nested a hundred thousand deep.",
        expected_error=SourceHeld,
        script=lambda response: _with_body(response, b"[" * 100_000 + b"]" * 100_000),
    ),
    WireFault(
        name="half_a_json",
        meaning="The page ends in its middle and is as long as announced.",
        expected_error=SourceHeld,
        script=lambda response: _with_body(response, response.body[: len(response.body) // 2]),
    ),
    WireFault(
        name="two_jsons",
        meaning="The page is two JSON texts, one after the other.",
        expected_error=SourceHeld,
        script=lambda response: _with_body(response, response.body * 2),
    ),
    WireFault(
        name="half_of_utf_16",
        meaning="The page is UTF-16 and ends within a character.",
        expected_error=SourceHeld,
        script=lambda response: _with_body(response, response.body.decode().encode("utf-16")[:-1]),
    ),
    WireFault(
        name="nul_between",
        meaning="A NUL stands between the page's values.",
        expected_error=SourceHeld,
        script=lambda response: _with_body(response, response.body.replace(b": ", b":\x00", 1) + b"\x00"),
    ),
)
