"""Double of the Bình Dương construction department (Sở Xây dựng): permit files by REST, works as a map layer.

It is an HTTP server on loopback.

Source: the public client of gisxd.binhduong.gov.vn (74nguyentan/training_angular_ditagis, 2022): a
NestJS-CRUD interface at `rest/ctxd/...` beside an ArcGIS Server at `HienTrang/CongTrinhXD`.
"""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from cchc_connect.testing.doubles.arcgis import OBJECT_ID, Feature, MapLayer, arcgis_error
from cchc_connect.testing.doubles.arcgis_where import DATE_FIELD, TEXT_FIELD
from cchc_connect.testing.doubles.nest_crud import NestCrudListing
from cchc_connect.testing.doubles.permit_files import esri_polygon, iso_milliseconds, permit_file, works_attributes
from cchc_connect.testing.doubles.server import (
    AgencyDouble,
    ReceivedRequest,
    ServerResponse,
    html_response,
    json_response,
)
from cchc_connect.testing.province.defects import WireItem
from cchc_connect.testing.province.facts import PermitFact
from cchc_connect.testing.province.world import World

PERMITS = "/rest/ctxd/cong-trinh-cpxd"
WORKS_LAYER = "/arcgis/rest/services/HienTrang/CongTrinhXD/MapServer/0"

_COLUMNS: Mapping[str, Callable[[PermitFact], str]] = MappingProxyType(
    {
        "maCTCPXD": lambda permit: permit.source_id,
        "maCTXD": lambda permit: permit.works_code,
        "maHoSo": lambda permit: permit.dossier_code,
        "maTienDo": lambda permit: permit.history[-1][0],
        "thoiDiemCapNhat": lambda permit: iso_milliseconds(permit.changed_at),
    }
)
_WORKS_FIELDS = MappingProxyType(
    {
        OBJECT_ID: "esriFieldTypeOID",
        "maCTXD": TEXT_FIELD,
        "tenCongTrinh": TEXT_FIELD,
        "maTinhTrang": TEXT_FIELD,
        "capCongTrinh": TEXT_FIELD,
        "loaiCongTrinh": TEXT_FIELD,
        "soTo": TEXT_FIELD,
        "soThua": TEXT_FIELD,
        "maTinhTP": TEXT_FIELD,
        "maQuanHuyen": TEXT_FIELD,
        "maPhuongXa": TEXT_FIELD,
        "diaChi": TEXT_FIELD,
        "dienTichXayDung": "esriFieldTypeDouble",
        "tongDienTichSan": "esriFieldTypeDouble",
        "soTang": TEXT_FIELD,
        "ngayKhoiCong": DATE_FIELD,
        "ngayHoanThanh": DATE_FIELD,
    }
)


class ConstructionDepartmentDouble(AgencyDouble):
    """Construction department of the province; its items are permit files and works."""

    record_types = ("construction_permit", "construction_works")

    def __init__(
        self, world: World, *, max_record_count: int = 100, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Serve `world`'s permits and works, at most `max_record_count` works in a page."""
        super().__init__(world, sleep=sleep)
        self.layer = MapLayer(
            "CongTrinhXD", _WORKS_FIELDS, max_record_count, whole_days=("ngayKhoiCong", "ngayHoanThanh")
        )
        self._permits = NestCrudListing(_COLUMNS, self._permit)
        self._cached_features: tuple[int, list[Feature]] = (-1, [])

    def handle(self, request: ReceivedRequest, /) -> ServerResponse:
        """Respond with a permit listing, a permit, the layer's description or a query on it."""
        path = request.path.rstrip("/")
        if path == PERMITS:
            permits = self.world.permits
            ignore_filters = self.switches.ignore_filters
            return self._permits.respond(request, permits.facts, permits.version, ignore_filters=ignore_filters)
        if path.startswith(f"{PERMITS}/") and path.rpartition("/")[2] in self.world.permits:
            return json_response(self._permit(self.world.permits[path.rpartition("/")[2]]))
        if path == WORKS_LAYER:
            wants_json = request.first("f") in {"json", "pjson"}
            return self.layer.describe() if wants_json else html_response("<html lang='en'></html>")
        if path == f"{WORKS_LAYER}/query":
            return self.layer.query(request, self._all_works(), self.world.works.version)
        if path.startswith("/arcgis/"):
            return arcgis_error(404, "Service not found.")
        message = f"Cannot {request.method} {request.path}"
        return json_response({"statusCode": 404, "message": message, "error": "Not Found"}, status=404)

    def error_in_200(self) -> ServerResponse:
        """Return the error object of ArcGIS, with status 200."""
        return arcgis_error(500, "Error performing query operation")

    def _permit(self, permit: PermitFact) -> WireItem:
        defects = self.world.listing_defects["construction_permit"]
        return defects.write_item(permit.source_id, lambda source_id: permit_file(self.world.permits[source_id]))

    def _all_works(self) -> list[Feature]:
        works = self.world.works
        if self._cached_features[0] != works.version:
            features = [self._feature(object_id, fact.source_id) for object_id, fact in enumerate(works, start=1)]
            self._cached_features = (works.version, features)
        return self._cached_features[1]

    def _feature(self, object_id: int, source_id: str) -> Feature:
        def write(works_id: str) -> dict[str, Any]:
            return {OBJECT_ID: object_id, **works_attributes(self.world.works[works_id])}

        attributes = self.world.listing_defects["construction_works"].write_item(source_id, write)
        ring = self.world.works[source_id].site.ring
        return Feature(attributes=attributes, polygon=lambda wkid: esri_polygon(ring, wkid))
