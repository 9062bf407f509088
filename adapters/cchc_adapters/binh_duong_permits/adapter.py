"""Department of Construction of Bình Dương (Sở Xây dựng): permit files by REST, works as an ArcGIS map layer.

Agency: Sở Xây dựng, gisxd.binhduong.gov.vn. Documentation: none is public; observed in its web client, a
NestJS-CRUD interface and an ArcGIS layer (74nguyentan/training_angular_ditagis, 2022). Account: none or Basic.

Caveats:
    - ArcGIS reports errors, refused tokens included, with HTTP 200 and an `error` object.
    - The layer silently cuts a page to its `maxRecordCount`, so that is requested first.
    - `exceededTransferLimit` does not exist before ArcGIS 10.3.1, so a full page is followed by another request.
    - Before ArcGIS 10.3 a layer cannot be read by position; then it is read by windows of object ids.
    - A layer that was moved to another database has names in another case or qualified by their table.
    - OBJECTID changes whenever the layer is rebuilt; `maCTXD` does not and is the key.
    - If a file is deleted while the list is read, another one may be missed until the next run.
    - The column with the time of a permit file's last change is unknown, see `changed_column`; the layer has none.
    - A day is sent as the instant of midnight in Vietnamese time; in UTC that is the day before.
    - Files from before July 2025 have the commune codes of that time; the province code shows which scheme applies.
    - Several parcels are in one text, "12, 13; 14", or in a sentence, "604 (tờ bản đồ số 3)".
    - A measure's value may be prose, "02 tầng + mái". The members of `vanBans` and `donVis` were not observed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from cchc_adapters.binh_duong_permits.permit_files import (
    PaperCodes,
    measures,
    paper_fields,
    permit_status,
)
from cchc_adapters.building_blocks.arcgis import layer_page
from cchc_adapters.building_blocks.arcgis_answers import classify_arcgis
from cchc_adapters.building_blocks.arcgis_layers import Layer
from cchc_adapters.building_blocks.arcgis_names import AttributeNames, names_read
from cchc_adapters.building_blocks.options import VIET_NAM, AdapterOptions, Extent, package_table
from cchc_adapters.building_blocks.works_maps import WORKS_RULES, WorksMap
from cchc_connect import (
    Conversation,
    DeleteDetection,
    Dialect,
    HttpRequest,
    Item,
    Page,
    PageRequest,
    SourceHeld,
    SourceProfile,
)
from cchc_connect.wire import codecs
from cchc_connect.wire.days import epoch_day, iso_day
from cchc_connect.wire.field_map import FieldMap, at, translated
from cchc_connect.wire.field_rules import FieldRule, field_map
from cchc_connect.wire.flat_parts import flat_rules, without_replaced
from cchc_connect.wire.geometries import geometry_fields
from cchc_connect.wire.named_codecs import READERS, Codec
from cchc_connect.wire.parcel_lists import location_fields
from cchc_connect.wire.rule_shapes import with_member_values
from cchc_connect.wire.times import change_time
from cchc_schemas import AdminScheme, ConstructionPermit, ConstructionWorks, CrsName

MAPPING_VERSION = 5

PERMIT: FieldMap = {
    "permit_code": at("maCTCPXD"),
    "dossier_code": at("maHoSo"),
    "works_code": at("maCTXD"),
    "name": at("tenCongTrinh"),
    "kind": at("noiDungDeNghi.maLoaiCongTrinhCPXD"),
    "step": at("maTienDo"),
    "investor_code": at("maChuDauTu"),
    "address": at("diaChi.chiTiet"),
    "expires_on": at("tgHetHan", read=iso_day),
}
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
WORKS_MEASURES = {"dienTichXayDung": "m2", "tongDienTichSan": "m2", "soTang": "tầng"}


class BinhDuongPermitsOptions(AdapterOptions):
    """Options of a connection to the department; both interfaces are below one `base_url`."""

    permits_path: str = "/rest/ctxd/cong-trinh-cpxd"
    """Path of the list of permit files."""
    works_layer: str = "/arcgis/rest/services/HienTrang/CongTrinhXD/MapServer/0"
    """Path of the layer of works."""
    works_fields: Annotated[Mapping[str, FieldRule], BeforeValidator(flat_rules)] = {}
    """Field map of the layer of works where its names differ: field of the works to the attribute it is read from."""
    works_measures: Mapping[str, str] = WORKS_MEASURES
    """Units of the attributes of works that are measures."""
    page_size: Annotated[int, Field(ge=1, le=2000)] = 200
    """Page size: files or works per request."""
    schemes: Mapping[str, AdminScheme] = {"74": AdminScheme.GSO_2025_01, "79": AdminScheme.GSO_2025_07}
    """Scheme of the commune codes (danh mục đơn vị hành chính), by province code."""
    crs: CrsName = "EPSG:9210"
    """Reference system of the coordinates: VN-2000, central meridian 105°45'."""
    extent: Extent = VIET_NAM
    """Where the works lie (phạm vi): west, south, east, north in degrees; others get a note."""
    decimal_sign: codecs.DecimalSign = ","
    """Decimal sign of measures sent as text."""
    changed_column: str | None = None
    """Column with the instant of a permit file's last change; if unset, every run lists all files."""
    complete_listings: bool = False
    """Whether an unlisted file or works counts as deleted; ignored for files if `changed_column` is set."""
    papers: PaperCodes = PaperCodes()
    """Codes of papers and parties (unverified)."""
    token_errors: tuple[int, ...] = (498, 499)
    """ArcGIS error codes for a missing or refused token (unverified)."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        WORKS_RULES.check(self.works_fields, overrides=True)
        if "changed_at" in self.works_fields:
            raise ValueError("works_fields has no changed_at: use the adapter arcgis")
        return self


class _DepartmentSource:
    """Shared base of both sources: options, code table, profile and mapping version."""

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        self._options = options
        self.extent = options.extent
        self._table = package_table("binh_duong_permits")
        deletes = DeleteDetection.ABSENCE if options.complete_listings else DeleteDetection.NEVER
        self.profile = SourceProfile(changed_since=False, deletes=deletes)
        self.mapping_version = options.mapping_version(MAPPING_VERSION)


class Permits(_DepartmentSource):
    """Permit files, read as `ConstructionPermit`."""

    record_type = ConstructionPermit

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        super().__init__(options)
        if options.changed_column:
            self.profile = SourceProfile(changed_since=True)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request one page; pages are counted from 1 and ordered by the key."""
        options, page = self._options, int(page_request.page_token or 1)
        params = {"page": str(page), "limit": str(options.page_size), "sort": "maCTCPXD,ASC"}
        if page_request.since and options.changed_column:
            params["filter"] = (
                f"{options.changed_column}||$gte||{page_request.since.astimezone(UTC).isoformat()[:19]}.000Z"
            )
        response = yield HttpRequest(method="GET", path=options.permits_path, params=params)
        listing = codecs.as_object(response.json()) or {}
        files, total = codecs.as_objects(listing.get("data")), codecs.whole_number(listing.get("total"))
        pages = codecs.whole_number(listing.get("pageCount"))
        if files is None or not isinstance(total, int) or not isinstance(pages, int):
            raise SourceHeld("binh_duong_permits.no_listing")
        return Page(items=files, next_page_token=str(page + 1) if page < pages else None, total=total)

    def key(self, item: Item) -> str:
        """Return the department's code of the file."""
        return codecs.item_key(item.get("maCTCPXD"))

    def changed_at(self, item: Item) -> datetime | codecs.Unreadable | None:
        """Return when the file last changed; None if no column is configured."""
        return change_time(item.get(self._options.changed_column or ""))

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `ConstructionPermit`."""
        options, address = self._options, codecs.as_object(item.get("diaChi")) or {}
        return translated(item, PERMIT) | {
            **location_fields(address, item, options.schemes),
            **paper_fields(item, options.papers),
            "status": permit_status(item, self._table["statuses"]),
            "measures": list(measures(codecs.as_object(item.get("noiDungDeNghi")) or {}, options.decimal_sign)),
            "geometry": geometry_fields(item.get("shape"), options.crs),
        }


class Works(_DepartmentSource):
    """The layer of works, read as `ConstructionWorks`."""

    record_type = ConstructionWorks

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        super().__init__(options)
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


class BinhDuongPermits:
    """The configured adapter: pulls permits and works, pushes nothing."""

    Options = BinhDuongPermitsOptions
    purpose_vi = "Sở Xây dựng Bình Dương: hồ sơ cấp phép (REST) và lớp bản đồ công trình (ArcGIS)"
    left_out_rules: ClassVar[Mapping[str, str]] = {
        "unreadable_item_is_quarantined_alone": "the server writes a page as one document; one that is no strict JSON "
        "is held as a whole and asked for again",
    }
    targets = ()

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        classify = partial(classify_arcgis, token_errors=options.token_errors)
        self.dialect = Dialect(classify=classify, headers={"Accept": "application/json"})
        self.sources = (Permits(options), Works(options))
