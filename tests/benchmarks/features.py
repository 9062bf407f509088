"""The invented land parcels and dossiers that the register of the benchmarks serves, reproducible by seed.

A parcel has the form of VBDLIS: 21 properties and about fifteen more in its lists, Vietnamese text, a list of owners
and a small polygon, about 950 bytes. Each is computed from its number alone, so that the changed form of one parcel
needs none of the others.
"""

import json
from datetime import UTC, datetime, timedelta

from cchc_connect.testing.province.communes import present_communes
from cchc_connect.testing.province.geometry import geohash

LATEST = datetime(2026, 6, 1, tzinfo=UTC)
"""Latest date of change before the benchmark's own changes (UTC); one parcel was changed in each minute before it."""

CHANGED_EACH = 1000
"""One parcel in this many is changed: 0.1 %."""

_FIRST_CHANGED = 7

_COMMUNES = tuple((int(commune.code), commune.name, commune.west, commune.south) for commune in present_communes())
_SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Ngô", "Hồ", "Dương")
_GIVEN = ("An", "Bình", "Chi", "Dũng", "Giang", "Hạnh", "Hiếu", "Khánh", "Lộc", "Phước", "Quyên", "Thảo", "Vũ", "Yến")
_USES = ("ODT", "ONT", "CLN", "HNK", "LUC", "TMD")

_FEATURE = (
    '{"type":"Feature","id":"%(number)d","geometry":{"type":"Polygon","coordinates":[[[%(west).5f,%(south).5f],'
    "[%(east).5f,%(south).5f],[%(east).5f,%(north).5f],[%(west).5f,%(north).5f],[%(west).5f,%(south).5f]]]},"
    '"properties":{"thuaDatId":%(number)d,"version":%(version)d,"isLastest":true,"xaId":%(commune)d,'
    '"soHieuToBanDo":"%(sheet)d","soThuTuThua":"%(parcel)d","xaIdCu":null,"soHieuToBanDoCu":"","soThuTuThuaCu":"",'
    '"maThuaDat":"%(national)s","dienTich":%(area).1f,"dienTichPhapLy":%(area).1f,'
    '"diaChi":"%(street)s, %(commune_name)s","laDoiTuongChiemDat":false,"dangTranhChap":false,'
    '"ListMucDichSuDung":[{"maMucDichSuDung":"%(use)s","dienTich":%(area).1f}],'
    '"ListGiayChungNhan":[{"soPhatHanh":"MS %(serial)06d","soVaoSo":"CS%(serial)06d"}],'
    '"ListChuSuDung":[{"loaiDoiTuong":1,"hoTen":"%(husband)s","maSoDinhDanh":"074075%(serial)06d","namSinh":1975},'
    '{"loaiDoiTuong":1,"hoTen":"%(wife)s","maSoDinhDanh":"074178%(serial)06d","namSinh":1978}],"ListHanChe":[],'
    '"CreatedDate":"2025-03-04T01:20:00Z","ModifiedDate":"%(modified)s"}}'
)


def feature(number: int, count: int, seed: int, *, changed: bool = False) -> bytes:
    """Return parcel `number` of `count` as GeoJSON; the changed form has another address and a later date."""
    draw = (number * 2_654_435_761 + seed * 40_503) % 4_294_967_291
    commune, commune_name, west, south = _COMMUNES[number % len(_COMMUNES)]
    west, south = west + draw % 9973 * 0.000009, south + draw % 9967 * 0.000009
    wide = 0.0001 + draw % 31 * 0.00001
    street = f"Đường Mẫu {draw % 97}"
    text = _FEATURE % {
        "number": number,
        "west": west,
        "south": south,
        "east": west + wide,
        "north": south + wide,
        "version": 2 if changed else 1,
        "commune": commune,
        "sheet": number // (len(_COMMUNES) * 100) + 1,
        "parcel": number // len(_COMMUNES) % 100 + 1,
        "national": geohash(west + wide / 2, south + wide / 2),
        "area": 45 + draw % 27_555 / 10,
        "street": f"{street} nối dài" if changed else street,
        "commune_name": commune_name,
        "use": _USES[draw % len(_USES)],
        "serial": number % 1_000_000,
        "husband": f"{_SURNAMES[draw % 12]} Văn Mẫu {_GIVEN[draw % 14]}",
        "wife": f"{_SURNAMES[draw % 11]} Thị Mẫu {_GIVEN[draw % 13]}",
        "modified": instant(modified(number, count, changed=changed)),
    }
    return text.encode()


def modified(number: int, count: int, *, changed: bool = False) -> datetime:
    """Return the time at which parcel `number` of `count` was last changed (UTC)."""
    return LATEST + timedelta(seconds=number + 1) if changed else LATEST - timedelta(minutes=count - number)


def is_changed(number: int) -> bool:
    """True if the benchmark changes parcel `number`."""
    return number % CHANGED_EACH == _FIRST_CHANGED


def changed_numbers(begin: int, end: int) -> range:
    """Return the numbers from `begin` up to `end` that are changed."""
    return range(begin + (_FIRST_CHANGED - begin) % CHANGED_EACH, end, CHANGED_EACH)


def instant(at: datetime) -> str:
    """Return an instant as the register writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def dossier(number: int, *, changed: bool = False) -> bytes:
    """Return dossier `number` as JSON; the changed form has another status."""
    document = {
        "code": f"000.00.05.H09-{260101 + number // 100_000:06d}-{number % 100_000:05d}",
        "procedure_code": "1.013225",
        "procedure_name": "Cấp giấy phép xây dựng mới công trình cấp III, cấp IV và nhà ở riêng lẻ",
        "status": 9 if changed else 4,
        "applicant_name": f"{_SURNAMES[number % 12].upper()} VĂN MẪU {_GIVEN[number % 14].upper()}",
        "summary": f"Xin phép xây dựng nhà ở tại thửa đất số {number}",
        "received_at": "2026-03-02T01:00:00Z",
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
