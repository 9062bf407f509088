"""Listings that never end though each of their pages is good, and pages that are mostly white space."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from cchc_connect.errors import SourceHeld
from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.faults.endless import endless
from cchc_connect.testing.faults.fault import WireFault, response_head_of
from cchc_connect.testing.faults.response_scripts import KEEP_OPEN, ResponseScript, chunk

_SPACE = b" \t\r\n" * 16 * 1024
_MUCH = 160
"""Blocks of white space in a page that is still below the limit of a body: 10 MiB."""
_TINY_BYTES = 9 * 1024 * 1024
_LARGE_BYTES = 31 * 1024 * 1024
_positions = count(1)


def _linked(response: ServerResponse, *, is_empty: bool) -> ResponseScript:
    """Return a good page, or one without items, that links to a next one in a member `next`."""
    document: dict[str, Any] = json.loads(response.body)
    items: dict[str, list[Any]] = (
        {name: [] for name, value in document.items() if isinstance(value, list)} if is_empty else {}
    )
    body = json.dumps(document | items | {"next": f"/parcels?offset={next(_positions)}"}).encode()
    return [response_head_of(response, f"Content-Length: {len(body)}") + body, KEEP_OPEN]


def _in_chunks(*first: bytes) -> Callable[[ServerResponse], Iterator[Any]]:
    def script(response: ServerResponse) -> Iterator[Any]:
        chunks = [chunk(part) for part in first]
        return endless(response_head_of(response, "Transfer-Encoding: chunked"), *chunks, repeated=chunk(_SPACE))

    return script


def _with_space(response: ServerResponse, *, position: int) -> ResponseScript:
    """Return a good page with much white space after its first `position` bytes."""
    body = response.body[:position] + _SPACE * _MUCH + response.body[position:]
    return [response_head_of(response, f"Content-Length: {len(body)}") + body, KEEP_OPEN]


def _complete(response: ServerResponse, body: bytes) -> ResponseScript:
    return [response_head_of(response, f"Content-Length: {len(body)}") + body, KEEP_OPEN]


def _crowded(value: bytes) -> Callable[[ServerResponse], ResponseScript]:
    """Return the script of a page whose list has as many times `value` as fit into 9 MiB."""
    return lambda response: _complete(response, b'{"items": [' + value * (_TINY_BYTES // len(value)) + b"0]}")


def _crowded_object(response: ServerResponse) -> ResponseScript:
    members = b",".join(b'"%x":0' % number for number in range(_TINY_BYTES // 10))
    return _complete(response, b'{"items": [], ' + members + b"}")


CROWDED_PAGES = (
    *(
        WireFault(name=name, meaning=meaning, expected_error=SourceHeld, script=_crowded(value))
        for name, meaning, value in (
            ("millions_of_empty_items", "A page of 9 MiB has three million empty items.", b"{},"),
            ("millions_of_numbers", "A page of 9 MiB has millions of numbers in place of items.", b"0,"),
            ("millions_of_empty_lists", "A page of 9 MiB has millions of empty lists in place of items.", b"[],"),
            ("millions_of_texts", "A page of 9 MiB has millions of empty texts in place of items.", b'"",'),
        )
    ),
    WireFault(
        name="millions_of_members",
        meaning="A page of 9 MiB has nearly a million members beside its items.",
        expected_error=SourceHeld,
        script=_crowded_object,
    ),
    WireFault(
        name="one_huge_item",
        meaning="A page has one item of 31 MiB.",
        expected_error=SourceHeld,
        script=lambda response: _complete(response, b'{"items": [{"id": "' + b"x" * _LARGE_BYTES + b'"}]}'),
    ),
)

ENDLESS_LISTINGS = (
    WireFault(
        name="endless_empty_pages",
        meaning="Each page is empty and links to the next one, with a growing position.",
        expected_error=SourceHeld,
        script=lambda response: _linked(response, is_empty=True),
    ),
    WireFault(
        name="endless_repeated_page",
        meaning="Each page holds the same items and links to the next one, with a growing position.",
        expected_error=SourceHeld,
        script=lambda response: _linked(response, is_empty=False),
    ),
)

WHITE_SPACE = (
    WireFault(
        name="endless_space_before_json",
        meaning="White space before the JSON never ends.",
        expected_error=SourceHeld,
        script=_in_chunks(),
    ),
    WireFault(
        name="endless_space_in_json",
        meaning="White space between two items never ends.",
        expected_error=SourceHeld,
        script=_in_chunks(b'{"items": [{"id": "p1"},'),
    ),
    WireFault(
        name="endless_text_in_json",
        meaning="A text in the JSON never ends.",
        expected_error=SourceHeld,
        script=_in_chunks(b'{"items": [{"id": "'),
    ),
    WireFault(
        name="much_space_before_json",
        meaning="Ten mebibytes of white space stand before the page.",
        expected_error=None,
        script=lambda response: _with_space(response, position=0),
    ),
    WireFault(
        name="much_space_in_json",
        meaning="Ten mebibytes of white space stand in the page.",
        expected_error=None,
        script=lambda response: _with_space(response, position=1),
    ),
)
