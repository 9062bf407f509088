"""Double of an ArcGIS Server map layer: its description and `/query`.

It opens no socket: the server of the construction department calls it.

Source of the behaviour: Esri's documentation of the map service query operation, checked against a Koop server.
Reproduced: `maxRecordCount` caps a page without an error, and `exceededTransferLimit` is present only while more
features follow; dates are epoch milliseconds; an error is `{"error": {...}}` with HTTP status 200; without `f=json`
the response is an HTML page.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cchc_connect.testing.doubles.permit_files import VN2000_WKID, WGS84_WKID
from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse, html_response, json_response

Attributes = Mapping[str, Any]

OBJECT_ID = "OBJECTID"
TEXT_FIELD = "esriFieldTypeString"

_CONDITION = re.compile(r"(\w+)\s*(=|<>|>=|<=|>|<)\s*('(?:[^']|'')*'|-?\d+(?:\.\d+)?)")
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "=": lambda stored, operand: stored == operand,
        "<>": lambda stored, operand: stored != operand,
        ">=": lambda stored, operand: stored is not None and stored >= operand,
        "<=": lambda stored, operand: stored is not None and stored <= operand,
        ">": lambda stored, operand: stored is not None and stored > operand,
        "<": lambda stored, operand: stored is not None and stored < operand,
    }
)


class InvalidQuery(ValueError):
    """The query is invalid; the response is an error object."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One feature of a layer."""

    attributes: Attributes
    polygon: Callable[[int], Mapping[str, Any]]
    """Returns the geometry in the coordinate system of a wkid."""


class MapLayer:
    """A layer of polygons.

    Args:
        name: the layer's name.
        fields: Esri type of each field, including OBJECTID.
        max_record_count: maximum number of features in a page.
    """

    def __init__(self, name: str, fields: Mapping[str, str], max_record_count: int) -> None:
        self.name = name
        self.fields = fields
        self.max_record_count = max_record_count
        self._cached_matches: tuple[object, Sequence[Feature]] = (None, ())

    def describe(self) -> dict[str, Any]:
        """Return the layer's description."""
        return {
            "currentVersion": 10.81,
            "id": 0,
            "name": self.name,
            "type": "Feature Layer",
            "geometryType": "esriGeometryPolygon",
            "objectIdField": OBJECT_ID,
            "maxRecordCount": self.max_record_count,
            "supportedQueryFormats": "JSON",
            "advancedQueryCapabilities": {"supportsPagination": True, "supportsOrderBy": True},
            "extent": {"spatialReference": {"wkid": VN2000_WKID, "latestWkid": VN2000_WKID}},
            "fields": self._described_fields(),
        }

    def query(self, request: ReceivedRequest, features: Sequence[Feature], version: int) -> ServerResponse:
        """Respond to a query on all `features`; a new `version` means that they changed since the last query."""
        if request.first("f", "html") not in {"json", "pjson"}:
            return html_response("<!DOCTYPE html><html><head><title>Query</title></head><body></body></html>")
        try:
            return json_response(self._result(request, self._matching(request, features, version)))
        except InvalidQuery as refused:
            return arcgis_error(400, "Unable to complete operation.", str(refused))

    def _matching(self, request: ReceivedRequest, features: Sequence[Feature], version: int) -> Sequence[Feature]:
        where, order = request.first("where"), request.first("orderByFields")
        cache_key = (version, where, order)
        if self._cached_matches[0] != cache_key:
            self._cached_matches = (cache_key, self._ordered(order, self._where(where, features)))
        return self._cached_matches[1]

    def _result(self, request: ReceivedRequest, matching: Sequence[Feature]) -> dict[str, Any]:
        if request.first("returnCountOnly") == "true":
            return {"count": len(matching)}
        if request.first("returnIdsOnly") == "true":
            return {
                "objectIdFieldName": OBJECT_ID,
                "objectIds": [feature.attributes[OBJECT_ID] for feature in matching],
            }
        wkid = _number(request, "outSR", VN2000_WKID)
        if wkid not in {VN2000_WKID, WGS84_WKID}:
            raise InvalidQuery("'outSR' parameter is invalid")
        offset = _number(request, "resultOffset", 0)
        limit = min(_number(request, "resultRecordCount", self.max_record_count), self.max_record_count)
        page = matching[offset : offset + limit]
        names = self._out_fields(request.first("outFields", OBJECT_ID))
        wants_geometry = request.first("returnGeometry", "true") != "false"
        result: dict[str, Any] = {
            "displayFieldName": "",
            "geometryType": "esriGeometryPolygon",
            "spatialReference": {"wkid": wkid, "latestWkid": wkid},
            "fields": self._described_fields(),
            "features": [_feature_object(feature, names, wkid if wants_geometry else None) for feature in page],
        }
        return result | ({"exceededTransferLimit": True} if offset + len(page) < len(matching) else {})

    def _described_fields(self) -> list[dict[str, str]]:
        return [{"name": name, "type": kind, "alias": name} for name, kind in self.fields.items()]

    def _out_fields(self, text: str) -> Sequence[str]:
        if text == "*":
            return list(self.fields)
        return [self._field(name.strip()) for name in text.split(",")]

    def _ordered(self, text: str, features: Sequence[Feature]) -> Sequence[Feature]:
        if not text:
            return features
        name, _, direction = text.partition(" ")
        field = self._field(name)
        return sorted(
            features,
            key=lambda feature: (feature.attributes[field] is None, feature.attributes[field]),
            reverse=direction.strip().upper() == "DESC",
        )

    def _where(self, text: str, features: Sequence[Feature]) -> Sequence[Feature]:
        for condition in re.split(r"\s+AND\s+", text.strip(), flags=re.IGNORECASE):
            if condition.replace(" ", "") != "1=1":
                matches = self._condition(condition)
                features = [feature for feature in features if matches(feature.attributes)]
        return features

    def _condition(self, text: str) -> Callable[[Attributes], bool]:
        match = _CONDITION.fullmatch(text.strip())
        if match is None:
            raise InvalidQuery("'where' clause is invalid")
        name, operator, literal = match.groups()
        field, compare = self._field(name), _OPERATORS[operator]
        is_text = self.fields[field] == TEXT_FIELD
        if literal.startswith("'") is not is_text:
            raise InvalidQuery("'where' clause is invalid")
        value = literal[1:-1].replace("''", "'") if is_text else float(literal)
        return lambda attributes: compare(attributes[field], value)

    def _field(self, name: str) -> str:
        if name not in self.fields:
            raise InvalidQuery(f"Invalid field: {name}")
        return name


def arcgis_error(code: int, message: str, *details: str) -> ServerResponse:
    """Return an ArcGIS error object, with HTTP status 200 as ArcGIS does."""
    return json_response({"error": {"code": code, "message": message, "details": list(details)}})


def _feature_object(feature: Feature, names: Sequence[str], wkid: int | None) -> dict[str, Any]:
    described: dict[str, Any] = {"attributes": {name: feature.attributes[name] for name in names}}
    return described if wkid is None else described | {"geometry": feature.polygon(wkid)}


def _number(request: ReceivedRequest, name: str, default: int) -> int:
    text = request.first(name, str(default))
    if not text.isdecimal():
        raise InvalidQuery(f"'{name}' parameter is invalid")
    return int(text)
