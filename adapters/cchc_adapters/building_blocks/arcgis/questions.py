"""The questions that reading a layer asks: for features, for their number, and for their object ids."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from cchc_adapters.building_blocks.arcgis.answers import is_refusal, unless_refused
from cchc_adapters.building_blocks.arcgis.layers import Layer
from cchc_adapters.building_blocks.arcgis.names import name_as_written
from cchc_connect import Conversation, HttpRequest, Item, SourceHeld, Verdict
from cchc_connect.wire import codecs


@dataclass(frozen=True)
class FeatureSet:
    """The features of one response."""

    features: Sequence[Item]
    as_written: Sequence[Item]
    """Attributes of each feature with the server's names."""
    announces_more: bool
    """Whether the server says that it left features out; servers before 10.3.1 never say so."""

    def ids(self, name: str) -> list[int | None]:
        """Return the object id of each feature; None for a feature without."""
        ids = list[int | None]()
        for attributes in self.as_written:
            ids.append(_object_id(attributes.get(name_as_written(name, attributes, {}) or "")))
        return ids


def features(layer: Layer, request: HttpRequest) -> Conversation[FeatureSet]:
    """Ask for features.

    Raises:
        SourceHeld: the response is not a page of features.
    """
    response = yield request
    return _feature_set(layer, codecs.as_object(response.json()) or {})


def features_unless_refused(layer: Layer, request: HttpRequest) -> Conversation[FeatureSet | None]:
    """Ask for features in a way that a server may refuse with an error object; return None if it does."""
    response = yield replace(request, accepted_verdicts=frozenset({Verdict.OK, Verdict.INVALID}))
    if response.verdict is Verdict.INVALID and is_refusal(response):
        return None
    return _feature_set(layer, codecs.as_object(response.json()) or {})


def _feature_set(layer: Layer, content: Item) -> FeatureSet:
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
    return FeatureSet(completed, as_written, codecs.flag(content.get("exceededTransferLimit")) is True)


def count_of(layer: Layer, where: str) -> Conversation[int | None]:
    """Return the number of features as the server counts them; None if it refuses to."""
    document = yield from unless_refused(layer.query(where, returnCountOnly="true"))
    count = codecs.whole_number((document or {}).get("count"))
    return count if isinstance(count, int) and count >= 0 else None


def object_ids(layer: Layer, where: str) -> Conversation[tuple[str, list[int] | None]]:
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
