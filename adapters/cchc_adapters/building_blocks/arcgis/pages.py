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

from dataclasses import replace
from datetime import datetime

from cchc_adapters.building_blocks.arcgis.layers import Layer, LayerDescription, layer_description, narrowed
from cchc_adapters.building_blocks.arcgis.positions import LayerPosition, Walk
from cchc_adapters.building_blocks.arcgis.questions import (
    FeatureSet,
    count_of,
    features,
    features_unless_refused,
    object_ids,
)
from cchc_adapters.building_blocks.arcgis.times import changed_since
from cchc_adapters.building_blocks.arcgis.windows import in_windows, page_by_windows
from cchc_connect import Conversation, HttpRequest, Page, PageRequest, SourceHeld


def layer_page(page_request: PageRequest, layer: Layer) -> Conversation[Page]:
    """Request one page of a layer's features.

    Raises:
        SourceHeld: there is no way to read the whole layer, the response is not a page of features, or its coordinates
            are in another reference system.
    """
    if page_request.page_token is None:
        return (yield from _first_page(layer, page_request.since))
    position = LayerPosition.parse(page_request.page_token)
    layer = replace(layer, where=position.where, edited=position.edited)
    if layer.coded and not layer.domains:
        yield from _described(layer)
    if position.walk is Walk.OFFSET:
        feature_set = yield from features(layer, _offset_query(layer, position))
        return _page_by_offset(position, feature_set)
    if position.walk is Walk.WINDOWS:
        return (yield from page_by_windows(layer, position))
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
    count = yield from count_of(layer, layer.where)
    position = LayerPosition(
        walk=Walk.OFFSET,
        where=layer.where,
        object_id=description.object_id or "",
        size=min(layer.page_size, description.max_page_size or layer.page_size),
        size_is_sure=description.max_page_size is not None,
        count=count,
        edited=layer.edited,
    )
    page: Page | None
    if description.pages_by_offset and not position.object_id:
        name, _ = yield from object_ids(layer, layer.where)
        position = replace(position, object_id=name)
    if description.pages_by_offset and position.object_id:
        feature_set = yield from features_unless_refused(layer, _offset_query(layer, position))
        if feature_set is not None:
            return replace(_page_by_offset(position, feature_set), total=count)
    if count is not None and count <= position.size:
        page = yield from _whole_layer(layer, count)
        if page is not None:
            return page
    return (yield from _first_page_by_id(layer, description, position))


def _first_page_by_id(layer: Layer, description: LayerDescription, position: LayerPosition) -> Conversation[Page]:
    """Return the first page of a layer that does not page by offset."""
    name, ids = yield from object_ids(layer, layer.where)
    position, count = replace(position, object_id=position.object_id or name), position.count
    page: Page | None
    if ids is not None and position.object_id:
        page = yield from page_by_windows(layer, in_windows(position, ids, position.size))
        return replace(page, total=max(len(ids), count or 0))
    if count is not None and count <= (description.max_page_size or 0):
        page = yield from _whole_layer(layer, count)
        if page is not None:
            return page
    if not position.object_id or not description.orders:
        raise SourceHeld("arcgis.no_paging")
    page = yield from _page_by_last_id(layer, replace(position, walk=Walk.LAST_ID), is_first=True)
    return replace(page, total=count)


def _whole_layer(layer: Layer, count: int) -> Conversation[Page | None]:
    """Return the only page of a small layer; None if the server does not give all its features at once."""
    feature_set = yield from features(layer, layer.features_query(layer.where))
    if feature_set.announces_more or len(feature_set.features) < count:
        return None
    return Page(items=feature_set.features, next_page_token=None, total=count)


def _offset_query(layer: Layer, position: LayerPosition) -> HttpRequest:
    window = {"resultOffset": str(position.at), "resultRecordCount": str(position.size)}
    return layer.features_query(position.where, **position.ordered_by_id, **window)


def _page_by_offset(position: LayerPosition, feature_set: FeatureSet) -> Page:
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


def _page_by_last_id(layer: Layer, position: LayerPosition, *, is_first: bool) -> Conversation[Page]:
    """Return the features that follow the last one in the order of the object ids; the empty page is the last one.

    Raises:
        SourceHeld: the server does not put them in that order, or says that there are more and gives none.
    """
    condition = position.where if is_first else position.narrowed(f"{position.object_id} > {position.at}")
    feature_set = yield from features(layer, layer.features_query(condition, **position.ordered_by_id))
    ids = [number for number in feature_set.ids(position.object_id) if number is not None]
    if len(ids) < len(feature_set.features) or ids != sorted(ids):
        raise SourceHeld("arcgis.no_paging")
    if not ids and feature_set.announces_more:
        raise SourceHeld("arcgis.cut_off")
    following = replace(position, at=ids[-1]) if ids else None
    return Page(items=feature_set.features, next_page_token=str(following) if following else None)
