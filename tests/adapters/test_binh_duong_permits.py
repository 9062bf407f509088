"""Construction department: permit files and works, and each caveat replayed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from cchc_adapters.binh_duong_permits import BinhDuongPermits, BinhDuongPermitsOptions
from cchc_adapters.options import package_table
from cchc_connect import Item
from cchc_schemas import CODE_LISTS, ConstructionPermit, PartialDate, PermitStatus

SQUARE = [[600000.0, 1214000.0], [600010.0, 1214000.0], [600010.0, 1214010.0], [600000.0, 1214000.0]]
PERMIT: dict[str, Any] = {
    "maCTCPXD": "CPXD-2024-000001",
    "maCTXD": "CT-2024-000001",
    "maHoSo": "000.00.05.H09-240927-0001",
    "tenCongTrinh": "Nhà ở riêng lẻ",
    "soTo": "3",
    "soThua": "12, 13",
    "diaChi": {"maTinhTP": "74", "maQuanHuyen": "718", "maPhuongXa": "25747", "chiTiet": "Đường Mẫu 1"},
    "maTienDo": "CPXD",
    "maChuDauTu": "074000000001",
    "noiDungDeNghi": {
        "maLoaiCongTrinhCPXD": 5,
        "nhaORiengLe": {
            "dienTichXayDung": {"dinhDanh": "dienTichXayDung", "giaTri": "120,5", "donVi": "m2", "noiDung": ""},
            "soTang": {"dinhDanh": "soTang", "giaTri": "02 tầng + mái", "donVi": "tầng", "noiDung": None},
            "cotXayDung": {"dinhDanh": "", "giaTri": 0.45, "donVi": "m", "noiDung": "+ 0,45 m"},
            "ghiChu": "không phải thông số",
        },
    },
    "donVis": [{"vaiTro": "CDT", "tenDonVi": "Nguyễn Thị Mẫu", "maDonVi": "074000000001"}],
    "vanBans": [
        {"maLoaiVanBan": "GCN", "soVanBan": "MS 000123", "ngayBanHanh": None},
        {"maLoaiVanBan": "GPXD", "soVanBan": "1/GPXD", "ngayBanHanh": "2024-10-01T17:00:00.000Z", "coQuanBanHanh": "A"},
        {"maLoaiVanBan": "GPXD", "soVanBan": "2/GPXD", "ngayBanHanh": "2024-11-01T17:00:00.000Z", "coQuanBanHanh": "B"},
    ],
    "tgHetHan": "2025-11-01T17:00:00.000Z",
    "tinhTrangTraHoSo": {"isTraHoSo": False, "lyDo": None},
    "shape": {"type": "Polygon", "coordinates": [SQUARE]},
    "thoiDiemCapNhat": "2024-11-02T01:00:00.000Z",
}
WORKS: dict[str, Any] = {
    "attributes": {
        "OBJECTID": 7,
        "maCTXD": "HT-000007",
        "tenCongTrinh": "Công trình hiện trạng 7",
        "maTinhTrang": "HC",
        "capCongTrinh": "Cấp III",
        "loaiCongTrinh": "Dân dụng",
        "soTo": "3",
        "soThua": "12",
        "maTinhTP": "79",
        "maQuanHuyen": None,
        "maPhuongXa": "25747",
        "diaChi": "Đường Mẫu 2",
        "dienTichXayDung": 120.5,
        "tongDienTichSan": 0,
        "soTang": "02 tầng + mái",
        "ngayKhoiCong": 1_700_000_000_000 // 86_400_000 * 86_400_000 - 7 * 3_600_000,
        "ngayHoanThanh": None,
    },
    "geometry": {"rings": [list(reversed(SQUARE))]},
}


def department(**options: object) -> BinhDuongPermits:
    return BinhDuongPermits(BinhDuongPermitsOptions.model_validate(options))


def permit_fields(item: Item = PERMIT, **options: object) -> Mapping[str, object]:
    return department(**options).sources[0].translate(item)


def permit(**changed: object) -> ConstructionPermit:
    return ConstructionPermit.read(permit_fields(PERMIT | changed)).record


def works_fields(**changed: object) -> Mapping[str, object]:
    return department().sources[1].translate(WORKS | {"attributes": WORKS["attributes"] | changed})


def test_a_permit_file_is_read_with_all_its_parts() -> None:
    record = permit()

    assert (record.permit_code, record.works_code) == ("CPXD-2024-000001", "CT-2024-000001")
    assert record.dossier_code == "000.00.05.H09-240927-0001"
    assert (record.kind, record.step, record.status) == ("5", "CPXD", PermitStatus.ISSUED)
    assert (record.investor_name, record.investor_code) == ("Nguyễn Thị Mẫu", "074000000001")
    assert [ref.parcel_key for ref in record.parcel_refs] == ["gso-2025-01:25747:3:12", "gso-2025-01:25747:3:13"]
    assert record.land_document is not None
    assert (record.land_document.kind, record.land_document.number) == ("GCN", "MS 000123")
    assert record.geometry is not None
    assert record.geometry.crs == "EPSG:9210"


def test_of_several_permits_in_a_file_the_last_counts() -> None:
    record = permit()

    assert (record.permit_number, record.authority, record.issued_on) == ("2/GPXD", "B", PartialDate(2024, 11, 2))


def test_a_day_is_the_vietnamese_one_and_not_that_of_its_utc_text() -> None:
    assert permit().expires_on == PartialDate(2025, 11, 2)


def test_a_measure_is_a_number_or_the_sources_own_words() -> None:
    measures = [(one.name, one.value, one.unit, one.raw) for one in permit().measures]

    assert measures == [
        ("dienTichXayDung", Decimal("120.5"), "m2", None),
        ("soTang", None, "tầng", "02 tầng + mái"),
        ("cotXayDung", Decimal("0.45"), "m", "+ 0,45 m"),
    ]


@pytest.mark.parametrize(
    "step", CODE_LISTS["permit_steps"].codes if False else sorted(package_table("binh_duong_permits")["statuses"])
)
def test_every_step_stands_for_a_status(step: str) -> None:
    assert permit(maTienDo=step).status is not PermitStatus.UNKNOWN
