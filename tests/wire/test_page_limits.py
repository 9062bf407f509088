"""A page of too many items, or with an item that is too large, is refused before anything is made of its items."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cchc_connect import HttpResponse
from cchc_connect.wire.json import split_listing
from cchc_connect.wire.page_limits import PageLimits, PageTooLarge
from tests.wire.test_json import OBJECTS

FEW = PageLimits(max_items=3, max_item_bytes=200)
MIB = 1024 * 1024


def listing(items: str) -> bytes:
    return f'{{"a": 1, "features": [{items}]}}'.encode()


@given(items=OBJECTS, brackets=st.text(alphabet='{}"\\[],', max_size=6))
def test_only_the_number_of_items_counts(items: list[Any], brackets: str) -> None:
    """Whatever braces and quotation marks their texts and members have."""
    items = [{**item, brackets: [{brackets: {}}]} for item in items]
    body = json.dumps({"features": items}).encode()
    limits = PageLimits(max_items=len(items) or 1)

    parsed = split_listing(body, "features", limits=limits)

    assert parsed.items is not None
    assert len(parsed.items) == len(items)
    if len(items) > 1:
        with pytest.raises(PageTooLarge):
            split_listing(body, "features", limits=PageLimits(max_items=len(items) - 1))


@pytest.mark.parametrize("items", ["{}, {}, {}, {}", '{"a": NaN}, {}, {}, {}'])
def test_a_page_of_too_many_items_is_refused(items: str) -> None:
    """Read strictly or leniently."""
    with pytest.raises(PageTooLarge) as refused:
        split_listing(listing(items), "features", limits=FEW)

    assert (refused.value.limit, refused.value.allowed) == ("items", 3)


@pytest.mark.parametrize("item", ['{"a": "%s"}', '{"a": "%s", "b": NaN}'])
@pytest.mark.parametrize("alone", [True, False])
def test_an_item_that_is_too_large_is_refused(item: str, *, alone: bool) -> None:
    large = item % ("x" * 300)
    body = f'{{"features": {large}}}'.encode() if alone else listing(f"{{}}, {large}")

    with pytest.raises(PageTooLarge) as refused:
        split_listing(body, "features", limits=FEW)

    assert (refused.value.limit, refused.value.allowed) == ("item_bytes", 200)


@pytest.mark.parametrize("read", [lambda response: response.listing("features"), lambda response: response.json()])  # pyright: ignore[reportUnknownLambdaType, reportUnknownMemberType, reportUnknownArgumentType]  # of any type
def test_three_million_empty_items_cost_no_more_than_their_bytes(read: Any) -> None:
    """Both where items stay unread and where the whole body is parsed; before, they took 40 times as much."""
    body = listing(",".join(["{}"] * 3_000_000))
    tracemalloc.start()

    with pytest.raises(PageTooLarge):
        read(HttpResponse(status=200, headers={}, body=body))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * len(body)


@pytest.mark.parametrize("listed", ["", '"items": [], ', '"items": [{"a": NaN}], '], ids=["none", "read", "leniently"])
def test_objects_beside_the_items_of_a_listing_are_counted_too(listed: str) -> None:
    """Whether it has a list of that name or not."""
    body = f'{{{listed}"other": [{", ".join(["[{}, {}]"] * 5)}]}}'.encode()

    with pytest.raises(PageTooLarge) as refused:
        split_listing(body, "items", limits=FEW)

    assert (refused.value.limit, refused.value.allowed) == ("objects", 9)
