"""Wire format of the national portal's catalogue: upper-case keys, all values text, nested lists.

Observed in the responses of `LayDanhSachTTHC`, `LayThuTuc`, `LayDanhMucLinhVuc` and `LayDanhMucCoQuan` in
VietOpenCPS/opencps-v2 (2020) and a provincial one-stop client (2025). Levels: 0 ministry, 1 province, 2
district, 3 commune.
"""

from cchc_connect.testing.province.defects import WireItem
from cchc_connect.testing.province.dossiers import CONSTRUCTION_DEPARTMENT, LAND_DEPARTMENT
from cchc_connect.testing.province.facts import ProcedureFact
from cchc_connect.testing.province.procedures import PROCEDURE_FIELDS

_LEVELS = ("Cấp Bộ", "Cấp Tỉnh", "Cấp Quận/huyện", "Cấp Xã")
_ONLINE, _COUNTER = "2", "1"
_AGENCIES = (CONSTRUCTION_DEPARTMENT, LAND_DEPARTMENT)


def procedure_detail(procedure: ProcedureFact) -> WireItem:
    """Return a procedure in the format of `LayThuTuc`."""
    ministry_code = procedure.field_code[:3]
    return {
        "ID": f"9{procedure.source_id[2:8]}",
        "MATTHC": procedure.source_id,
        "TENTTHC": procedure.name,
        "TRANGTHAI": "1",
        "LOAITTHC": "0",
        "MACOQUANCONGBO": "000.00.00.H09",
        "QUYETDINH": f"{procedure.source_id[6:8]}/QĐ-UBND",
        "CAPTHUCHIEN": [{"CAPTHUCHIEN": str(procedure.level), "TENCAP": _LEVELS[procedure.level]}],
        "LINHVUCTHUCHIEN": [{"MALINHVUC": procedure.field_code, "TENLINHVUC": procedure.field_name}],
        "DOITUONGTHUCHIEN": [{"MADOITUONG": "1", "TENDOITUONG": "Công dân Việt Nam"}],
        "CACHTHUCTHUCHIEN": [_channel(procedure, channel) for channel in (_COUNTER, _ONLINE)],
        "THANHPHANHOSO": [{"TRUONGHOP": "", "GIAYTO": _documents(procedure, ministry_code)}],
        "KETQUATHUCHIEN": [
            {"MAKETQUA": f"KQ.{ministry_code}.{procedure.source_id[2:8]}", "TENKETQUA": _result(procedure)}
            | {"TENTEP": "", "URL": ""}
        ],
        "CANCUPHAPLY": [],
        "COQUANTHUCHIEN": [{"MADONVI": code, "TENDONVI": name} for code, name in _executing(procedure)],
        "YEUCAU": "",
        "MOTA": "",
    }


def procedure_list(details: list[WireItem]) -> list[WireItem]:
    """Return the codes and names of procedures, in the format of `LayDanhSachTTHC`."""
    return [{"MATTHC": item["MATTHC"], "TENTTHC": item["TENTTHC"]} for item in details]


def field_list() -> list[WireItem]:
    """Return the fields of administration (lĩnh vực) in the format of `LayDanhMucLinhVuc`."""
    return [{"MALINHVUC": code, "TENLINHVUC": name, "MANGANH": code[:3]} for code, name in PROCEDURE_FIELDS.items()]


def agency_list() -> list[WireItem]:
    """Return the agencies in the format of `LayDanhMucCoQuan`."""
    return [{"MADONVI": code, "TENDONVI": name, "CAPDONVI": "1"} for code, name in _AGENCIES]


def _channel(procedure: ProcedureFact, channel: str) -> WireItem:
    fee = {"MAPHILEPHI": "LP01", "SOTIEN": str(procedure.fee_vnd), "DONVI": "đồng", "MOTA": "Lệ phí"}
    processing_time = {
        "THOIGIANGIAIQUYET": str(procedure.working_days),
        "DONVITINH": "Ngày làm việc",
        "MOTA": "",
        "PHILEPHI": [fee],
    }
    return {"KENH": channel, "THOIGIAN": [processing_time]}


def _documents(procedure: ProcedureFact, ministry_code: str) -> list[WireItem]:
    # Invented numbers, different for each procedure and document.
    number = int(procedure.source_id[2:8]) % 100_000 * 10
    names = (f"Đơn đề nghị: {procedure.name}", "Bản sao giấy tờ tùy thân")
    return [
        {
            "MAGIAYTO": f"000.00.00.{ministry_code}-KQ{number + position:06d}",
            "TENGIAYTO": name,
            "TENMAUDON": "",
            "URL": "",
            "SOBANCHINH": "1" if position == 1 else "0",
            "SOBANSAO": "0" if position == 1 else "1",
        }
        for position, name in enumerate(names, start=1)
    ]


def _result(procedure: ProcedureFact) -> str:
    return "Giấy phép xây dựng" if procedure.permit_kind else f"Kết quả: {procedure.name}"


def _executing(procedure: ProcedureFact) -> list[tuple[str, str]]:
    if procedure.permit_kind:
        return [CONSTRUCTION_DEPARTMENT]
    return [LAND_DEPARTMENT] if procedure.field_code.startswith("G13") else []
