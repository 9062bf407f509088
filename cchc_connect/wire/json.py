"""JSON as it comes over the wire: read strictly, or split into items that nobody has read yet.

Most of what a source lists is what it listed last time. Splitting a page without reading its items costs a
tenth of reading them, and the hash of an item's bytes tells whether anybody has to.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, cast

import jiter
import msgspec

from cchc_connect.wire.json_limits import LONGEST_NUMBER, is_too_deep, may_hold_odd_numbers
from cchc_connect.wire.lenient_json import is_almost_json, split

BOM = b"\xef\xbb\xbf"
OPENED = b"{"


class RawItem(Mapping[str, Any]):
    """One wire item: a mapping that is read from its bytes when somebody first looks into it.

    Looking into it raises `ValueError` where the bytes are no strict JSON: a key twice, NaN, bad UTF-8.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        """Keep the item's bytes."""
        self.raw = raw

    def read(self) -> Mapping[str, Any]:
        """Return the item as it reads, anew each time: a page of items that stay read is ten times as large.

        Raises:
            ValueError: the bytes are no strict JSON object.
        """
        return cast("Mapping[str, Any]", item_json(self.raw))

    def __getitem__(self, name: str) -> Any:
        return self.read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.read())

    def __len__(self) -> int:
        return len(self.read())

    def __repr__(self) -> str:
        """Show the size only: items hold personal values."""
        return f"<item of {len(self.raw)} bytes>"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """An answer that lists items."""

    document: Mapping[str, Any] = field(repr=False)
    """The answer without its items: an empty list stands in their place."""
    items: Sequence[RawItem] | None
    """The items, None where there is no list of objects in that place."""


def parts_of(body: bytes) -> Mapping[str, bytes] | None:
    """Return the members of a JSON object unread; None where the body is none."""
    try:
        return cast("Mapping[str, bytes]", _PARTS.decode(body.removeprefix(BOM)))
    except _UNSPLIT:
        return None


def listing(body: bytes, name: str, parts: Mapping[str, bytes] | None = None) -> Listing:
    """Return an answer with the items under `name` unread; a lone object there is a list of one.

    Args:
        body: one JSON text.
        name: of the list.
        parts: the body's members, where they are known already.

    Raises:
        ValueError: the body is no JSON text.
    """
    body = body.removeprefix(BOM)
    parts = parts_of(body) if parts is None else parts
    try:
        listed = bytes((parts or {})[name])
        raws = [listed] if listed.startswith(OPENED) else [bytes(one) for one in _LIST.decode(listed)]
    except (*_UNSPLIT, KeyError):
        return _taken_apart(body, name)
    start = _start(listed, body)
    found = _listing(body[:start] + b"[]" + body[start + len(listed) :], raws)
    return _taken_apart(body, name) if found.document.get(name) else found  # the same stands elsewhere too


def is_json(body: bytes) -> bool:
    """Say whether a body is one JSON text; its values are not read, so that one bad item spoils no other.

    NaN, keys that stand twice and half of a surrogate pair are left to whoever reads the value they stand in.
    """
    try:
        _ANY.decode(body.removeprefix(BOM))
    except _UNSPLIT:
        return is_almost_json(body)
    return True


def strict_json(body: bytes) -> object:
    """Return `body` read as JSON; a leading byte order mark is passed over.

    Raises:
        ValueError: no JSON text, a key named twice, nesting deeper than `DEEPEST`, a number longer than
            `LONGEST_NUMBER` or too large to be held, NaN or Infinity.
    """
    return _carefully(body) if may_hold_odd_numbers(body) else item_json(body)


def item_json(raw: bytes) -> object:
    """Return one item read as JSON: `strict_json` but for numbers, which whoever reads a field looks at.

    To look at every character of every item for them takes a third of the time of reading it.
    """
    if is_too_deep(raw):
        raise ValueError("nested too deep")
    try:
        return jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys")
    except ValueError:  # it may still be JSON: half of a surrogate pair, a byte order mark
        return _carefully(raw)


def _carefully(body: bytes) -> object:
    if is_too_deep(body):
        raise ValueError("nested too deep")
    return _STRICT.decode(body.decode("utf-8-sig"))


def _listing(rest: bytes, raws: Sequence[bytes]) -> Listing:
    document = cast("dict[str, Any]", strict_json(rest))
    return Listing(document=document, items=[RawItem(raw) for raw in raws] if all(map(_is_object, raws)) else None)


def _taken_apart(body: bytes, name: str) -> Listing:
    """Return a listing of a body that msgspec does not split: some value is none (NaN), or nothing is listed."""
    parted = split(body, name)
    if parted is not None:
        return _listing(parted.rest, parted.elements)
    document = strict_json(body)
    return Listing(document=cast("dict[str, Any]", document) if isinstance(document, dict) else {}, items=None)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if len(digits) > LONGEST_NUMBER or not isfinite(number):
        raise ValueError("a number is too long or too large")
    return number


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_whole, parse_float=_fraction
)
_UNSPLIT = (msgspec.DecodeError, RecursionError)
_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_ANY = msgspec.json.Decoder(msgspec.Raw)


def _start(part: bytes, body: bytes) -> int:
    """Return where a long part begins; to look for all of it at once takes longer than to compare it."""
    head = part[:64]
    start = body.find(head)
    while not body.startswith(part, start):
        start = body.find(head, start + 1)
    return start


def _is_object(raw: bytes) -> bool:
    return raw.startswith(OPENED)
