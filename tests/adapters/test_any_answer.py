"""For any response an adapter returns a page or holds the source; any item is translated or refused."""

import copy
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cchc_connect import Adapter, HttpResponse, Page, PageRequest, Source, SourceHeld, Unreadable, Verdict
from cchc_connect.wire import codecs
from cchc_schemas import RecordInvalid
from tests.adapters import (
    test_arcgis,
    test_binh_duong_permits,
    test_national_portal,
    test_ogc_features,
    test_opencps,
)
from tests.adapters.layer_server import works_feature
from tests.adapters.wire import json_response
from tests.quick import scaled

pytestmark = pytest.mark.repeats

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["", "0", "True", "1.234,5", "27/09/2021", "20210927131500", "25747.0", "ODT+CLN", "9" * 30])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)

LAND, DEPARTMENT = test_ogc_features.server(), test_binh_duong_permits.department()
PARCEL_LAYER, WORKS_LAYER = test_arcgis.parcels(), test_arcgis.works()
DESK, PORTAL = test_opencps.site(), test_national_portal.portal()
ITEMS: Sequence[tuple[Source, dict[str, Any]]] = (
    (LAND.sources[0], test_ogc_features.FEATURE),
    (DEPARTMENT.sources[0], test_binh_duong_permits.PERMIT),
    (DEPARTMENT.sources[1], test_binh_duong_permits.WORKS),
    (PARCEL_LAYER.sources[0], dict(test_arcgis.PARCEL)),
    (WORKS_LAYER.sources[0], {"attributes": dict(works_feature(1, 1).attributes), "edited": 1}),
    (DESK.sources[0], test_opencps.ITEM),
    (DESK.sources[1], test_opencps.ITEM),
    (PORTAL.sources[0], test_national_portal.DETAIL),
)
ADAPTERS: Sequence[Adapter] = (LAND, DEPARTMENT, PARCEL_LAYER, DESK, PORTAL)
limited_examples = settings(max_examples=scaled(40))
"""Applies to each source and each adapter."""

NEVER_REPLACED = {"attributes"}
"""Members that every item has: a page without them is refused."""


def paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every value in a document."""
    own_path = [path] if path and path[-1] not in NEVER_REPLACED else []
    members: list[tuple[str | int, Any]] = [*(codecs.as_object(value) or {}).items()]
    rows = codecs.as_list(value)
    if rows is value:
        members.extend(enumerate(rows))
    return own_path + [inner for name, member in members for inner in paths(member, (*path, name))]


def replaced(document: Any, path: tuple[str | int, ...], value: object) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value


@pytest.mark.parametrize(("source", "sample"), ITEMS)
@limited_examples
@given(draws=st.data())
def test_an_item_is_read_or_refused_whatever_stands_in_it(
    source: Source, sample: dict[str, Any], draws: st.DataObject
) -> None:
    item = copy.deepcopy(sample)
    path = draws.draw(st.sampled_from(paths(sample)))
    replaced(item, path, draws.draw(JSON))

    fields, key = source.translate(item), source.key(item)
    with suppress(RecordInvalid):
        assert source.record_type.read(fields).record.key
    assert isinstance(key, str)
    assert isinstance(source.changed_at(item), datetime | Unreadable | None)


@pytest.mark.parametrize("source", [source for source, _ in ITEMS])
@limited_examples
@given(document=JSON)
def test_an_answer_is_a_page_or_holds_the_source(source: Source, document: object) -> None:
    conversation = source.fetch(PageRequest(since=None, page_token=None))
    next(conversation)

    with pytest.raises((StopIteration, SourceHeld)) as ended:
        conversation.send(json_response(document))

    if isinstance(ended.value, StopIteration):
        assert isinstance(ended.value.value, Page)


ODD_BODIES = (
    st.sampled_from(
        [b"", b" ", b"\xff", b"<html></html>", b"OK", b"null", b"[]", b"{}", b'{"a":1,"a":2}', b'{"items":']
    )
    | st.binary(max_size=20)
    | JSON.map(lambda document: json.dumps(document).encode())
)
ODD_TYPES = st.sampled_from(["", "application/json", "text/plain; charset=utf-16", "text/html", "text/xml"])
ODD_STATUSES = st.sampled_from([200, 201, 202, 203, 204, 205, 206, 207, 226, 304, 400, 404, 409, 429, 500, 503])


@pytest.mark.parametrize(
    ("adapter", "source"), [(adapter, source) for adapter in ADAPTERS for source in adapter.sources]
)
@limited_examples
@given(status=ODD_STATUSES, body=ODD_BODIES, content_type=ODD_TYPES)
def test_an_odd_answer_is_a_page_or_holds_the_source_and_is_no_fault_of_the_adapter(
    adapter: Adapter, source: Source, status: int, body: bytes, content_type: str
) -> None:
    response = HttpResponse(status=status, headers={"content-type": content_type}, body=body)
    conversation = source.fetch(PageRequest(since=None, page_token=None))
    request = next(conversation)
    try:
        verdict = adapter.dialect.classify(response)
    except ValueError:  # the transport calls that UNKNOWN
        return
    for _ in range(3):  # an adapter may ask again
        if verdict not in request.accepted_verdicts:
            return
        try:
            request = conversation.send(response.with_verdict(verdict))
        except (StopIteration, SourceHeld):
            return


@pytest.mark.parametrize("adapter", ADAPTERS)
@limited_examples
@given(document=JSON, status=st.sampled_from([200, 203, 401, 403, 404, 500]))
def test_every_answer_has_a_verdict_and_only_an_ordinary_one_is_good(
    adapter: Adapter, document: object, status: int
) -> None:
    verdict = adapter.dialect.classify(json_response(document, status=status))

    assert isinstance(verdict, Verdict)
    assert verdict is not Verdict.OK or status == 200
