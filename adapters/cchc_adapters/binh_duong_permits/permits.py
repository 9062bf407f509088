"""The permit files of the department, from its REST interface."""

from collections.abc import Mapping
from datetime import UTC, datetime

from cchc_adapters.binh_duong_permits.options import BinhDuongPermitsOptions
from cchc_adapters.binh_duong_permits.permit_files import measures, paper_fields, permit_status
from cchc_adapters.building_blocks.options import deletes, package_table
from cchc_connect import Conversation, HttpRequest, Item, Page, PageRequest, SourceHeld, SourceProfile
from cchc_connect.wire import codecs
from cchc_connect.wire.days import iso_day
from cchc_connect.wire.field_map import FieldMap, at, translated
from cchc_connect.wire.geometries import geometry_fields
from cchc_connect.wire.parcel_lists import location_fields
from cchc_connect.wire.times import change_time
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
        self.mapping_version = options.mapping_version(MAPPING_VERSION)

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
            "status": permit_status(item, self._statuses),
            "measures": list(measures(codecs.as_object(item.get("noiDungDeNghi")) or {}, options.decimal_sign)),
            "geometry": geometry_fields(item.get("shape"), options.crs),
        }
