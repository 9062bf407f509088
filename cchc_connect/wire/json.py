"""JSON from sources: strict reading within limits, and splitting of a listing into unread items.

Most items of a listing have not changed since the last time. Splitting a page costs a tenth of reading its items, and
the hash of an item's bytes shows whether it must be read.

What a strict reader refuses in one item (NaN, a lone surrogate, bytes that are no UTF-8, an enormous number) must not
affect the other items: a lenient reader then finds where each item starts and ends, without returning values. Nesting
depth and length of numbers are checked before reading, because they make it costly; an item's outermost object is its
first level.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import isfinite
from typing import Any, TypeAlias, cast

import jiter
import msgspec

from cchc_connect.wire.page_limits import DEFAULT_PAGE_LIMITS, PageLimits

MAX_DEPTH = 64
"""Maximum levels of nesting."""

MAX_NUMBER_LENGTH = 100
"""Maximum characters of a number; no real measurement has more."""

BOM = b"\xef\xbb\xbf"
"""Byte order mark of UTF-8."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_ALL_BYTES = frozenset(range(256))
_NO_OPENERS = bytes(_ALL_BYTES - set(b"[{"))
_NO_BRACKETS = bytes(_ALL_BYTES - set(b"[]{}"))
_DEPTH_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NUMBER_CHARACTERS = bytes(
    ord("e") if byte in b"eE" else ord("0") if byte in b"0123456789+-." else ord(" ") for byte in range(256)
)
"""Maps each byte to "e", to "0" where it may be part of a number, or to a space."""
_TOO_LONG_NUMBER = b"0" * (MAX_NUMBER_LENGTH + 1)
_TEXT_BOM = "\ufeff"
_SPACE = re.compile(r"[ \t\n\r]*")
_OBJECT_START = b"{"

Item: TypeAlias = Mapping[str, Any]
"""One wire item: a record as the source sends it, property name -> value. Only the adapter reads its properties."""


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
        return cast("Mapping[str, Any]", read_item(self.raw))

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


def split_members(body: bytes) -> Mapping[str, bytes] | None:
    """Return the members of a JSON object unread, by name; None where the body is no JSON object.

    `split_listing` goes further: it splits the list under one of these names into its items.
    """
    try:
        return cast("Mapping[str, bytes]", _MEMBERS_DECODER.decode(body.removeprefix(BOM)))
    except _SPLIT_ERRORS:
        return None


def split_listing(
    body: bytes, name: str, parts: Mapping[str, bytes] | None = None, limits: PageLimits = DEFAULT_PAGE_LIMITS
) -> Listing:
    """Return a listing with the items under `name` unread; a single object there is a list of one.

    Args:
        body: one JSON text.
        name: name of the list.
        parts: members of the body, where `split_members` was called already.
        limits: of the number of items, and of the bytes of one.

    Raises:
        ValueError: the body is no JSON text.
        PageTooLarge: there are too many items, one is too large, or there are too many objects beside them.
    """
    body = body.removeprefix(BOM)
    parts = split_members(body) if parts is None else parts
    try:
        part = memoryview((parts or {})[name])
        _require_item_sizes(part, limits)
        listed = bytes(part)
        raws = _listed_items(listed, limits)
    except (*_SPLIT_ERRORS, KeyError):
        return _split_leniently(body, name, limits)
    start = _start_of(listed, body)
    result = _listing(body[:start] + b"[]" + body[start + len(listed) :], raws, limits)
    # A list that is still there: the same bytes occurred before it, and those were replaced.
    return _split_leniently(body, name, limits) if result.document.get(name) else result


def _listed_items(listed: bytes, limits: PageLimits) -> list[bytes]:
    """Return the bytes of each item of a list whose items are not too large; a single object is a list of one.

    Raises:
        PageTooLarge: there are too many.
    """
    if _is_object(listed):
        return [listed]
    limits.require_listed_objects(listed)
    return list(map(bytes, _LIST_DECODER.decode(listed)))


def _require_item_sizes(listed: memoryview, limits: PageLimits) -> None:
    """Check the size of the largest item of a list, or of a single object, before anything of it is copied.

    Raises:
        PageTooLarge: it is too large.
    """
    if listed.nbytes > limits.max_item_bytes:
        items = [listed] if _is_object(bytes(listed[:1])) else _LIST_DECODER.decode(listed)
        limits.require_item_bytes(max((memoryview(item).nbytes for item in items), default=0))


def is_json(body: bytes) -> bool:
    """True if a body is one JSON text; its values are not read, so that one bad item does not affect the others.

    NaN, duplicate keys and lone surrogates are accepted here; reading the value that holds them fails.
    """
    try:
        _ANY_DECODER.decode(body.removeprefix(BOM))
    except _SPLIT_ERRORS:
        return _is_json_leniently(body)
    return True


def read_json(body: bytes) -> object:
    """Read `body` as strict JSON; a leading byte order mark is ignored.

    Raises:
        ValueError: no JSON text, a duplicate key, nesting deeper than `MAX_DEPTH`, a number longer than
            `MAX_NUMBER_LENGTH` or too large for a float, NaN or Infinity.
    """
    return _read_with_stdlib(body) if may_have_extreme_numbers(body) else read_item(body)


def read_item(raw: bytes) -> object:
    """Read one item as JSON, like `read_json` but without the check of numbers, which the codecs of fields make.

    Searching every item for extreme numbers takes a third of the time of reading it.

    Raises:
        ValueError: no JSON text, a duplicate key, nesting deeper than `MAX_DEPTH`, NaN or Infinity.
    """
    if is_too_deep(raw):
        raise ValueError("nested too deep")
    try:
        return jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys")
    except ValueError:  # it may still be JSON: a lone surrogate, a byte order mark
        return _read_with_stdlib(raw)


def is_too_deep(text: bytes) -> bool:
    """True if a JSON text is nested deeper than `MAX_DEPTH`."""
    if len(text.translate(None, _NO_OPENERS)) <= MAX_DEPTH:
        return False
    # Brackets in strings do not count. Removing every ][ does not change the maximum depth.
    outside = _STRING.sub(b"", text) if b"\\" in text else b"".join(text.split(b'"')[::2])
    brackets = outside.translate(None, _NO_BRACKETS).replace(b"][", b"").replace(b"}{", b"")
    if len(brackets.translate(None, _NO_OPENERS)) <= MAX_DEPTH:
        return False
    return any(depth > MAX_DEPTH for depth in accumulate(map(_DEPTH_STEPS.__getitem__, brackets)))


def may_have_extreme_numbers(text: bytes) -> bool:
    """True if a number may be longer than `MAX_NUMBER_LENGTH`, or has an exponent and so may overflow a float."""
    shapes = text.translate(_NUMBER_CHARACTERS)
    return _TOO_LONG_NUMBER in shapes or b"0e0" in shapes


def _read_with_stdlib(body: bytes) -> object:
    if is_too_deep(body):
        raise ValueError("nested too deep")
    return _STRICT_DECODER.decode(body.decode("utf-8-sig"))


def _listing(remainder: bytes, raws: Sequence[bytes], limits: PageLimits) -> Listing:
    limits.require_document(remainder)
    document = cast("dict[str, Any]", read_json(remainder))
    return Listing(document=document, items=[RawItem(raw) for raw in raws] if all(map(_is_object, raws)) else None)


def _start_of(part: bytes, body: bytes) -> int:
    """Return where `part` starts in `body`; a search for its head alone is faster than one for all of it."""
    head = part[:64]
    start = body.find(head)
    while not body.startswith(part, start):
        start = body.find(head, start + 1)
    return start


def _is_object(raw: bytes) -> bool:
    return raw.startswith(_OBJECT_START)


@dataclass(frozen=True)
class _SplitObject:
    """A JSON object separated from one of its lists."""

    remainder: bytes
    """The object with an empty list in place of the list."""
    elements: list[bytes]
    """The bytes of each element of the list."""


def _split_leniently(body: bytes, name: str, limits: PageLimits) -> Listing:
    """Return the listing of a body that msgspec cannot split: a value is no JSON (NaN), or there is no list."""
    split = _split_object(body, name)
    if split is not None:
        limits.require_items(len(split.elements))
        limits.require_item_bytes(max(map(len, split.elements), default=0))
        return _listing(split.remainder, split.elements, limits)
    limits.require_document(body)
    document = read_json(body)
    return Listing(document=cast("dict[str, Any]", document) if isinstance(document, dict) else {}, items=None)


def _is_json_leniently(body: bytes) -> bool:
    """True if `body` is one JSON text, where its values may be wrong."""
    try:
        _LENIENT_DECODER.decode(_text(body))
    except (ValueError, RecursionError):
        return False
    return True


def _split_object(body: bytes, name: str) -> _SplitObject | None:
    """Separate an object from its list `name`; a single object there is a list of one; None without such a list.

    Raises:
        ValueError: `body` is no JSON text, even if values may be wrong.
    """
    if not _is_json_leniently(body):
        raise ValueError("no JSON")
    text = _text(body)
    try:
        for member_name, start, end in _members(text):
            if member_name == name and text[start] in "[{":
                elements = list(_elements(text, start)) if text[start] == "[" else [text[start:end]]
                return _SplitObject(_bytes(text[:start] + "[]" + text[end:]), [_bytes(element) for element in elements])
    except RecursionError:
        raise ValueError("nested too deep") from None
    return None


def _members(text: str) -> Iterator[tuple[object, int, int]]:
    """Yield name, start and end of each member of an object; nothing where the text is no object."""
    at = _skip_space(text, 0)
    if text[at : at + 1] != "{":
        return
    at = _skip_space(text, at + 1)
    while text[at] != "}":
        name, at = _LENIENT_DECODER.raw_decode(text, at)
        start = _skip_space(text, _skip_space(text, at) + 1)
        _, end = _LENIENT_DECODER.raw_decode(text, start)
        yield name, start, end
        at = _next_start(text, end)


def _elements(text: str, at: int) -> Iterator[str]:
    """Yield the text of each element of the list that starts at `at`."""
    at = _skip_space(text, at + 1)
    while text[at] != "]":
        _, end = _LENIENT_DECODER.raw_decode(text, at)
        yield text[at:end]
        at = _next_start(text, end)


def _next_start(text: str, end: int) -> int:
    """Return where the next member starts, or where the closing bracket is."""
    at = _skip_space(text, end)
    return _skip_space(text, at + 1) if text[at] == "," else at


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape").removeprefix(_TEXT_BOM)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _ignore(_: object) -> None:
    """Accept a value and return None for it."""


def _unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return members


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _bounded_integer(digits: str) -> int:
    if len(digits) > MAX_NUMBER_LENGTH:
        raise ValueError("a number is too long")
    return int(digits)


def _bounded_fraction(digits: str) -> float:
    number = float(digits)
    if len(digits) > MAX_NUMBER_LENGTH or not isfinite(number):
        raise ValueError("a number is too long or too large")
    return number


_STRICT_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_members,
    parse_constant=_refuse_constant,
    parse_int=_bounded_integer,
    parse_float=_bounded_fraction,
)
_SPLIT_ERRORS = (msgspec.DecodeError, RecursionError)
_MEMBERS_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST_DECODER = msgspec.json.Decoder(list[msgspec.Raw])
_ANY_DECODER = msgspec.json.Decoder(msgspec.Raw)
_LENIENT_DECODER = json.JSONDecoder(
    parse_int=_ignore, parse_float=_ignore, parse_constant=_ignore, object_pairs_hook=_ignore
)
