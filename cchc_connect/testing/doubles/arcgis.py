"""Double of an ArcGIS Server map layer: its description and `/query`.

It opens no socket: the server of the construction department calls it.

Source of the behaviour: Esri's documentation of the map service query operation, checked against a Koop server.
Reproduced: `maxRecordCount` caps a page without an error, and `exceededTransferLimit` is present only while more
features follow; what each version tells and takes (`arcgis_versions`); dates are epoch milliseconds; an error is
`{"error": {...}}` with HTTP status 200; without `f=json` the response is an HTML page.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cchc_connect.testing.doubles.arcgis_versions import VERSIONS
from cchc_connect.testing.doubles.arcgis_where import Attributes, InvalidQuery, conditions
from cchc_connect.testing.doubles.permit_files import VN2000_WKID, WGS84_WKID
from cchc_connect.testing.doubles.server import (
    JSON,
    ReceivedRequest,
    ServerResponse,
    html_response,
    json_response,
)
from cchc_connect.testing.province.facts import VIETNAM

OBJECT_ID = "OBJECTID"


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One feature of a layer."""

    attributes: Attributes
    polygon: Callable[[int], Mapping[str, Any]]
    """Returns the geometry in the coordinate system of a wkid."""


@dataclass(frozen=True, kw_only=True)
class LayerSubtype:
    """Features of a layer with one code in the field of the subtypes, which mean other things by other codes."""

    code: int
    name: str
    domains: Mapping[str, Mapping[str, str] | None]
    """Names of the codes of a field; None: as in the domain of the field, which is how "inherited" is written."""


class MapLayer:
    """A layer of polygons.

    Args:
        name: the layer's name.
        fields: Esri type of each field, including OBJECTID.
        max_record_count: maximum number of features in a page.
        whole_days: fields of type `esriFieldTypeDate` that hold days; a server that knows days writes them as text.
    """

    def __init__(
        self, name: str, fields: Mapping[str, str], max_record_count: int, whole_days: Collection[str] = ()
    ) -> None:
        self.name = name
        self.fields = fields
        self.max_record_count = max_record_count
        self.version = VERSIONS["10.81"]
        """Version of the server."""
        self.spelling: Callable[[str], str] = str
        """How the server spells the name of a field: in another case, or qualified by its table."""
        self.untold_limit: int | None = None
        """Maximum number of features in a response, if it is lower than what the layer tells."""
        self.refused: set[str] = set()
        """Parameters of a query that it answers with an error object."""
        self.edit_date: str | None = None
        """Field that holds the time of the last edit."""
        self.domains: Mapping[str, Mapping[str, str]] = {}
        """Names of the codes of a field, by the field and the code."""
        self.subtype_field = ""
        """Field with the code of a feature's subtype."""
        self.subtypes: Sequence[LayerSubtype] = ()
        self.hours = 0
        """Offset from UTC of the times that a `where` clause names."""
        self._whole_days = frozenset(whole_days)
        self._cached_matches: tuple[object, Sequence[Feature]] = (None, ())

    def describe(self) -> ServerResponse:
        """Respond with the layer's description."""
        version = self.version
        described: dict[str, Any] = {
            "currentVersion": version.number,
            "id": 0,
            "name": self.name,
            "type": "Feature Layer",
            "geometryType": "esriGeometryPolygon",
            "supportedQueryFormats": "JSON",
            "extent": {"spatialReference": {"wkid": VN2000_WKID, "latestWkid": VN2000_WKID}},
            "fields": [{**field, "domain": self._domain(name)} for name, field in self._described_fields()],
        }
        if version.names_object_id:
            described["objectIdField"] = self.spelling(OBJECT_ID)
        if version.tells_limit:
            described["maxRecordCount"] = self.max_record_count
        if version.orders:
            described["supportsAdvancedQueries"] = True
        if version.pages:
            described["advancedQueryCapabilities"] = {"supportsPagination": True, "supportsOrderBy": True}
        if self.subtypes:
            described["typeIdField"] = self.spelling(self.subtype_field)
            described["types"] = [self._subtype_object(subtype) for subtype in self.subtypes]
        zone = {"timeZone": "SE Asia Standard Time" if self.hours else "UTC", "respectsDaylightSaving": False}
        if self.hours:
            described["dateFieldsTimeReference"] = zone
        if self.edit_date is not None:
            edits = {"editDateField": self.spelling(self.edit_date), "dateFieldsTimeReference": zone}
            described["editFieldsInfo"] = edits
        return json_response(described, media_type=version.media_type)

    def query(self, request: ReceivedRequest, features: Sequence[Feature], version: int) -> ServerResponse:
        """Respond to a query on all `features`; a new `version` means that they changed since the last query."""
        if request.first("f", "html") not in {"json", "pjson"}:
            return html_response("<!DOCTYPE html><html><head><title>Query</title></head><body></body></html>")
        try:
            result = self._result(request, self._matching(request, features, version))
        except InvalidQuery as refusal:
            return arcgis_error(400, "Unable to complete operation.", str(refusal), media_type=self.version.media_type)
        return json_response(result, media_type=self.version.media_type)

    def _matching(self, request: ReceivedRequest, features: Sequence[Feature], version: int) -> Sequence[Feature]:
        if refused := sorted(self.refused.intersection(request.query)):
            raise InvalidQuery(f"Invalid or missing input parameters: {refused[0]}")
        where, order = request.first("where"), request.first("orderByFields") if self.version.orders else ""
        cache_key = (version, where, order)
        if self._cached_matches[0] != cache_key:
            self._cached_matches = (cache_key, self._ordered(order, self._where(where, features)))
        return self._cached_matches[1]

    def _result(self, request: ReceivedRequest, matching: Sequence[Feature]) -> dict[str, Any]:
        if request.first("returnCountOnly") == "true":
            return {"count": len(matching)}
        if request.first("returnIdsOnly") == "true":
            ids = [feature.attributes[OBJECT_ID] for feature in matching]
            return {"objectIdFieldName": self.spelling(OBJECT_ID), "objectIds": ids or self.version.empty_ids}
        wkid = _number(request, "outSR", VN2000_WKID)
        if wkid not in {VN2000_WKID, WGS84_WKID}:
            raise InvalidQuery("'outSR' parameter is invalid")
        is_page = self.version.pages and "resultOffset" in request.query
        offset = _number(request, "resultOffset", 0) if is_page else 0
        limit = min(self.max_record_count, self.untold_limit or self.max_record_count)
        if self.version.pages:
            limit = min(_number(request, "resultRecordCount", limit), limit)
        page = matching[offset : offset + limit]
        names = self._out_fields(request.first("outFields", OBJECT_ID))
        wants_geometry = request.first("returnGeometry", "true") != "false"
        result: dict[str, Any] = {
            "displayFieldName": "",
            "fieldAliases": {self.spelling(name): name for name in names},
            "geometryType": "esriGeometryPolygon",
            "spatialReference": {"wkid": wkid, "latestWkid": wkid},
            "fields": [field for _, field in self._described_fields()],
            "features": [self._feature_object(feature, names, wkid if wants_geometry else None) for feature in page],
        }
        announces = self.version.announces_more_pages if is_page else self.version.announces_more
        has_more = announces and offset + len(page) < len(matching)
        return result | ({"exceededTransferLimit": True} if has_more else {})

    def _described_fields(self) -> list[tuple[str, dict[str, Any]]]:
        """Return name and description of each field."""
        return [(name, {"name": self.spelling(name), "type": self._type(name), "alias": name}) for name in self.fields]

    def _domain(self, name: str) -> dict[str, Any] | None:
        names = self.domains.get(name)
        return _coded_values(name, names) if names else None

    def _subtype_object(self, subtype: LayerSubtype) -> dict[str, Any]:
        domains = {
            self.spelling(name): {"type": "inherited"} if names is None else _coded_values(name, names)
            for name, names in subtype.domains.items()
        }
        return {"id": subtype.code, "name": subtype.name, "domains": domains, "templates": []}

    def _type(self, name: str) -> str:
        return "esriFieldTypeDateOnly" if self._is_text_day(name) else self.fields[name]

    def _is_text_day(self, name: str) -> bool:
        return self.version.days_are_text and name in self._whole_days

    def _feature_object(self, feature: Feature, names: Sequence[str], wkid: int | None) -> dict[str, Any]:
        attributes = {self.spelling(name): self._value(name, feature.attributes[name]) for name in names}
        described: dict[str, Any] = {"attributes": attributes}
        return described if wkid is None else described | {"geometry": feature.polygon(wkid)}

    def _value(self, name: str, value: object) -> object:
        if not self._is_text_day(name) or not isinstance(value, int):
            return value
        return datetime.fromtimestamp(value / 1000, VIETNAM).date().isoformat()

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
        for matches in conditions(text, self._field, self.fields, self.hours):
            features = [feature for feature in features if matches(feature.attributes)]
        return features

    def _field(self, name: str) -> str:
        by_name = {self.spelling(field).casefold(): field for field in self.fields}
        if name.casefold() not in by_name:
            raise InvalidQuery(f"Invalid field: {name}")
        return by_name[name.casefold()]


def arcgis_error(code: int, message: str, *details: str, media_type: str = JSON) -> ServerResponse:
    """Return an ArcGIS error object, with HTTP status 200 as ArcGIS does."""
    error = {"code": code, "message": message, "details": list(details)}
    return json_response({"error": error}, media_type=media_type)


def _coded_values(domain: str, names: Mapping[str, str]) -> dict[str, Any]:
    values = [{"name": name, "code": code} for code, name in names.items()]
    return {"type": "codedValue", "name": domain, "codedValues": values}


def _number(request: ReceivedRequest, name: str, default: int) -> int:
    text = request.first(name, str(default))
    if not text.isdecimal():
        raise InvalidQuery(f"'{name}' parameter is invalid")
    return int(text)
