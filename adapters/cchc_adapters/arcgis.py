"""Land parcels or construction works from any layer of an ArcGIS Server, by a field map in cchc.toml.

Agency: whichever publishes the layer. Documentation: Esri's REST API, map service and feature service "query";
caveats observed at servers from 10.0 to 11 and at Koop 10.4. Account: none, Basic, or
one that `generateToken` exchanges for a token.

Caveats:
    - Errors, refused tokens included, come with HTTP 200 and an `error` object; 10.0 sends JSON as `text/plain`.
    - A page is silently cut to the layer's `maxRecordCount`, which is requested first. Before 10.3.1 a server does not
      say that a page is cut, so a full page is followed by another request.
    - Before 10.3 a layer cannot be read by position. Then all object ids are requested, and one window of them after
      the other; a small layer comes at once.
    - OBJECTID changes whenever the layer is rebuilt, and in Koop with the content: it is no key.
    - Names come in another case or qualified by their table ("GIS.THUADAT.SOTO"), or only as the fields' aliases; a
      name that fits several fields is not read.
    - A server that does not know the requested reference system responds in its own; its `spatialReference` shows it.
    - Koop transforms coordinates without the shift between WGS 84 and VN-2000, which puts them some 200 m aside;
      request them in the system of its files.
    - Times are milliseconds in UTC, but a condition names them in the layer's time zone. Days may be text since 11.2.
    - A layer notes its edits only if that was switched on; deleted features leave no trace.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from cchc_adapters.building_blocks.arcgis import layer_page
from cchc_adapters.building_blocks.arcgis_answers import classify_arcgis
from cchc_adapters.building_blocks.arcgis_layers import EVERYTHING, Layer
from cchc_adapters.building_blocks.arcgis_names import AttributeNames, names_read
from cchc_adapters.building_blocks.arcgis_tokens import TokenSession
from cchc_adapters.building_blocks.options import VIET_NAM, AdapterOptions, Extent
from cchc_adapters.building_blocks.parcel_maps import PARCEL_RULES, ParcelMap, ParcelTerms
from cchc_adapters.building_blocks.works_maps import WORKS_RULES, WorksMap
from cchc_connect import Conversation, DeleteDetection, Dialect, Item, Page, PageRequest, SourceProfile
from cchc_connect.wire import codecs
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.field_rules import FieldRule, field_map
from cchc_connect.wire.flat_parts import flat_rules
from cchc_connect.wire.property_names import property_path
from cchc_connect.wire.rule_shapes import with_member_values
from cchc_connect.wire.times import change_time
from cchc_schemas import AdminScheme, ConstructionWorks, CrsName, LandParcel, Text

MAPPING_VERSION = 2
SAMPLE_FIELDS = {
    "commune_code": {"property": "MAXA", "codec": "commune_code"},
    "map_sheet": {"property": "SOTO"},
    "parcel_number": {"property": "SOTHUA"},
}


_OF_WORKS, _OF_PARCELS = ("measures",), ("land_use_catalogue", "previous_scheme")
"""Options that mean something for one of the record types only."""


class ArcGisOptions(AdapterOptions):
    """Options of a connection to one layer of an ArcGIS Server."""

    layer: str
    """Path of the layer, for example "/arcgis/rest/services/DatDai/ThuaDat/MapServer/0"."""
    record_type: Literal["land_parcel", "construction_works"] = "land_parcel"
    """What the layer's features are."""
    scheme: AdminScheme
    """Scheme of the commune codes (danh mục đơn vị hành chính); a code is ambiguous without it."""
    fields: Annotated[Mapping[str, FieldRule], BeforeValidator(flat_rules), Field(examples=[SAMPLE_FIELDS])]
    """Field map: field of the record to the attribute it is read from."""
    measures: Mapping[str, str] = {}
    """Of works: units of the attributes that are measures."""
    key: str = ""
    """Attribute with a feature's stable identifier, never the OBJECTID; if unset, the record's own key serves."""
    where: str = EVERYTHING
    """Condition on the features to read, in the server's SQL."""
    named_codes: tuple[str, ...] = ()
    """Attributes whose codes are replaced by the names that the layer's domains give them, or those of its subtypes."""
    page_size: Annotated[int, Field(ge=1, le=2000)] = 500
    """Page size: features per request; the layer's own limit may be lower."""
    previous_scheme: AdminScheme = AdminScheme.GSO_2025_01
    """Of parcels: scheme of the former commune codes."""
    crs: CrsName = "EPSG:9210"
    """Reference system of the coordinates to request."""
    extent: Extent = VIET_NAM
    """Where the features lie (phạm vi): west, south, east, north in degrees; others get a note."""
    decimal_sign: codecs.DecimalSign = ","
    """Decimal sign of numbers sent as text."""
    land_use_catalogue: Text = "TT 08/2024/TT-BTNMT"
    """Of parcels: catalogue of the land use codes (danh mục loại đất)."""
    changed_since: bool = False
    """Whether to ask for changes only: by the field of `changed_at`, or else by that in which the layer notes edits."""
    complete_listing: bool = False
    """Whether an unlisted feature counts as deleted."""
    token_errors: tuple[int, ...] = (498, 499)
    """ArcGIS error codes for a missing or refused token (unverified)."""
    token_path: str = ""
    """Path of `generateToken`, for example "/arcgis/tokens/generateToken"; with it the account opens a session."""
    token_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """Life of a token to ask for, minutes; the server may give a shorter one."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        rules = self.rules()
        is_of_parcels = self.record_type == LandParcel.record_type
        (PARCEL_RULES if is_of_parcels else WORKS_RULES).check(rules)
        if idle := [name for name in (_OF_WORKS if is_of_parcels else _OF_PARCELS) if self._differs(name)]:
            raise ValueError(f"{self.record_type} has no use for: {', '.join(idle)}")
        if self._differs("token_minutes") and not self.token_path:
            raise ValueError("token_minutes needs token_path")
        changed_at = rules.get("changed_at")
        if self.changed_since and changed_at and not isinstance(changed_at.property, str):
            raise ValueError("changed_since needs one attribute for changed_at")
        if self.changed_since and self.complete_listing:
            raise ValueError("changed_since lists what changed; such a listing is not complete")
        return self

    def _differs(self, name: str) -> bool:
        """Return whether an option has another value than where nothing is written."""
        return bool(getattr(self, name) != type(self).model_fields[name].get_default())

    def rules(self) -> Mapping[str, FieldRule]:
        """Return the rules that read something."""
        return {name: rule for name, rule in self.fields.items() if rule.reads()}


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
            deletes=DeleteDetection.ABSENCE if options.complete_listing else DeleteDetection.NEVER,
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


class ArcGis:
    """The configured adapter: pulls one layer, pushes nothing."""

    Options = ArcGisOptions
    purpose_vi = "Máy chủ ArcGIS bất kỳ: thửa đất hoặc công trình từ một lớp bản đồ"
    left_out_rules: ClassVar[Mapping[str, str]] = {
        "unreadable_item_is_quarantined_alone": "the server writes a page as one document; one that is no strict JSON "
        "is held as a whole and asked for again",
    }
    targets = ()

    def __init__(self, options: ArcGisOptions) -> None:
        classify = partial(classify_arcgis, token_errors=options.token_errors)
        login = TokenSession(path=options.token_path, minutes=options.token_minutes) if options.token_path else None
        self.dialect = Dialect(classify=classify, headers={"Accept": "application/json"}, login=login)
        self.sources = (LayerFeatures(options),)


def _record_map(options: ArcGisOptions) -> ParcelMap | WorksMap:
    if options.record_type == ConstructionWorks.record_type:
        rules = field_map(with_member_values(options.rules(), ConstructionWorks), options.decimal_sign)
        return WorksMap(rules, options.measures, options.decimal_sign, options.scheme)
    terms = ParcelTerms(
        scheme=options.scheme,
        previous_scheme=options.previous_scheme,
        land_use_catalogue=options.land_use_catalogue,
        decimal_sign=options.decimal_sign,
    )
    return ParcelMap(options.rules(), terms)
