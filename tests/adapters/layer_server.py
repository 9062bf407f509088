"""A server with one ArcGIS layer, whose features and version a test chooses, over a real socket."""

from collections.abc import Iterable

from cchc_connect.testing import AgencyDouble, World
from cchc_connect.testing.doubles.arcgis import Feature, MapLayer, arcgis_error
from cchc_connect.testing.doubles.arcgis_where import DATE_FIELD, TEXT_FIELD
from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse

LAYER_PATH = "/arcgis/rest/services/HienTrang/CongTrinhXD/MapServer/0"
FIELDS = {
    "OBJECTID": "esriFieldTypeOID",
    "maCTXD": TEXT_FIELD,
    "tenCongTrinh": TEXT_FIELD,
    "maTinhTrang": TEXT_FIELD,
    "loaiCongTrinh": TEXT_FIELD,
    "diaChi": TEXT_FIELD,
    "maTinhTP": TEXT_FIELD,
    "maPhuongXa": TEXT_FIELD,
    "soTo": TEXT_FIELD,
    "soThua": TEXT_FIELD,
    "ngaySua": DATE_FIELD,
}
RING = [[600000.0, 1214000.0], [600000.0, 1214010.0], [600010.0, 1214010.0], [600000.0, 1214000.0]]


class LayerServer(AgencyDouble):
    """A server with one layer of works."""

    record_types = ("construction_works",)

    def __init__(self) -> None:
        super().__init__(World(seed=1, dossiers=0, parcels=1, works=1))
        self.path = LAYER_PATH
        self.features: list[Feature] = []
        self.queries: list[ReceivedRequest] = []
        self.version = 0
        self.reset()

    def reset(self) -> None:
        """Begin anew with an empty layer."""
        self.layer = MapLayer("CongTrinhXD", FIELDS, 1000)
        self.hides_features = False
        """Whether a query for features comes back empty, though the layer has some."""
        self.unsent: set[object] = set()
        """Object ids that are listed, and whose features are never sent."""
        self.show([])

    def show(self, features: Iterable[Feature]) -> None:
        """Show these features from now on."""
        self.features = [*features]
        self.version += 1
        self.queries.clear()

    def handle(self, request: ReceivedRequest, /) -> ServerResponse:
        """Respond with the layer's description or the result of a query."""
        if request.path == self.path:
            return self.layer.describe()
        if request.path != f"{self.path}/query":
            return arcgis_error(404, "Service not found.")
        self.queries.append(request)
        if self.hides_features and "outFields" in request.query:
            return self.layer.query(request, [], -self.version)
        if self.unsent and "outFields" in request.query:
            sent = [feature for feature in self.features if feature.attributes["OBJECTID"] not in self.unsent]
            return self.layer.query(request, sent, -self.version)
        return self.layer.query(request, self.features, self.version)

    def error_in_200(self) -> ServerResponse:
        """Return the error object of ArcGIS, with status 200."""
        return arcgis_error(500, "Error performing query operation")


def works_feature(object_id: int, edited_ms: int | None = None, **changed: object) -> Feature:
    """Return a feature of works, known by its code and not by its object id."""
    attributes = {
        "OBJECTID": object_id,
        "maCTXD": f"CT{object_id:06}",
        "tenCongTrinh": f"Công trình {object_id}",
        "maTinhTrang": "DXD",
        "loaiCongTrinh": "Dân dụng",
        "diaChi": "Phú Lợi",
        "maTinhTP": "79",
        "maPhuongXa": "25747",
        "soTo": "3",
        "soThua": str(object_id % 500 + 1),
        "ngaySua": edited_ms,
    }
    return Feature(attributes=attributes | changed, polygon=lambda _: {"rings": [RING]})
