"""Wire format of the Bình Dương construction department's permit files and works.

Names were read in its public client code (74nguyentan/training_angular_ditagis, 2022): the entity
`ThongTinCongTrinhCPXD` and the layer `CongTrinhXD`. The members of `donVis`, `lichSuTienDos` and
`vanBans`, and `thoiDiemCapNhat`, were not seen there and are invented.

Days are sent as instants of midnight in Vietnamese time, so their UTC text has the date of the day before. The
province code decides the scheme of the commune code: 74 with a district before 1 July 2025, 79 without one
after.
"""

from datetime import UTC, date, datetime, time
from typing import Any

from cchc_connect.testing.province.communes import PROVINCE_AFTER, PROVINCE_BEFORE
from cchc_connect.testing.province.defects import WireItem
from cchc_connect.testing.province.facts import VIETNAM, MeasureFact, PermitFact, Ring, SiteFact, WorksFact
from cchc_connect.testing.province.geometry import vn2000

VN2000_WKID = 9210
WGS84_WKID = 4326

_FORMS = (
    "khongTheoTuyen",
    "theoTuyen",
    "tuongDai",
    "quangCao",
    "nhaORiengLe",
    "caiTao",
    "giaiDoanKhongTheoTuyen",
    "giaiDoanTheoTuyen",
    "theoDuAn",
    "diDoi",
    "congTrinhNgam",
)
"""Sub-forms of `noiDungDeNghi` by the kind of permit, 1 to 11; the names are invented."""


def permit_file(permit: PermitFact) -> WireItem:
    """Return a permit file as `ThongTinCongTrinhCPXD`."""
    site = permit.site
    return {
        "maCTCPXD": permit.source_id,
        "maCTXD": permit.works_code,
        "maCTCha": None,
        "maHoSo": permit.dossier_code,
        "tenCongTrinh": permit.name,
        "soTo": site.parcels[0].sheet,
        "soThua": ", ".join(parcel.number for parcel in site.parcels),
        "dienTich": float(permit.measures[0].value or 0),
        "diaChi": _address(site) | {"chiTiet": site.address},
        "maTienDo": permit.history[-1][0],
        "maVonCongTrinh": None,
        "maChuDauTu": permit.investor.id_number,
        "noiDungDeNghi": {
            "maLoaiCongTrinhCPXD": permit.kind,
            _FORMS[permit.kind - 1]: {measure.name: _measure(measure) for measure in permit.measures},
        },
        "donVis": [{"vaiTro": "CDT", "tenDonVi": permit.investor.name, "maDonVi": permit.investor.id_number}],
        "tgXayDungs": [],
        "lichSuTienDos": [{"maTienDo": step, "thoiGian": iso_milliseconds(at)} for step, at in permit.history],
        "vanBans": _documents(permit),
        "tgHetHan": iso_day(permit.expires_on),
        "chiTietTienDo": {"isTroNgai": False},
        "tinhTrangTraHoSo": {"isTraHoSo": bool(permit.refusal), "lyDo": permit.refusal or None},
        "shape": {"type": "Polygon", "coordinates": [[list(vn2000(*corner)) for corner in site.ring]]},
        "thoiDiemCapNhat": iso_milliseconds(permit.changed_at),
    }


def works_attributes(works: WorksFact) -> dict[str, Any]:
    """Return works as the attributes of the layer `CongTrinhXD`, without the OBJECTID."""
    site = works.site
    return {
        "maCTXD": works.source_id,
        "tenCongTrinh": works.name,
        "maTinhTrang": works.status,
        "capCongTrinh": works.grade,
        "loaiCongTrinh": works.kind,
        "soTo": site.parcels[0].sheet,
        "soThua": ", ".join(parcel.number for parcel in site.parcels),
        **_address(site),
        "diaChi": site.address,
        "dienTichXayDung": float(works.built_area),
        "tongDienTichSan": float(works.floor_area),
        "soTang": works.floors,
        "ngayKhoiCong": _epoch_milliseconds(works.started_on),
        "ngayHoanThanh": _epoch_milliseconds(works.completed_on),
    }


def esri_polygon(ring: Ring, wkid: int) -> WireItem:
    """Return a ring as an Esri polygon, whose outer ring is clockwise, in VN-2000 or WGS 84 by `wkid`."""
    corners = [vn2000(*corner) if wkid == VN2000_WKID else corner for corner in reversed(ring)]
    return {"rings": [[list(corner) for corner in corners]]}


def iso_milliseconds(at: datetime) -> str:
    """Return an instant in the format of JavaScript: UTC, milliseconds, a Z."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def iso_day(day: date | None) -> str | None:
    """Return midnight of `day` in Vietnamese time, in the format of JavaScript (UTC)."""
    return iso_milliseconds(_midnight(day)) if day else None


def _epoch_milliseconds(day: date | None) -> int | None:
    return int(_midnight(day).timestamp()) * 1000 if day else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), VIETNAM)


def _address(site: SiteFact) -> WireItem:
    first = site.parcels[0]
    return {
        "maTinhTP": PROVINCE_BEFORE if first.district else PROVINCE_AFTER,
        "maQuanHuyen": first.district or None,
        "maPhuongXa": first.commune,
    }


def _measure(measure: MeasureFact) -> WireItem:
    return {
        "dinhDanh": measure.name,
        "giaTri": None if measure.value is None else float(measure.value),
        "donVi": measure.unit,
        "noiDung": measure.text,
    }


def _documents(permit: PermitFact) -> list[WireItem]:
    documents: list[WireItem] = []
    if permit.certificate_serial:
        documents.append({"maLoaiVanBan": "GCN", "soVanBan": permit.certificate_serial, "ngayBanHanh": None})
    if permit.number:
        documents.append(
            {
                "maLoaiVanBan": "GPXD",
                "soVanBan": permit.number,
                "ngayBanHanh": iso_day(permit.issued_on),
                "coQuanBanHanh": "Sở Xây dựng",
            }
        )
    return documents
