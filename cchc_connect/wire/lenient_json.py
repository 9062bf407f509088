"""Lenient splitting of listings: finds the bytes of each item even where one item is no strict JSON.

What a strict reader refuses in one item (NaN, a lone surrogate, bytes that are no UTF-8, an enormous number) must not
affect the other items. So a tolerant reader finds where each item starts and ends; it returns no values.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BOM = "\ufeff"
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True)
class Split:
    """A JSON object separated from one of its lists."""

    rest: bytes
    """The object with an empty list in place of the list."""
    elements: list[bytes]
    """The bytes of each element of the list."""


def is_almost_json(body: bytes) -> bool:
    """True if `body` is one JSON text, where its values may be wrong."""
    try:
        _SCANNER.decode(_text(body))
    except (ValueError, RecursionError):
        return False
    return True


def split(body: bytes, name: str) -> Split | None:
    """Separate an object from its list `name`; a single object there is a list of one; None without such a list.

    Raises:
        ValueError: `body` is no JSON text, even if values may be wrong.
    """
    if not is_almost_json(body):
        raise ValueError("no JSON")
    text = _text(body)
    try:
        for member_name, start, end in _members(text):
            if member_name == name and text[start] in "[{":
                elements = list(_elements(text, start)) if text[start] == "[" else [text[start:end]]
                return Split(_bytes(text[:start] + "[]" + text[end:]), [_bytes(element) for element in elements])
    except RecursionError:
        raise ValueError("nested too deep") from None
    return None


def _ignore(_: object) -> None:
    """Accept a value and return None for it."""


_SCANNER = json.JSONDecoder(parse_int=_ignore, parse_float=_ignore, parse_constant=_ignore, object_pairs_hook=_ignore)


def _members(text: str) -> Iterator[tuple[object, int, int]]:
    """Yield name, start and end of each member of an object; nothing where the text is no object."""
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        return
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = _SCANNER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, end = _SCANNER.raw_decode(text, start)
        yield name, start, end
        at = _next(text, end)


def _elements(text: str, at: int) -> Iterator[str]:
    """Yield the text of each element of the list that starts at `at`."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        _, end = _SCANNER.raw_decode(text, at)
        yield text[at:end]
        at = _next(text, end)


def _next(text: str, end: int) -> int:
    """Return where the next member starts, or where the closing bracket is."""
    at = _skip(text, end)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape").removeprefix(_BOM)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
