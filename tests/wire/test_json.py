"""Listings are split into unread items; an item that is no strict JSON fails alone."""

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest
from hypothesis import example, given, strategies as st

from cchc_connect.wire.json import BOM, RawItem, is_json, read_json, split_listing

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(TEXT, VALUES, max_size=4), max_size=5)


@given(items=OBJECTS, beside=st.dictionaries(TEXT, VALUES, max_size=3), indent=st.sampled_from([None, 1]))
def test_a_listing_holds_the_items_and_the_document_of_its_body(
    items: list[Any], beside: dict[str, Any], indent: int | None
) -> None:
    """Each item reads as if the body were read at once; the document is the body without the items."""
    document = {**beside, "features": items}

    parsed = split_listing(json.dumps(document, ensure_ascii=False, indent=indent).encode(), "features")

    assert parsed.items is not None
    assert [dict(item.read()) for item in parsed.items] == items
    assert parsed.document == {**document, "features": []}


def test_a_lone_object_is_a_list_of_one() -> None:
    """Some systems write a list of one as a lone object."""
    parsed = split_listing(b'\xef\xbb\xbf{"data": {"a": 1}}', "data")

    assert [dict(item) for item in parsed.items or ()] == [{"a": 1}]


@pytest.mark.parametrize("body", [b'{"data": [1]}', b'{"data": "x"}', b'{"other": []}', b"[]", b"7"])
def test_a_body_without_a_list_of_objects_has_no_items(body: bytes) -> None:
    """Any other value where the list should be is distinguished from an empty list."""
    assert split_listing(body, "data").items is None


BAD_ITEMS = [
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b'{"a": 1, "a": 2}',
    b'{"a": 1, "\\u0061": 2}',
    b'{"a": "\\ud800", "a": 1}',
    b'{"a": "\xff"}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}",
]


@pytest.mark.parametrize("bad", BAD_ITEMS)
def test_an_item_that_is_no_strict_json_leaves_the_others_readable(bad: bytes) -> None:
    """Only the bad item fails."""
    body = b'{"data": [{"a": 1}, ' + bad + b'], "next": null}'

    parsed = split_listing(body, "data")

    assert is_json(body)
    assert parsed.document == {"data": [], "next": None}
    assert parsed.items is not None
    good, spoilt = parsed.items
    assert dict(good) == {"a": 1}
    assert spoilt.raw == bad
    with pytest.raises(ValueError, match=r".+"):
        spoilt.read()


def test_the_list_is_taken_from_the_named_member_only() -> None:
    parsed = split_listing(b'{"twin": [{"a": 1}], "data": [{"a": 1}]}', "data")

    assert parsed.document == {"twin": [{"a": 1}], "data": []}


@pytest.mark.parametrize("number", ["9" * 101, "0." + "1" * 99, "1e999", "-1E+400", "9" * 5000])
def test_a_number_beside_the_items_that_is_too_large_is_refused(number: str) -> None:
    """Numbers inside an item are checked when the item is read."""
    with pytest.raises(ValueError, match=r"too l|too large"):
        split_listing(f'{{"data": [], "total": {number}}}'.encode(), "data")


@pytest.mark.parametrize("value", ["9" * 100, "-" + "9" * 99, "1e308", "[" * 63 + "]" * 63, '"' + "[" * 99 + '"'])
def test_a_value_just_within_the_limits_is_read(value: str) -> None:
    assert read_json(f"[{value}]".encode()) == [json.loads(value)]


TRICKY = st.sampled_from(["[", "]", "{", "}", '"', "\\", "\ud800", "\x00", "1e999", "9" * 120, "NaN", "é"]) | TEXT
NUMBERS = (
    st.integers()
    | st.floats(allow_nan=True)
    | st.integers(95, 105).map(lambda digits: int("9" * digits))
    | st.integers(290, 320).map(lambda power: f"#1e{power}")  # becomes a number when it is written
)
WILD = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.lists(TRICKY, max_size=3).map("".join),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TRICKY, inner, max_size=3),
    max_leaves=12,
)
BRACKETS = st.integers(55, 70).map(lambda depth: (b"[" * depth, b"]" * depth)) | st.just((b"", b""))
EDITS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 2), st.sampled_from([*'[]{}",:\\0e.-'])), max_size=2)


@given(value=WILD, brackets=BRACKETS, edits=EDITS, escaped=st.booleans(), bom=st.booleans())
@example(value=[], brackets=(b"", b""), edits=[], escaped=False, bom=True)
def test_strict_json_agrees_with_the_standard_library(
    value: object, brackets: tuple[bytes, bytes], edits: list[tuple[int, int, str]], *, escaped: bool, bom: bool
) -> None:
    """On JSON and on nearly valid JSON: both refuse, or both read the same value."""
    body = re.sub(rb'"#(1e[0-9]+)"', rb"\1", json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))
    for offset, removed, added in edits:
        start = offset % (len(body) + 1)
        body = body[:start] + added.encode() + body[start + removed :]
    body = (BOM if bom else b"") + brackets[0] + body + brackets[1]

    assert repr(outcome(read_json, body)) == repr(outcome(slowly, body))  # NaN equals nothing, -0.0 equals 0.0


@given(items=st.lists(st.dictionaries(TRICKY, WILD, max_size=3), max_size=3), edits=EDITS)
def test_a_listing_and_its_items_agree_with_the_whole(items: list[Any], edits: list[tuple[int, int, str]]) -> None:
    """Items read one by one equal the document read at once; unreadable ones raise ValueError and nothing else."""
    body = json.dumps({"data": items, "n": 1}).encode()
    for offset, removed, added in edits:
        start = offset % (len(body) + 1)
        body = body[:start] + added.encode() + body[start + removed :]
    document: Any = outcome(read_json, body)

    items_read = outcome(lambda text: [dict(item.read()) for item in split_listing(text, "data").items or ()], body)

    match document:
        case {"data": [*members]} if set(map(type, members)) <= {dict}:
            assert items_read == members
            assert is_json(body)
        case _:
            assert items_read is ValueError or isinstance(items_read, list)


def outcome(read: Callable[[bytes], object], body: bytes) -> object:
    try:
        return read(body)
    except ValueError:
        return ValueError


def slowly(body: bytes) -> object:
    """Read with the standard library, with each rule of strict JSON spelt out."""

    def number(kind: type[int | float]) -> Callable[[str], int | float]:
        def read(digits: str) -> int | float:
            if len(digits) > 100 or math.isinf(float(digits)):
                raise ValueError("number")
            return kind(digits)

        return read

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("twice")
        return dict(pairs)

    def constant(name: str) -> object:
        raise ValueError(name)

    value = json.loads(
        body.decode("utf-8-sig"),
        parse_int=number(int),
        parse_float=number(float),
        parse_constant=constant,
        object_pairs_hook=members,
    )
    if depth(value) > 64:
        raise ValueError("deep")
    return value


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, cast("dict[str, object]", value).values()), default=0)
    return 1 + max(map(depth, cast("Iterable[object]", value)), default=0) if isinstance(value, list) else 0


@pytest.mark.parametrize("body", [b'{"data": [], "n": 1, "n": 2}', b'{"data": [}', b"<html>", b"", b"[" * 100_000])
def test_a_body_that_is_no_strict_json_is_refused(body: bytes) -> None:
    """A body with a repeated key beside the items, or that is no JSON at all."""
    with pytest.raises(ValueError, match=r".+"):
        split_listing(body, "data")


def test_the_repr_of_an_item_shows_none_of_its_values() -> None:
    """Items hold personal data."""
    assert "Mẫu" not in repr(RawItem('{"hoTen": "Nguyễn Thị Mẫu"}'.encode()))


@pytest.mark.parametrize(("body", "expected"), [(b"{}", True), (b'{"a":', False), (b"[" * 100_000, False)])
def test_is_json_recognises_json(body: bytes, *, expected: bool) -> None:
    """Without reading a value."""
    assert is_json(body) is expected
