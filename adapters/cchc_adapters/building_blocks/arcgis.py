"""Read a layer of ArcGIS Server page by page, whatever its version.

Source: Esri's documentation of the map service "query" operation; errors and limits observed at a Koop server and in
answers of servers from 10.0 on. The layer's description is requested first: the server silently cuts a page to its
`maxRecordCount`, and only the description tells how the layer can be read:

- by offset (10.3 and later), in the order of the object id;
- at once, if the whole layer fits into one page;
- by windows of object ids: all ids are asked for, which no server limits, and then one window of them after the other;
- by the object id of the last feature, in the order of the ids, if the server does not list them.

Object ids are not keys: they change whenever the layer is rebuilt.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self, cast

from cchc_adapters.building_blocks.arcgis_answers import is_refusal, unless_refused
from cchc_adapters.building_blocks.arcgis_layers import Layer, LayerDescription, layer_description, narrowed
from cchc_adapters.building_blocks.arcgis_names import name_as_written
from cchc_adapters.building_blocks.arcgis_times import changed_since
from cchc_connect import Conversation, HttpRequest, Item, Page, PageRequest, SourceHeld, Verdict
from cchc_connect.wire import codecs

MAX_WINDOWS = 300
"""Most windows of object ids that a page token names; then the ids are asked for again."""


class _Walk(StrEnum):
    """How a layer is read page by page."""

    OFFSET = "offset"
    WINDOWS = "windows"
    LAST_ID = "last_id"


@dataclass(frozen=True, kw_only=True)
class _Position:
    """Next page of a layer; as text it is the engine's page token."""

    walk: _Walk
    where: str
    object_id: str
    size: int
    """Features per page."""
    size_is_sure: bool = True
    """Whether the server says that it gives that many: then a shorter page is the last one."""
    count: int | None = None
    """Number of features as the server counted them."""
    at: int = 0
    """Number of features to skip, or the object id of the last feature."""
    bounds: tuple[int, ...] = ()
    """First object id of each window, and the id after the last window."""
    edited: str = ""
    """Field in which the layer notes its edits, if it is to be read."""

    def __str__(self) -> str:
        return json.dumps([*vars(self).values()], separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Self:
        walk, where, object_id, size, size_is_sure, count, at, bounds, edited = json.loads(text)
        return cls(
            walk=_Walk(walk),
            where=where,
            object_id=object_id,
            size=size,
            size_is_sure=size_is_sure,
            count=count,
            at=at,
            bounds=tuple(bounds),
            edited=edited,
        )

    @property
    def ordered_by_id(self) -> Mapping[str, str]:
        """Parameters that put the features in the order of their ids."""
        return {"orderByFields": self.object_id}

    def narrowed(self, condition: str) -> str:
        """Return the condition on the features to read, with `condition` added to it."""
        return narrowed(self.where, condition)


@dataclass(frozen=True)
class _FeatureSet:
    """The features of one response."""

    features: Sequence[Item]
    as_written: Sequence[Item]
    """Attributes of each feature with the server's names."""
    announces_more: bool
    """Whether the server says that it left features out; servers before 10.3.1 never say so."""

    def object_ids(self, name: str) -> list[int | None]:
        """Return the object id of each feature; None for a feature without."""
        ids = list[int | None]()
        for attributes in self.as_written:
            ids.append(_object_id(attributes.get(name_as_written(name, attributes, {}) or "")))
        return ids


def layer_page(page_request: PageRequest, layer: Layer) -> Conversation[Page]:
    """Request one page of a layer's features.

    Raises:
        SourceHeld: there is no way to read the whole layer, the response is not a page of features, or its coordinates
            are in another reference system.
    """
    if page_request.page_token is None:
        return (yield from _first_page(layer, page_request.since))
    position = _Position.parse(page_request.page_token)
    layer = replace(layer, where=position.where, edited=position.edited)
    if layer.coded and not layer.domains:
        yield from _described(layer)
    if position.walk is _Walk.OFFSET:
        feature_set = yield from _features(layer, _offset_query(layer, position))
        return _page_by_offset(position, feature_set)
    if position.walk is _Walk.WINDOWS:
        return (yield from _page_by_windows(layer, position))
    return (yield from _page_by_last_id(layer, position, is_first=False))


def _described(layer: Layer) -> Conversation[LayerDescription]:
    """Ask the layer for its description, and note its domains.

    Raises:
        SourceHeld: it is no layer.
    """
    response = yield HttpRequest(method="GET", path=layer.path, params={"f": "json"})
    description = layer_description(response.json())
    if description is None:
        raise SourceHeld("arcgis.no_layer")
    layer.domains.update({name: description.coded_field(name) for name in layer.coded})
    return description


def _first_page(layer: Layer, since: datetime | None) -> Conversation[Page]:
    """Return the first page, read in whatever way the layer can be read."""
    description = yield from _described(layer)
    layer = replace(layer, edited=description.edit_date or "" if layer.reads_edits else "")
    if since is not None and (layer.changed_column or layer.edited):
        changed = changed_since(description, layer.changed_column or layer.edited, since)
        layer = replace(layer, where=narrowed(layer.where, changed))
    count = yield from _count(layer, layer.where)
    position = _Position(
        walk=_Walk.OFFSET,
        where=layer.where,
        object_id=description.object_id or "",
        size=min(layer.page_size, description.max_page_size or layer.page_size),
        size_is_sure=description.max_page_size is not None,
        count=count,
        edited=layer.edited,
    )
    page: Page | None
    if description.pages_by_offset and not position.object_id:
        name, _ = yield from _object_ids(layer, layer.where)
        position = replace(position, object_id=name)
    if description.pages_by_offset and position.object_id:
        feature_set = yield from _features_unless_refused(layer, _offset_query(layer, position))
        if feature_set is not None:
            return replace(_page_by_offset(position, feature_set), total=count)
    if count is not None and count <= position.size:
        page = yield from _whole_layer(layer, count)
        if page is not None:
            return page
    return (yield from _first_page_by_id(layer, description, position))


def _first_page_by_id(layer: Layer, description: LayerDescription, position: _Position) -> Conversation[Page]:
    """Return the first page of a layer that does not page by offset."""
    name, ids = yield from _object_ids(layer, layer.where)
    position, count = replace(position, object_id=position.object_id or name), position.count
    page: Page | None
    if ids is not None and position.object_id:
        page = yield from _page_by_windows(layer, _planned(position, ids, position.size))
        return replace(page, total=max(len(ids), count or 0))
    if count is not None and count <= (description.max_page_size or 0):
        page = yield from _whole_layer(layer, count)
        if page is not None:
            return page
    if not position.object_id or not description.orders:
        raise SourceHeld("arcgis.no_paging")
    page = yield from _page_by_last_id(layer, replace(position, walk=_Walk.LAST_ID), is_first=True)
    return replace(page, total=count)


def _whole_layer(layer: Layer, count: int) -> Conversation[Page | None]:
    """Return the only page of a small layer; None if the server does not give all its features at once."""
    feature_set = yield from _features(layer, layer.features_query(layer.where))
    if feature_set.announces_more or len(feature_set.features) < count:
        return None
    return Page(items=feature_set.features, next_page_token=None, total=count)


def _offset_query(layer: Layer, position: _Position) -> HttpRequest:
    window = {"resultOffset": str(position.at), "resultRecordCount": str(position.size)}
    return layer.features_query(position.where, **position.ordered_by_id, **window)


def _page_by_offset(position: _Position, feature_set: _FeatureSet) -> Page:
    """Return a page of a layer that pages by offset.

    A page may be the last one without proof: then the next one is asked for all the same.
    """
    shown = len(feature_set.features)
    following = position.at + (shown or position.size)  # an empty page may say that there is more
    is_short = shown < position.size and (position.size_is_sure or position.count is not None)
    is_counted_out = position.count is None or following >= position.count
    is_last = not feature_set.announces_more and (shown == 0 or (is_short and is_counted_out))
    return Page(
        items=feature_set.features,
        next_page_token=None if is_last else str(replace(position, at=following)),
        next_is_probe=not is_last and not feature_set.announces_more,
    )


def _page_by_windows(layer: Layer, position: _Position) -> Conversation[Page]:
    """Return the features of the first window of object ids.

    Fewer features than a window has ids were deleted meanwhile, or the server cut the page. Then the ids of the window
    are asked for again, and if there are more of them than came, the windows are made smaller.
    """
    while len(position.bounds) > 1:
        first, end = position.bounds[:2]
        window = position.narrowed(f"{position.object_id} >= {first} AND {position.object_id} <= {end - 1}")
        feature_set = yield from _features(layer, layer.features_query(window))
        ids = feature_set.object_ids(position.object_id)
        items = [
            item for item, number in zip(feature_set.features, ids, strict=True) if _is_between(number, first, end)
        ]
        if feature_set.announces_more or len(items) < position.size:
            _, present = yield from _object_ids(layer, window)
            if feature_set.announces_more if present is None else _lacks(ids, present):
                position = yield from _with_smaller_windows(layer, position, len(items))
                continue
        following = replace(position, bounds=position.bounds[1:])
        if len(following.bounds) == 1 and following.bounds[0] <= position.at:
            following = yield from _with_windows(layer, position, following.bounds[0], position.size)
        return Page(items=items, next_page_token=str(following) if len(following.bounds) > 1 else None)
    return Page(items=[], next_page_token=None)


def _with_smaller_windows(layer: Layer, position: _Position, shown: int) -> Conversation[_Position]:
    """Return the position with windows that the server may give whole: of the first one it gave `shown` features.

    Few of them show its limit. If nearly all came, a feature may be one that it never gives: then halves find it soon.

    Raises:
        SourceHeld: it does not even give a single feature.
    """
    if position.size == 1:
        raise SourceHeld("arcgis.cut_off")
    is_limit = 0 < shown <= position.size * 3 // 4
    size = shown if is_limit else position.size // 2
    return (yield from _with_windows(layer, position, position.bounds[0], size))


def _with_windows(layer: Layer, position: _Position, first: int, size: int) -> Conversation[_Position]:
    """Return the position with windows of `size` object ids, of those that are at least `first`."""
    _, ids = yield from _object_ids(layer, position.narrowed(f"{position.object_id} >= {first}"))
    return _planned(position, ids or [], size)


def _planned(position: _Position, ids: Sequence[int], size: int) -> _Position:
    """Return a position with windows of `size` of the object ids, as many as a page token may name."""
    bounds = (*ids[::size], ids[-1] + 1) if ids else ()
    return replace(position, walk=_Walk.WINDOWS, size=size, bounds=bounds[: MAX_WINDOWS + 1], at=ids[-1] if ids else 0)


def _page_by_last_id(layer: Layer, position: _Position, *, is_first: bool) -> Conversation[Page]:
    """Return the features that follow the last one in the order of the object ids; the empty page is the last one.

    Raises:
        SourceHeld: the server does not put them in that order, or says that there are more and gives none.
    """
    condition = position.where if is_first else position.narrowed(f"{position.object_id} > {position.at}")
    feature_set = yield from _features(layer, layer.features_query(condition, **position.ordered_by_id))
    ids = [number for number in feature_set.object_ids(position.object_id) if number is not None]
    if len(ids) < len(feature_set.features) or ids != sorted(ids):
        raise SourceHeld("arcgis.no_paging")
    if not ids and feature_set.announces_more:
        raise SourceHeld("arcgis.cut_off")
    following = replace(position, at=ids[-1]) if ids else None
    return Page(items=feature_set.features, next_page_token=str(following) if following else None)


def _features(layer: Layer, request: HttpRequest) -> Conversation[_FeatureSet]:
    """Ask for features.

    Raises:
        SourceHeld: the response is not a page of features.
    """
    response = yield request
    return _feature_set(layer, codecs.as_object(response.json()) or {})


def _features_unless_refused(layer: Layer, request: HttpRequest) -> Conversation[_FeatureSet | None]:
    """Ask for features in a way that a server may refuse with an error object; return None if it does."""
    response = yield replace(request, accepted_verdicts=frozenset({Verdict.OK, Verdict.INVALID}))
    if response.verdict is Verdict.INVALID and is_refusal(response):
        return None
    return _feature_set(layer, codecs.as_object(response.json()) or {})


def _feature_set(layer: Layer, content: Item) -> _FeatureSet:
    features = codecs.as_objects(content.get("features"))
    if features is None or any(codecs.as_object(feature.get("attributes")) is None for feature in features):
        raise SourceHeld("arcgis.no_features")
    if any(feature.get("geometry") for feature in features) and layer.is_contradicted(content.get("spatialReference")):
        raise SourceHeld("arcgis.other_crs", wanted=layer.crs)
    marks = {mark: True for mark in ("hasZ", "hasM") if content.get(mark) is True}
    dated = [layer.dated(feature) for feature in features]
    as_written = [feature["attributes"] for feature in features]
    renamed = layer.names.renamed(dated, content)
    completed = [
        layer.completed(feature, marks, attributes) for feature, attributes in zip(renamed, as_written, strict=True)
    ]
    return _FeatureSet(completed, as_written, codecs.flag(content.get("exceededTransferLimit")) is True)


def _count(layer: Layer, where: str) -> Conversation[int | None]:
    """Return the number of features as the server counts them; None if it refuses to."""
    document = yield from unless_refused(layer.query(where, returnCountOnly="true"))
    count = codecs.whole_number((document or {}).get("count"))
    return count if isinstance(count, int) and count >= 0 else None


def _object_ids(layer: Layer, where: str) -> Conversation[tuple[str, list[int] | None]]:
    """Return the name of the object id, "" if it is not told, and all ids in order; None if the server lists none."""
    document = (yield from unless_refused(layer.query(where, returnIdsOnly="true"))) or {}
    name = document.get("objectIdFieldName")
    listed: object = document.get("objectIds")
    if "objectIds" not in document or not (listed is None or isinstance(listed, list)):
        return name if isinstance(name, str) else "", None
    ids = [_object_id(number) for number in codecs.as_list(cast("object", listed))]
    ordered = sorted({number for number in ids if number is not None})
    return name if isinstance(name, str) else "", ordered if None not in ids else None


def _object_id(value: object) -> int | None:
    number = value if type(value) is int else codecs.whole_number(value)
    return number if isinstance(number, int) else None


def _is_between(number: int | None, first: int, end: int) -> bool:
    return number is None or first <= number < end


def _lacks(shown: Sequence[int | None], present: Sequence[int]) -> bool:
    """Return whether features are missing: ids that are present and not shown."""
    return len(shown) < len(present) if None in shown else not set(present).issubset(shown)
