"""Department of Construction of Bình Dương (Sở Xây dựng): permit files by REST, works as an ArcGIS map layer.

Agency: Sở Xây dựng, gisxd.binhduong.gov.vn. Documentation: none is public; observed in its web client, a
NestJS-CRUD interface and an ArcGIS layer (74nguyentan/training_angular_ditagis, 2022). Account: none or Basic.

Caveats:
    - ArcGIS tells errors, refused tokens too, with HTTP 200 and an `error` object.
    - The layer cuts a page to its `maxRecordCount` without a word, so that is asked for first.
    - `exceededTransferLimit` is not known before ArcGIS 10.3.1, so a full page is followed by another one.
    - OBJECTID is made anew with the layer, `maCTXD` is not: it is the key.
    - A file that is deleted while the list is read may hide another one until the next run.
    - Which column tells when a permit file changed is not known, see `changed_column`; the layer has none.
    - Days come as instants of Vietnamese midnight; in UTC that is the day before.
    - Files from before July 2025 have commune codes of that time; the province beside them tells which.
    - Several parcels stand in one text, "12, 13; 14", and some in a sentence, "604 (tờ bản đồ số 3)".
    - A measure's value may be prose, "02 tầng + mái". The members of `vanBans` and `donVis` were not seen.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from pydantic import Field

from cchc_adapters.arcgis import classify_arcgis, layer_page
from cchc_adapters.geometries import geometry
from cchc_adapters.options import AdapterOptions, package_table
from cchc_adapters.parcel_lists import site
from cchc_adapters.permit_files import PaperCodes, measure, measures, papers, permit_status
from cchc_connect import (
    Ask,
    Deletes,
    Dialect,
    Exchange,
    HttpRequest,
    Item,
    Page,
    SourceHeld,
    SourceProfile,
    codecs,
)
from cchc_connect.field_map import FieldMap, at, epoch_day, iso_day, translated
from cchc_connect.transport import normalised
from cchc_schemas import AdminScheme, ConstructionPermit, ConstructionWorks, CrsName

MAPPING = 1


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
}
WORKS_MEASURES = {"dienTichXayDung": "m2", "tongDienTichSan": "m2", "soTang": "tầng"}


class BinhDuongPermitsOptions(AdapterOptions):
    """Options of a connection to the department; both interfaces lie below one `base_url`."""

    permits_path: str = "/rest/ctxd/cong-trinh-cpxd"
    """Where the permit files are listed."""
    works_layer: str = "/arcgis/rest/services/HienTrang/CongTrinhXD/MapServer/0"
    """Where the layer of works is."""
    page_size: Annotated[int, Field(ge=1, le=2000)] = 200
    """Files or works asked for at a time."""
    schemes: Mapping[str, AdminScheme] = {"74": AdminScheme.GSO_2025_01, "79": AdminScheme.GSO_2025_07}
    """Scheme of the commune codes (danh mục đơn vị hành chính) by the province code beside them."""
    crs: CrsName = "EPSG:9210"
    """Reference system of the coordinates: VN-2000, central meridian 105°45'."""
    decimal_sign: codecs.DecimalSign = ","
    """Decimal sign of measures that come as text."""
    changed_column: str | None = None
    """Column with the instant of a permit file's last change; without it every run lists all files."""
    complete_listings: bool = False
    """Is a file or a work that is not listed gone? Of files never where `changed_column` is set."""
    papers: PaperCodes = PaperCodes()
    """Codes of papers and parties (unverified)."""
    token_errors: tuple[int, ...] = (498, 499)
    """Error codes of ArcGIS for a token that is missing or refused (unverified)."""


class _Listing:
    """What permits and works have in common: where they are and which parcels they stand on."""

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        self._options = options
        self._table = package_table("binh_duong_permits")
        deletes = Deletes.ABSENCE if options.complete_listings else Deletes.NEVER
        self.profile = SourceProfile(changed_since=False, deletes=deletes)
        self.mapping_version = options.mapping_version(MAPPING)


class Permits(_Listing):
    """Permit files, read as `ConstructionPermit`."""

    record_type = ConstructionPermit

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        super().__init__(options)
        if options.changed_column:
            self.profile = SourceProfile(changed_since=True)

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for one page; pages are counted from 1 and ordered by the key."""
        options, page = self._options, int(ask.position or 1)
        params = {"page": str(page), "limit": str(options.page_size), "sort": "maCTCPXD,ASC"}
        if ask.since and options.changed_column:
            params["filter"] = f"{options.changed_column}||$gte||{ask.since.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        answer = yield HttpRequest(method="GET", path=options.permits_path, params=params)
        listing = codecs.as_object(answer.json()) or {}
        files, total = codecs.as_objects(listing.get("data")), codecs.whole_number(listing.get("total"))
        pages = codecs.whole_number(listing.get("pageCount"))
        if files is None or not isinstance(total, int) or not isinstance(pages, int):
            raise SourceHeld("binh_duong_permits.no_listing")
        return Page(items=files, next=str(page + 1) if page < pages else None, total=total)

    def key(self, item: Item) -> str:
        """Return the department's code of the file."""
        return codecs.plain_text(item.get("maCTCPXD"))

    def changed_at(self, item: Item) -> datetime | codecs.Unreadable | None:
        """Return when the file last changed, where a column tells."""
        return codecs.iso_instant(item.get(self._options.changed_column or ""))

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `ConstructionPermit`."""
        options, address = self._options, codecs.as_object(item.get("diaChi")) or {}
        return translated(item, PERMIT) | {
            **site(address, item, options.schemes),
            **papers(item, options.papers),
            "status": permit_status(item, self._table["statuses"]),
            "measures": list(measures(codecs.as_object(item.get("noiDungDeNghi")) or {}, options.decimal_sign)),
            "geometry": geometry(item.get("shape"), options.crs),
        }


class Works(_Listing):
    """The layer of works, read as `ConstructionWorks`."""

    record_type = ConstructionWorks

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for one page of the layer."""
        return (yield from layer_page(ask, self._options.works_layer, self._options.page_size, self._options.crs))

    def key(self, item: Item) -> str:
        """Return the department's code of the works; never the OBJECTID."""
        return codecs.plain_text(item["attributes"].get("maCTXD"))

    def changed_at(self, item: Item) -> datetime | None:
        """Return None: the layer does not say."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of `ConstructionWorks`."""
        works: Item = item["attributes"]
        measured = [
            measure(name, works.get(name), unit, self._options.decimal_sign)
            for name, unit in WORKS_MEASURES.items()
            if codecs.plain_text(works.get(name))
        ]
        grade = normalised(codecs.plain_text(works.get("capCongTrinh")))
        return translated(works, WORKS) | {
            **site(works, works, self._options.schemes),
            "grade": codecs.one_of(grade, self._table["grades"], "works_grade_unknown"),
            "measures": measured,
            "geometry": geometry(item.get("geometry"), self._options.crs),
        }


class BinhDuongPermits:
    """The department, configured: permits and works to pull, nothing to push."""

    Options = BinhDuongPermitsOptions
    purpose_vi = "Sở Xây dựng Bình Dương: hồ sơ cấp phép (REST) và lớp bản đồ công trình (ArcGIS)"
    targets = ()

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        classify = partial(classify_arcgis, token_errors=options.token_errors)
        self.dialect = Dialect(classify=classify, headers={"Accept": "application/json"})
        self.sources = (Permits(options), Works(options))
