"""The features of one layer, read as land parcels or as construction works."""

from collections.abc import Mapping
from datetime import datetime

from cchc_adapters.arcgis.options import ArcGisOptions
from cchc_adapters.building_blocks.arcgis.layers import Layer
from cchc_adapters.building_blocks.arcgis.names import AttributeNames, names_read
from cchc_adapters.building_blocks.arcgis.pages import layer_page
from cchc_adapters.building_blocks.options import deletes
from cchc_adapters.building_blocks.parcel_maps import ParcelMap
from cchc_adapters.building_blocks.works_maps import WorksMap
from cchc_connect import Conversation, Item, Page, PageRequest, SourceProfile
from cchc_connect.wire import codecs
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.field_rules import field_map
from cchc_connect.wire.property_names import property_path
from cchc_connect.wire.rule_shapes import with_member_values
from cchc_connect.wire.times import change_time
from cchc_schemas import ConstructionWorks, LandParcel

MAPPING_VERSION = 2


class LayerFeatures:
    """The features of one layer, read as parcels or works."""

    def __init__(self, options: ArcGisOptions) -> None:
        self.record_type = LandParcel if options.record_type == LandParcel.record_type else ConstructionWorks
        self.extent = options.extent
        self._key = property_path(options.key) if options.key else None
        self._map = _record_map(options)
        changed_at = options.rules().get("changed_at")
        self._has_change_rule = changed_at is not None
        names = names_read(self._map.rules) | {*options.measures, *options.named_codes, options.key}
        self._layer = Layer(
            path=options.layer,
            page_size=options.page_size,
            crs=options.crs,
            names=AttributeNames(names),
            where=options.where,
            changed_column=changed_at.property if changed_at and isinstance(changed_at.property, str) else "",
            reads_edits=changed_at is None,
            coded=frozenset(options.named_codes),
        )
        self.profile = SourceProfile(
            changed_since=options.changed_since,
            deletes=deletes(is_complete=options.complete_listing),
        )
        self.mapping_version = options.mapping_version(MAPPING_VERSION)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request one page of the layer."""
        return (yield from layer_page(page_request, self._layer))

    def key(self, item: Item) -> str:
        """Return the feature's stable identifier; "" if the options name none."""
        return codecs.item_key(value_at(item["attributes"], self._key)) if self._key else ""

    def changed_at(self, item: Item) -> datetime | codecs.Unreadable | None:
        """Return when the feature last changed, by the field map or as the layer notes it."""
        return self._map.changed_at(item["attributes"]) if self._has_change_rule else change_time(item.get("edited"))

    def is_current(self, item: Item) -> bool | None:
        """Return whether it is the current version of its parcel, by the attribute that the field map names."""
        return self._map.is_current(item["attributes"]) if isinstance(self._map, ParcelMap) else None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of the record."""
        return self._map.fields(item["attributes"], self._layer.geometry(item))


def _record_map(options: ArcGisOptions) -> ParcelMap | WorksMap:
    if options.record_type == ConstructionWorks.record_type:
        rules = field_map(with_member_values(options.rules(), ConstructionWorks), options.decimal_sign)
        return WorksMap(rules, options.measures, options.decimal_sign, options.scheme)
    return ParcelMap(options.rules(), options)
