"""JSON from sources: strict reading, and splitting of a listing into unread items.

Most items of a listing have not changed since the last time. Splitting a page costs a tenth of reading its items, and
the hash of an item's bytes shows whether it must be read.
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
_OBJECT_START = b"{"


class RawItem(Mapping[str, Any]):
    """One wire item: a mapping that is read from its bytes at each access.

    An access raises `ValueError` where the bytes are no strict JSON: a duplicate key, NaN, bad UTF-8.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        """Store the item's bytes."""
        self.raw = raw

    def read(self) -> Mapping[str, Any]:
        """Return the item, read again at each call: a page of read items needs ten times the memory.

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
        """Show only the size: items hold personal values."""
        return f"<item of {len(self.raw)} bytes>"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A response that lists items."""

    document: Mapping[str, Any] = field(repr=False)
    """The response with an empty list in place of the items."""
    items: Sequence[RawItem] | None
    """The items; None where the response has no list of objects under that name."""


def parts_of(body: bytes) -> Mapping[str, bytes] | None:
    """Return the members of a JSON object unread; None where the body is no JSON object."""
    try:
        return cast("Mapping[str, bytes]", _PARTS.decode(body.removeprefix(BOM)))
    except _UNSPLIT:
        return None


def listing(body: bytes, name: str, parts: Mapping[str, bytes] | None = None) -> Listing:
    """Return a listing with the items under `name` unread; a single object there is a list of one.

    Args:
        body: one JSON text.
        name: name of the list.
        parts: members of the body, where `parts_of` was called already.

    Raises:
        ValueError: the body is no JSON text.
    """
    body = body.removeprefix(BOM)
    parts = parts_of(body) if parts is None else parts
    try:
        listed = bytes((parts or {})[name])
        raws = [listed] if listed.startswith(_OBJECT_START) else [bytes(element) for element in _LIST.decode(listed)]
    except (*_UNSPLIT, KeyError):
        return _split_leniently(body, name)
    start = _start(listed, body)
    result = _listing(body[:start] + b"[]" + body[start + len(listed) :], raws)
    # A list that is still there: the same bytes occurred before it, and those were replaced.
    return _split_leniently(body, name) if result.document.get(name) else result


def is_json(body: bytes) -> bool:
    """True if a body is one JSON text; its values are not read, so that one bad item does not affect the others.

    NaN, duplicate keys and lone surrogates are accepted here; reading the value that holds them fails.
    """
    try:
        _ANY.decode(body.removeprefix(BOM))
    except _UNSPLIT:
        return is_almost_json(body)
    return True


def strict_json(body: bytes) -> object:
    """Read `body` as strict JSON; a leading byte order mark is ignored.

    Raises:
        ValueError: no JSON text, a duplicate key, nesting deeper than `DEEPEST`, a number longer than
            `LONGEST_NUMBER` or too large for a float, NaN or Infinity.
    """
    return _read_slowly(body) if may_hold_odd_numbers(body) else item_json(body)


def item_json(raw: bytes) -> object:
    """Read one item as JSON, like `strict_json` but without the check of numbers, which the codecs of fields make.

    Searching every item for odd numbers takes a third of the time of reading it.

    Raises:
        ValueError: no JSON text, a duplicate key, nesting deeper than `DEEPEST`, NaN or Infinity.
    """
    if is_too_deep(raw):
        raise ValueError("nested too deep")
    try:
        return jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys")
    except ValueError:  # it may still be JSON: a lone surrogate, a byte order mark
        return _read_slowly(raw)


def _read_slowly(body: bytes) -> object:
    if is_too_deep(body):
        raise ValueError("nested too deep")
    return _STRICT.decode(body.decode("utf-8-sig"))


def _listing(remainder: bytes, raws: Sequence[bytes]) -> Listing:
    document = cast("dict[str, Any]", strict_json(remainder))
    return Listing(document=document, items=[RawItem(raw) for raw in raws] if all(map(_is_object, raws)) else None)


def _split_leniently(body: bytes, name: str) -> Listing:
    """Return the listing of a body that msgspec cannot split: a value is no JSON (NaN), or there is no list."""
    parts = split(body, name)
    if parts is not None:
        return _listing(parts.rest, parts.elements)
    document = strict_json(body)
    return Listing(document=cast("dict[str, Any]", document) if isinstance(document, dict) else {}, items=None)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if len(digits) > LONGEST_NUMBER or not isfinite(number):
        raise ValueError("a number is too long or too large")
    return number


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_integer, parse_float=_fraction
)
_UNSPLIT = (msgspec.DecodeError, RecursionError)
_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_ANY = msgspec.json.Decoder(msgspec.Raw)


def _start(part: bytes, body: bytes) -> int:
    """Return where `part` starts in `body`; a search for its head alone is faster than one for all of it."""
    head = part[:64]
    start = body.find(head)
    while not body.startswith(part, start):
        start = body.find(head, start + 1)
    return start


def _is_object(raw: bytes) -> bool:
    return raw.startswith(_OBJECT_START)
