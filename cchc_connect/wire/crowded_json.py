"""Crowded JSON: more values in one list or object than a page may have items, counted before any is made.

Three million numbers in 6 MB, or as many members of an object, need a hundred times that memory once they are values.
"""

import re
from collections.abc import Iterator

MAX_COUNTED_DEPTH = 3
"""Levels that are counted: a page, its list, and one level more; deeper down are the coordinates of one geometry."""

_BLOCK_BYTES = 256 * 1024
_NO_STRUCTURE = bytes(frozenset(range(256)) - set(b"[]{},"))
_SMALL = re.compile(rb"[\[{],{0,64}[\]}]")
_SMALL_LEVELS = 4
_OPENERS, _COMMA = frozenset(b"[{"), ord(",")


def is_crowded(text: bytes, limit: int) -> bool:
    """True if a list or an object of a JSON text, at most `MAX_COUNTED_DEPTH` deep, has more than `limit` values.

    Lists and objects of fewer than 66 values are not counted.

    >>> is_crowded(b'{"items": ["a,b,c", %b]}' % b",".join([b"1"] * 99), 100)
    False
    >>> is_crowded(b'{"items": [%b]}' % b",".join([b"1"] * 101), 100)
    True
    """
    if text.count(b",") < limit:
        return False
    depth, values = 0, [0] * (MAX_COUNTED_DEPTH + 1)
    for block in _structure(text):
        for sign in block:
            if sign == _COMMA:
                if 0 < depth <= MAX_COUNTED_DEPTH:
                    values[depth] += 1
                    if values[depth] > limit:
                        return True
            elif sign in _OPENERS:
                depth += 1
                if 0 < depth <= MAX_COUNTED_DEPTH:
                    values[depth] = 1
            else:
                depth -= 1
    return False


def string_parts(text: bytes) -> list[bytes]:
    r"""Return a JSON text split at the quotation marks of its strings, whose escaped marks are left out.

    >>> string_parts(rb'{"a\"b": 1}')
    [b'{', b'ab', b': 1}']
    """
    return text.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')


def _structure(text: bytes) -> Iterator[bytes]:
    """Yield the brackets and commas of a text outside its strings, block by block, without small lists and objects."""
    start, in_string = 0, False
    while start < len(text):
        end = min(start + _BLOCK_BYTES, len(text))
        while end < len(text) and text[end - 1 : end] == b"\\":  # not between a backslash and what it escapes
            end += 1
        parts = string_parts(text[start:end])
        block = b"".join(parts[in_string::2]).translate(None, _NO_STRUCTURE)
        for _ in range(_SMALL_LEVELS):
            block = _SMALL.sub(b"", block)
        yield block
        in_string ^= (len(parts) - 1) % 2 == 1
        start = end
