"""Listings are split without being read, and what is no strict JSON costs its own item only."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc_connect.wire_json import RawItem, is_json, listing

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(TEXT, VALUES, max_size=4), max_size=5)


@given(items=OBJECTS, rest=st.dictionaries(TEXT, VALUES, max_size=3), indent=st.sampled_from([None, 1]))
def test_a_listing_holds_what_its_body_says(items: list[Any], rest: dict[str, Any], indent: int | None) -> None:
    """Each item reads as it would have been read at once; the rest of the answer is there without them."""
    document = {**rest, "features": items}

    found = listing(json.dumps(document, ensure_ascii=False, indent=indent).encode(), "features")

    assert found.items is not None
    assert [dict(item.read()) for item in found.items] == items
    assert found.document == {**document, "features": []}


def test_a_lone_object_is_a_list_of_one() -> None:
    """Some systems write a list of one so."""
    found = listing(b'\xef\xbb\xbf{"data": {"a": 1}}', "data")

    assert [dict(item) for item in found.items or ()] == [{"a": 1}]


@pytest.mark.parametrize("body", [b'{"data": [1]}', b'{"data": "x"}', b'{"other": []}', b"[]", b"7"])
def test_what_lists_no_objects_is_no_listing(body: bytes) -> None:
    """Anything else in the list's place is told from an empty list."""
    assert listing(body, "data").items is None


@pytest.mark.parametrize("bad", [b'{"a": NaN}', b'{"a": 1, "a": 2}', b'{"a": "\\ud800", "a": 1}'])
def test_an_item_that_is_no_strict_json_leaves_the_others_readable(bad: bytes) -> None:
    """One bad item costs one item."""
    found = listing(b'{"data": [{"a": 1}, ' + bad + b"]}", "data")

    assert found.items is not None
    good, spoilt = found.items
    assert dict(good) == {"a": 1}
    if b"ud800" not in bad:
        with pytest.raises(ValueError, match=r"twice|not JSON"):
            spoilt.read()


@pytest.mark.parametrize("body", [b'{"data": [], "n": 1, "n": 2}', b'{"data": [}', b"<html>", b"", b"[" * 100_000])
def test_an_answer_that_is_no_strict_json_is_refused(body: bytes) -> None:
    """A key that stands twice beside the items, and whatever is no JSON at all."""
    with pytest.raises(ValueError, match=r".+"):
        listing(body, "data")


def test_an_item_shows_its_size_and_nothing_of_it() -> None:
    """Items hold personal values."""
    assert "Mẫu" not in repr(RawItem('{"hoTen": "Nguyễn Thị Mẫu"}'.encode()))


@pytest.mark.parametrize(("body", "expected"), [(b"{}", True), (b'{"a":', False), (b"[" * 100_000, False)])
def test_json_is_told_from_what_is_none(body: bytes, *, expected: bool) -> None:
    """Without reading a value."""
    assert is_json(body) is expected
