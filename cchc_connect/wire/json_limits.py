"""Limits for JSON from outside: nesting depth and length of numbers, checked before reading, which they make costly.

Depth counts from the text that is read: an item's outermost object is its first level. For a text that is no JSON the
result is undefined: its reader refuses it anyway.
"""

import re
from itertools import accumulate

DEEPEST = 64
"""Maximum levels of nesting."""

LONGEST_NUMBER = 100
"""Maximum characters of a number; no real measurement has more."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_ALL = frozenset(range(256))
_NO_OPENERS = bytes(_ALL - set(b"[{"))
_NO_BRACKETS = bytes(_ALL - set(b"[]{}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NUMBER_SHAPES = bytes(
    ord("e") if byte in b"eE" else ord("0") if byte in b"0123456789+-." else ord(" ") for byte in range(256)
)
"""Maps each byte to "e", to "0" where it may be part of a number, or to a space."""
_TOO_LONG = b"0" * (LONGEST_NUMBER + 1)


def is_too_deep(text: bytes) -> bool:
    """True if a JSON text is nested deeper than `DEEPEST`."""
    if len(text.translate(None, _NO_OPENERS)) <= DEEPEST:
        return False
    # Brackets in strings do not count. Removing every ][ does not change the maximum depth.
    outside = _STRING.sub(b"", text) if b"\\" in text else b"".join(text.split(b'"')[::2])
    brackets = outside.translate(None, _NO_BRACKETS).replace(b"][", b"").replace(b"}{", b"")
    if len(brackets.translate(None, _NO_OPENERS)) <= DEEPEST:
        return False
    return any(depth > DEEPEST for depth in accumulate(map(_STEPS.__getitem__, brackets)))


def may_hold_odd_numbers(text: bytes) -> bool:
    """True if a number may be longer than `LONGEST_NUMBER`, or has an exponent and so may overflow a float."""
    shapes = text.translate(_NUMBER_SHAPES)
    return _TOO_LONG in shapes or b"0e0" in shapes
