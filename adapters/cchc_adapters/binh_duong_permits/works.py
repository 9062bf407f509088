"""The works of the department, from its ArcGIS layer."""

from collections.abc import Mapping
from datetime import datetime

from cchc_adapters.binh_duong_permits.options import BinhDuongPermitsOptions
from cchc_adapters.building_blocks.arcgis.layers import Layer
from cchc_adapters.building_blocks.arcgis.names import AttributeNames, names_read
from cchc_adapters.building_blocks.arcgis.pages import layer_page
from cchc_adapters.building_blocks.options import deletes
from cchc_adapters.building_blocks.works_maps import WorksMap
from cchc_connect import Conversation, Item, Page, PageRequest, SourceProfile
from cchc_connect.wire import codecs
from cchc_connect.wire.days import epoch_day
from cchc_connect.wire.field_map import FieldMap, at
from cchc_connect.wire.field_rules import field_map
from cchc_connect.wire.flat_parts import without_replaced
from cchc_connect.wire.named_codecs import READERS, Codec
from cchc_connect.wire.rule_shapes import with_member_values
from cchc_schemas import ConstructionWorks

MAPPING_VERSION = 5

WORKS: FieldMap = {
    "works_code": at("maCTXD"),
    "name": at("tenCongTrinh"),
    "status": at("maTinhTrang"),
    "kind": at("loaiCongTrinh"),
    "address": at("diaChi"),
    "started_on": at("ngayKhoiCong", read=epoch_day),
    "completed_on": at("ngayHoanThanh", read=epoch_day),
    "province_code": at("maTinhTP"),
    "commune_code": at("maPhuongXa", read=READERS[Codec.COMMUNE_CODE]),
    "map_sheet": at("soTo"),
    "parcel_numbers": at("soThua"),
    "grade": at("capCongTrinh"),
}


class Works:
    """The layer of works, read as `ConstructionWorks`."""

    record_type = ConstructionWorks

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        self.extent = options.extent
        self.profile = SourceProfile(changed_since=False, deletes=deletes(is_complete=options.complete_listings))
        self.mapping_version = options.mapping_version(MAPPING_VERSION)
        own_rules = field_map(with_member_values(options.works_fields, ConstructionWorks), options.decimal_sign)
        rules = {**without_replaced(WORKS, options.works_fields), **own_rules}
        self._works = WorksMap(rules, options.works_measures, options.decimal_sign, options.schemes)
        self._layer = Layer(
            path=options.works_layer,
            page_size=options.page_size,
            crs=options.crs,
            names=AttributeNames(names_read(rules) | self._works.names),
        )

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request one page of the layer."""
        return (yield from layer_page(page_request, self._layer))

    def key(self, item: Item) -> str:
        """Return the department's code of the works, never the OBJECTID."""
        return codecs.item_key(self._works.rules["works_code"](item["attributes"]))

    def changed_at(self, item: Item) -> datetime | None:
        """Return None: the layer has no time of change."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of `ConstructionWorks`."""
        return self._works.fields(item["attributes"], self._layer.geometry(item))
