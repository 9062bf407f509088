"""Reads a layer by windows of object ids, where it pages by no offset: whole windows, made smaller if they are cut."""

from collections.abc import Sequence
from dataclasses import replace

from cchc_adapters.building_blocks.arcgis.layers import Layer
from cchc_adapters.building_blocks.arcgis.positions import LayerPosition, Walk
from cchc_adapters.building_blocks.arcgis.questions import features, object_ids
from cchc_connect import Conversation, Page, SourceHeld

MAX_WINDOWS = 300
"""Most windows of object ids that a page token names; then the ids are asked for again."""


def page_by_windows(layer: Layer, position: LayerPosition) -> Conversation[Page]:
    """Return the features of the first window of object ids.

    Fewer features than a window has ids were deleted meanwhile, or the server cut the page. Then the ids of the window
    are asked for again, and if there are more of them than came, the windows are made smaller.
    """
    while len(position.bounds) > 1:
        first, end = position.bounds[:2]
        window = position.narrowed(f"{position.object_id} >= {first} AND {position.object_id} <= {end - 1}")
        feature_set = yield from features(layer, layer.features_query(window))
        ids = feature_set.ids(position.object_id)
        items = [
            item for item, number in zip(feature_set.features, ids, strict=True) if _is_between(number, first, end)
        ]
        if feature_set.announces_more or len(items) < position.size:
            _, present = yield from object_ids(layer, window)
            if feature_set.announces_more if present is None else _lacks(ids, present):
                position = yield from _with_smaller_windows(layer, position, len(items))
                continue
        following = replace(position, bounds=position.bounds[1:])
        if len(following.bounds) == 1 and following.bounds[0] <= position.at:
            following = yield from _with_windows(layer, position, following.bounds[0], position.size)
        return Page(items=items, next_page_token=str(following) if len(following.bounds) > 1 else None)
    return Page(items=[], next_page_token=None)


def _with_smaller_windows(layer: Layer, position: LayerPosition, shown: int) -> Conversation[LayerPosition]:
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


def _with_windows(layer: Layer, position: LayerPosition, first: int, size: int) -> Conversation[LayerPosition]:
    """Return the position with windows of `size` object ids, of those that are at least `first`."""
    _, ids = yield from object_ids(layer, position.narrowed(f"{position.object_id} >= {first}"))
    return in_windows(position, ids or [], size)


def in_windows(position: LayerPosition, ids: Sequence[int], size: int) -> LayerPosition:
    """Return a position with windows of `size` of the object ids, as many as a page token may name."""
    bounds = (*ids[::size], ids[-1] + 1) if ids else ()
    return replace(position, walk=Walk.WINDOWS, size=size, bounds=bounds[: MAX_WINDOWS + 1], at=ids[-1] if ids else 0)


def _is_between(number: int | None, first: int, end: int) -> bool:
    return number is None or first <= number < end


def _lacks(shown: Sequence[int | None], present: Sequence[int]) -> bool:
    """Return whether features are missing: ids that are present and not shown."""
    return len(shown) < len(present) if None in shown else not set(present).issubset(shown)
