"""The permit files of the department, from its REST interface."""

from collections.abc import Mapping
from datetime import datetime

from cchc_adapters.binh_duong_permits.options import BinhDuongPermitsOptions
from cchc_adapters.binh_duong_permits.permit_files import measures, paper_fields, permit_status
from cchc_adapters.building_blocks.options import deletes, package_table
from cchc_connect import Conversation, HttpRequest, HttpResponse, Item, Page, PageRequest, SourceHeld, SourceProfile
from cchc_connect.paging import PageListing, PagePaging, Pager, Position, query
from cchc_connect.wire import codecs
from cchc_connect.wire.days import iso_day
from cchc_connect.wire.field_map import FieldMap, at, translated
from cchc_connect.wire.geometries import geometry_fields
from cchc_connect.wire.parcel_lists import location_fields
from cchc_connect.wire.times import change_time
from cchc_connect.wire.times_out import TimeFormat
from cchc_schemas import ConstructionPermit

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


class Permits:
    """Permit files, read as `ConstructionPermit`."""

    record_type = ConstructionPermit

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        self._options = options
        self.extent = options.extent
        self._statuses: Mapping[str, str] = package_table("binh_duong_permits")["statuses"]
        self.profile = SourceProfile(
            changed_since=bool(options.changed_column),
            deletes=deletes(is_complete=options.complete_listings and not options.changed_column),
        )
        paging = PagePaging(
            kind="page",
            parameter="page",
            size=options.page_size,
            size_parameter="limit",
            total="total",
            pages="pageCount",
            estimate=True,  # the end is told by pageCount; the total is for the engine alone
        )
        self._pager = Pager(paging, self._request, _read)
        self.mapping_version = options.mapping_version(MAPPING_VERSION)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request one page of the files in the order of their keys, or of those that changed."""
        column, since = self._options.changed_column, page_request.since
        changed = {"filter": f"{column}||$gte||{TimeFormat.ISO_UTC_MS.written(since)}"} if column and since else {}
        return (yield from self._pager.page(page_request.page_token, changed))

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
            "status": permit_status(item, self._statuses),
            "measures": list(measures(codecs.as_object(item.get("noiDungDeNghi")) or {}, options.decimal_sign)),
            "geometry": geometry_fields(item.get("shape"), options.crs),
        }

    def _request(self, position: Position, parameters: Mapping[str, object]) -> HttpRequest:
        del position
        params = query(parameters) | {"sort": "maCTCPXD,ASC"}
        return HttpRequest(method="GET", path=self._options.permits_path, params=params)


def _read(response: HttpResponse) -> PageListing:
    document = codecs.as_object(response.json()) or {}
    files = codecs.as_objects(document.get("data"))
    listing = PageListing(response, files or (), document, "total")
    if files is None or listing.total is None or listing.number("pageCount") is None:
        raise SourceHeld("binh_duong_permits.no_listing")
    return listing
