"""Construction department of Bình Dương (Sở Xây dựng): permit files by REST, works as an ArcGIS layer.

Documentation: none public; observed in the client of gisxd.binhduong.gov.vn (74nguyentan/
training_angular_ditagis, 2022): NestJS-CRUD at `rest/ctxd`, ArcGIS Server at `HienTrang/CongTrinhXD`.

Caveats:
    * ArcGIS answers errors with HTTP 200 and an `error` object.
    * The layer caps a page without a word; `exceededTransferLimit` says that there is more.
    * OBJECTID changes when the layer is built anew: `maCTXD` is the key.
    * Neither list tells what was deleted and the layer has no time of change: every run lists all.
    * Days are instants of Vietnamese midnight, so their UTC text names the day before.
    * The province code tells which scheme a commune code is of; `province_schemes` says which.
    * Parcels may be lists, "12, 13; 14", or prose, "604 (tờ bản đồ số 3)"; the raw text is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cchc_schemas import AdminScheme, ConstructionPermit, ConstructionWorks, Record
from pydantic import BaseModel, ConfigDict, Field

from cchc_adapters.code_maps import mapping_rows
from cchc_adapters.esri_geometry import polygon_of
from cchc_adapters.parcel_lists import parcel_refs
from cchc_connect import (
    Ask,
    Deletes,
    Dialect,
    Exchange,
    HttpRequest,
    HttpResponse,
    Item,
    Page,
    SourceHeld,
    SourceProfile,
    Target,
    Unreadable,
    Verdict,
    classify_rest,
)
from cchc_connect.codecs import as_list, code, epoch_ms, iso_instant, local_day, number, text

GRADES = {"cấp đặc biệt": "special", "cấp i": "I", "cấp ii": "II", "cấp iii": "III", "cấp iv": "IV"}
FLOORS = (("dienTichXayDung", "m²"), ("tongDienTichSan", "m²"), ("soTang", None))


class BinhDuongPermitsOptions(BaseModel):
    """What may change at the department."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    permits_path: str = "/rest/ctxd/cong-trinh-cpxd"
    works_layer: str = "/arcgis/rest/services/HienTrang/CongTrinhXD/MapServer/0"
    page_size: int = Field(default=500, ge=1, le=5000)
    wkid: int = 9210
    """Coordinate system of the geometries: EPSG:9210, VN-2000 / TM-3 105-45, is that of Bình Dương."""
    province_schemes: Mapping[str, AdminScheme] = Field(
        default={"74": AdminScheme("gso-2025-01"), "79": AdminScheme("gso-2025-07")}
    )
    """Province code beside a commune code -> scheme that the commune code is of."""


class BinhDuongPermits:
    """The department's two systems behind one address."""

    Options = BinhDuongPermitsOptions

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        """Prepare for both."""
        self.dialect = Dialect(classify=_classify, headers={"Accept": "application/json"})
        self.sources = (_Permits(options), _Works(options))
        self.targets: Sequence[Target] = ()


def _classify(response: HttpResponse) -> Verdict:
    verdict = classify_rest(response)
    if verdict is not Verdict.OK:
        return verdict
    match response.json():
        case {"error": {"code": int() as number}}:
            if number in {498, 499}:  # invalid token, token required
                return Verdict.AUTH
            return Verdict.INVALID if number in range(400, 500) else Verdict.MAINTENANCE
        case _:
            return verdict


class _Listing:
    """What permits and works have in common."""

    record_type: type[Record]
    profile = SourceProfile(changed_since=False, deletes=Deletes.ABSENCE)
    mapping_version = 1

    def __init__(self, options: BinhDuongPermitsOptions) -> None:
        self._options = options
        self._steps = {row["step"]: row["status"] for row in mapping_rows("binh_duong_permit_steps")}

    def _place(self, address: Mapping[str, Any]) -> Mapping[str, object]:
        unknown = Unreadable("province_unknown")
        scheme = self._options.province_schemes.get(str(text(address.get("maTinhTP"))), unknown)
        return {"scheme": scheme, "commune_code": code(address.get("maPhuongXa"), 5)}


class _Permits(_Listing):
    """Construction permits (giấy phép xây dựng)."""

    record_type = ConstructionPermit

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for a numbered page, ordered by the key."""
        page = int(ask.position or 1)
        params = {"page": str(page), "limit": str(self._options.page_size), "sort": "maCTCPXD,ASC"}
        match (yield HttpRequest(method="GET", path=self._options.permits_path, params=params)).json():
            case {"data": list() as items, "total": int() as total, "pageCount": int() as pages}:
                return Page(items=items, next=str(page + 1) if page < pages else None, total=total)
            case _:
                raise SourceHeld("binh_duong_permits.no_listing")

    def key(self, item: Item) -> str:
        """Return the department's code of the file."""
        return str(item.get("maCTCPXD") or "")

    def changed_at(self, item: Item) -> datetime | None:
        """Return `thoiDiemCapNhat`."""
        moment = iso_instant(item.get("thoiDiemCapNhat"))
        return moment if isinstance(moment, datetime) else None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return a permit's fields."""
        content, address = item.get("noiDungDeNghi") or {}, item.get("diaChi") or {}
        papers = {paper.get("maLoaiVanBan"): paper for paper in item.get("vanBans") or []}
        permit, certificate = papers.get("GPXD", {}), papers.get("GCN")
        investor = next((unit for unit in item.get("donVis") or [] if unit.get("vaiTro") == "CDT"), {})
        place, step = self._place(address), text(item.get("maTienDo"))
        returned = (item.get("tinhTrangTraHoSo") or {}).get("isTraHoSo")
        return {
            "permit_code": text(item.get("maCTCPXD")),
            "permit_number": text(permit.get("soVanBan")),
            "dossier_code": text(item.get("maHoSo")),
            "works_code": text(item.get("maCTXD")),
            "name": text(item.get("tenCongTrinh")),
            "kind": text(content.get("maLoaiCongTrinhCPXD")),
            "step": step,
            "status": "permit_refused" if returned else self._steps.get(str(step), "unknown"),
            "investor_name": text(investor.get("tenDonVi")),
            "investor_code": text(item.get("maChuDauTu")),
            "address": text(address.get("chiTiet")),
            **place,
            "parcel_refs": parcel_refs(place, _text(item, "soTo"), _text(item, "soThua")),
            "measures": list(_measures(content)),
            "issued_on": local_day(iso_instant(permit.get("ngayBanHanh"))),
            "expires_on": local_day(iso_instant(item.get("tgHetHan"))),
            "authority": text(permit.get("coQuanBanHanh")),
            "land_document": {"kind": "GCN", "number": text(certificate.get("soVanBan"))} if certificate else None,
            "geometry": {**item["shape"], "crs": f"EPSG:{self._options.wkid}"} if item.get("shape") else None,
        }


class _Works(_Listing):
    """Construction works (công trình xây dựng)."""

    record_type = ConstructionWorks

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for the rows after an offset, and before the first of them for their number."""
        path, offset = f"{self._options.works_layer}/query", int(ask.position or 0)
        everything = {"f": "json", "where": "1=1"}
        total = None
        if offset == 0:
            counted = (
                yield HttpRequest(method="GET", path=path, params={**everything, "returnCountOnly": "true"})
            ).json()
            total = counted.get("count") if isinstance(counted, dict) else None
        paging = {"resultOffset": str(offset), "resultRecordCount": str(self._options.page_size)}
        shown = {"outFields": "*", "outSR": str(self._options.wkid), "orderByFields": "OBJECTID", **paging}
        match (yield HttpRequest(method="GET", path=path, params={**everything, **shown})).json():
            case {"features": list() as features} as answer:
                items = [{**feature["attributes"], "geometry": feature.get("geometry")} for feature in features]
                more = answer.get("exceededTransferLimit") is True
                return Page(items=items, next=str(offset + len(items)) if more else None, total=total)
            case _:
                raise SourceHeld("binh_duong_permits.no_listing")

    def key(self, item: Item) -> str:
        """Return the department's code of the works."""
        return str(item.get("maCTXD") or "")

    def changed_at(self, item: Item) -> datetime | None:
        """Return nothing: the layer does not say."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of works."""
        place, rings = self._place(item), (item.get("geometry") or {}).get("rings")
        grade = text(item.get("capCongTrinh"))
        return {
            "works_code": text(item.get("maCTXD")),
            "name": text(item.get("tenCongTrinh")),
            "status": text(item.get("maTinhTrang")),
            "grade": GRADES.get(str(grade).lower(), Unreadable("grade_unknown")) if grade else None,
            "kind": text(item.get("loaiCongTrinh")),
            **place,
            "address": text(item.get("diaChi")),
            "parcel_refs": parcel_refs(place, _text(item, "soTo"), _text(item, "soThua")),
            "measures": [_measure(name, item.get(name), unit) for name, unit in FLOORS if item.get(name) is not None],
            "started_on": local_day(epoch_ms(item.get("ngayKhoiCong"))),
            "completed_on": local_day(epoch_ms(item.get("ngayHoanThanh"))),
            "geometry": polygon_of(rings, f"EPSG:{self._options.wkid}") if rings else None,
        }


def _measures(content: Mapping[str, Any]) -> Iterator[Mapping[str, object]]:
    for form in content.values():
        for measure in form.values() if isinstance(form, dict) else ():
            for one in as_list(measure):
                if isinstance(one, dict) and one.get("dinhDanh"):
                    yield _measure(one["dinhDanh"], one.get("giaTri"), one.get("donVi"), one.get("noiDung"))


def _measure(name: object, value: object, unit: object, prose: object = None) -> Mapping[str, object]:
    amount = number(value, ",")
    readable = not isinstance(amount, Unreadable)
    raw = text(prose) if readable else text(value)
    return {"name": text(name), "value": amount if readable else None, "unit": text(unit), "raw": raw}


def _text(item: Item, name: str) -> str | None:
    written = text(item.get(name))
    return written if isinstance(written, str) else None
