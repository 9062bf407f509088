"""How deep and how long JSON from strangers may be: looked at before anybody reads it, because reading is what hurts.

Depth counts from what is read: an item's own outermost object is its first level. Nothing here is said of what is no
JSON: its reader refuses it anyway.
"""

import re
from itertools import accumulate

DEEPEST = 64
"""Levels of nesting."""

LONGEST_NUMBER = 100
"""Characters of a number; no measure of this world has so many."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_ALL = frozenset(range(256))
_NO_OPENERS = bytes(_ALL - set(b"[{"))
_NO_BRACKETS = bytes(_ALL - set(b"[]{}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NUMBERS = bytes(ord("e") if one in b"eE" else ord("0") if one in b"0123456789+-." else ord(" ") for one in range(256))
_LONG = b"0" * (LONGEST_NUMBER + 1)


def is_too_deep(text: bytes) -> bool:
    """Say whether a JSON text is nested deeper than `DEEPEST`."""
    if len(text.translate(None, _NO_OPENERS)) <= DEEPEST:
        return False
    # What a text in quotes holds does not count. Then every ][ is left out: no place is less deep for that.
    outside = _STRING.sub(b"", text) if b"\\" in text else b"".join(text.split(b'"')[::2])
    brackets = outside.translate(None, _NO_BRACKETS).replace(b"][", b"").replace(b"}{", b"")
    if len(brackets.translate(None, _NO_OPENERS)) <= DEEPEST:
        return False
    return any(depth > DEEPEST for depth in accumulate(map(_STEPS.__getitem__, brackets)))


def may_hold_odd_numbers(text: bytes) -> bool:
    """Say whether a number may be longer than `LONGEST_NUMBER`, or written as a power that no number can hold."""
    written = text.translate(_NUMBERS)
    return _LONG in written or b"0e0" in written
