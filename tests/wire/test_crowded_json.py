"""More values in one list or object than a page may have items are counted before any is made, in any text."""

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cchc_connect import HttpResponse, classify_rest
from cchc_connect.wire.codecs import as_list, as_object
from cchc_connect.wire.crowded_json import MAX_COUNTED_DEPTH, is_crowded
from cchc_connect.wire.page_limits import PageTooLarge
from tests.quick import few

pytestmark = pytest.mark.repeats

SCALARS = st.none() | st.booleans() | st.integers() | st.text(alphabet='a,"\\[]{}: é', max_size=6)
NAMES = st.text(alphabet='k,"\\{}[]', max_size=3)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(alphabet='k,"\\{}[]', max_size=3), inner, max_size=5)
    ),
    max_leaves=30,
)
MIB = 1024 * 1024


def largest(value: object, depth: int = 1) -> int:
    """Return the number of values of the largest list or object down to the counted depth."""
    members = as_object(value)
    parts = as_list(value) if members is None else list(members.values())
    if depth > MAX_COUNTED_DEPTH or (members is None and parts is not value):
        return 0
    return max([len(parts), *(largest(part, depth + 1) for part in parts)])


@given(document=DOCUMENTS, limit=st.integers(67, 72), indent=st.sampled_from([None, 1]), is_ascii=st.booleans())
def test_only_values_are_counted_whatever_texts_and_names_contain(
    document: Any, limit: int, indent: int | None, *, is_ascii: bool
) -> None:
    many = [document] * limit  # a list of at most 65 may be left out, it is below every limit
    text = json.dumps({"a": many, "b": document}, indent=indent, ensure_ascii=is_ascii).encode()

    assert is_crowded(text, limit) is (largest({"a": many, "b": document}) > limit)
    assert is_crowded(text, limit - 1)


@given(st.binary(max_size=200), st.integers(0, 70))
def test_any_bytes_are_counted(text: bytes, limit: int) -> None:
    assert is_crowded(text, limit) in {True, False}


@pytest.mark.parametrize("length", [256 * 1024 - 12, 256 * 1024 - 11, 256 * 1024 - 10, 256 * 1024, 600_000])
@pytest.mark.parametrize("sign", ["x", "\\", '"', ","])
def test_a_text_that_goes_on_in_the_next_block_is_one_text(length: int, sign: str) -> None:
    text = json.dumps({"a": sign * length, "b": [0] * 100}).encode()

    assert is_crowded(text, 99)
    assert not is_crowded(text, 100)


@pytest.mark.parametrize(
    "value", [b"{},", b"[],", b"0,", b'"",', b"null,", b'{"a":1},', b"[[]],", b"[1,2,3],", b'"\\"\\\\",']
)
@pytest.mark.parametrize("frame", few([b'{"features": [%s0]}', b"[%s0]", b'{"d": {"i": [%s0]}}'], 1))
@pytest.mark.parametrize("is_listing", [True, False])
def test_millions_of_tiny_values_cost_little_and_are_refused(value: bytes, frame: bytes, *, is_listing: bool) -> None:
    body = frame % (value * (4 * MIB // len(value)))
    response = HttpResponse(status=200, headers={"content-type": "application/json"}, body=body)
    tracemalloc.start()
    began = time.monotonic()

    classify_rest(response)
    with pytest.raises(PageTooLarge):
        _ = response.listing("features") if is_listing else response.json()

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * MIB
    assert time.monotonic() - began < 5


def test_a_geometry_of_many_points_is_no_crowd() -> None:
    ring = [[106.5 + number / 1e6, 10.5] for number in range(150_000)]
    feature = {"id": "p1", "geometry": {"type": "Polygon", "coordinates": [ring]}}
    body = json.dumps({"features": [feature]}).encode()
    response = HttpResponse(status=200, headers={}, body=body)

    assert not is_crowded(body, 100_000)
    assert response.json() == {"features": [feature]}
