"""Almost JSON, taken apart without being believed: a listing with one bad item is still a listing.

What strict readers refuse in one item (NaN, half of a surrogate pair, bytes that are no UTF-8, a monstrous number) must
not spoil the others, so the places of the items are found by a reader that lets all that pass; it gives no
values away, only where they stand.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BOM = "\ufeff"
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True)
class Split:
    """A JSON object whose one list was taken out."""

    rest: bytes
    """The object with an empty list in its place."""
    elements: list[bytes]
    """What stood in the list, each byte for byte."""


def is_almost_json(body: bytes) -> bool:
    """Say whether `body` is one JSON text but for what stands in its values."""
    try:
        _PLACES.decode(_text(body))
    except (ValueError, RecursionError):
        return False
    return True


def split(body: bytes, name: str) -> Split | None:
    """Return an object parted from its list `name`, a lone object there being a list of one; None without such a list.

    Raises:
        ValueError: `body` is not even almost JSON.
    """
    if not is_almost_json(body):
        raise ValueError("no JSON")
    text = _text(body)
    try:
        for found, start, end in _members(text):
            if found == name and text[start] in "[{":
                elements = list(_elements(text, start)) if text[start] == "[" else [text[start:end]]
                return Split(_bytes(text[:start] + "[]" + text[end:]), [_bytes(element) for element in elements])
    except RecursionError:
        raise ValueError("nested too deep") from None
    return None


def _unread(_: object) -> None:
    """Let a value pass without making anything of it."""


_PLACES = json.JSONDecoder(parse_int=_unread, parse_float=_unread, parse_constant=_unread, object_pairs_hook=_unread)


def _members(text: str) -> Iterator[tuple[object, int, int]]:
    """Yield name, beginning and end of each member of an object; nothing where the text is none."""
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        return
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = _PLACES.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, end = _PLACES.raw_decode(text, start)
        yield name, start, end
        at = _next(text, end)


def _elements(text: str, at: int) -> Iterator[str]:
    """Yield each element of the list that begins at `at`."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        _, end = _PLACES.raw_decode(text, at)
        yield text[at:end]
        at = _next(text, end)


def _next(text: str, end: int) -> int:
    """Return where the next member begins, or where their end is."""
    at = _skip(text, end)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape").removeprefix(_BOM)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
