"""The national portal's vocabulary: UPPER CASE in its catalogue, PascalCase in what it is sent.

Field by field as observed in VietOpenCPS/opencps-v2 (2020) and a provincial client (2025); fields added after
QĐ 766/QĐ-TTg (2022) are sent where the record knows them. Statuses go out as they are: the habit of
reporting 5, 6 and 8 as 9, to look on time, is not imitated.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cchc_schemas import Dossier, DossierStep

from cchc_connect.adapter import Item
from cchc_connect.codecs import COMPACT, Unreadable, as_list, number, slashed_date, text, truncated, written_instant

HANDLER_LIMIT, SUMMARY_LIMIT = 50, 1000
PUBLIC = "1"
BY_POST, AT_THE_COUNTER = "1", "0"
UNNAMED_OFFICIAL = "Chuyên viên"
_IDENTITY_KINDS = ((re.compile(r"\d{12}"), "1"), (re.compile(r"\d{9}"), "2"))


def procedure_fields(item: Item) -> Mapping[str, object]:
    """Return a procedure's fields from an answer of LayThuTuc."""
    field = next(_rows(item, "LINHVUCTHUCHIEN"), {})
    state = text(item.get("TRANGTHAI"))
    return {
        "code": text(item.get("MATTHC")),
        "name": text(item.get("TENTTHC")),
        "field_code": text(field.get("MALINHVUC")),
        "field_name": text(field.get("TENLINHVUC")),
        "levels": [text(row.get("CAPTHUCHIEN")) for row in _rows(item, "CAPTHUCHIEN")],
        "is_public": None if state is None else state == PUBLIC,
        "kind": text(item.get("LOAITTHC")),
        "decision_number": text(item.get("QUYETDINH")),
        "channels": [
            {"channel": text(row.get("KENH")), "terms": [_term(term) for term in _rows(row, "THOIGIAN")]}
            for row in _rows(item, "CACHTHUCTHUCHIEN")
        ],
        "components": [
            _component(paper, text(case.get("TRUONGHOP")))
            for case in _rows(item, "THANHPHANHOSO")
            for paper in _rows(case, "GIAYTO")
        ],
        "results": [
            {"code": text(row.get("MAKETQUA")), "name": text(row.get("TENKETQUA"))}
            for row in _rows(item, "KETQUATHUCHIEN")
        ],
        "legal_bases": [_legal_basis(row) for row in _rows(item, "CANCUPHAPLY")],
        "executing_agencies": [
            {"code": text(row.get("MADONVI")), "name": text(row.get("TENDONVI"))}
            for row in _rows(item, "COQUANTHUCHIEN")
        ],
        "requirements": text(item.get("YEUCAU")),
    }


def missing_fields(dossier: Dossier) -> Iterator[str]:
    """Yield what keeps a dossier from being sent: a required value that is not known, an irregular code."""
    required = ("procedure_name", "field_code", "field_name", "agency_name")
    yield from (f"{name}_missing" for name in required if getattr(dossier, name) is None)
    irregular = {note.path for note in dossier.irregularities()}
    yield from (f"{name}_irregular" for name in ("code", "procedure_code") if name in irregular)


def dossier_payload(dossier: Dossier, submitted_at: str) -> Mapping[str, object]:
    """Return a dossier as DongBoHoSoMC takes it: everything text, times local, "" for nothing."""
    identity = dossier.applicant_id or ""
    kinds = [kind for pattern, kind in _IDENTITY_KINDS if pattern.fullmatch(identity)]
    return {
        "MaHoSo": dossier.code,
        "MaTTHC": dossier.procedure_code,
        "TenTTHC": dossier.procedure_name or "",
        "MaLinhVuc": dossier.field_code or "",
        "TenLinhVuc": dossier.field_name or "",
        "KenhThucHien": _code(dossier.channel),
        "ChuHoSo": dossier.applicant_name or "",
        "LoaiDoiTuong": _code(dossier.applicant_kind),
        "MaDoiTuong": "",
        "SoGiayToChuHoSo": identity,
        "DinhDanhCHS": [{"LoaiDinhDanh": kind, "SoDinhDanh": identity} for kind in kinds],
        "Email": dossier.applicant_email or "",
        "SoDienThoai": dossier.applicant_phone or "",
        "TrichYeuHoSo": truncated(dossier.summary or "", SUMMARY_LIMIT),
        "NgayNopHoSo": written_instant(dossier.submitted_at or dossier.received_at, COMPACT),
        "NgayTiepNhan": written_instant(dossier.received_at, COMPACT),
        "NgayHenTra": written_instant(dossier.due_at, COMPACT),
        "NgayKetThucXuLy": written_instant(dossier.processed_at, COMPACT),
        "NgayTra": written_instant(dossier.returned_at, COMPACT),
        "TrangThaiHoSo": _code(dossier.status),
        "HinhThuc": BY_POST if dossier.return_by_post else AT_THE_COUNTER,
        "DonViXuLy": dossier.processing_unit or dossier.agency_name or "",
        "NoiNopHoSo": submitted_at,
        "TaiLieuNop": [],
        "DanhSachLePhi": [],
        "DanhSachTepDinhKemKhac": [],
        "DanhSachHoSoBoSung": [],
        "DanhSachGiayToKetQua": [],
    }


def step_payload(step: DossierStep) -> Mapping[str, object]:
    """Return a step as CapNhatTienDoHoSoMC takes it."""
    return {
        "MaHoSo": step.dossier_code,
        "NguoiXuLy": truncated(step.handler_name or UNNAMED_OFFICIAL, HANDLER_LIMIT),
        "ChucDanh": step.handler_title or "",
        "ThoiDiemXuLy": written_instant(step.at, COMPACT),
        "PhongBanXuLy": step.department or "",
        "NoiDungXuLy": step.action,
        "TrangThai": _code(step.status),
        "NgayBatDau": written_instant(step.started_at, COMPACT),
        "NgayKetThucTheoQuyDinh": written_instant(step.due_at, COMPACT),
    }


def _code(value: int | None) -> str:
    return "" if value is None else str(int(value))


def _rows(item: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    return (row for row in as_list(item.get(name)) if isinstance(row, Mapping))


def _term(row: Mapping[str, Any]) -> Mapping[str, object]:
    duration, raw = _number_or_prose(row.get("THOIGIANGIAIQUYET"))
    fees = [_fee(fee) for fee in _rows(row, "PHILEPHI")]
    unit, description = text(row.get("DONVITINH")), text(row.get("MOTA"))
    return {"duration": duration, "unit": unit, "raw": raw, "description": description, "fees": fees}


def _fee(row: Mapping[str, Any]) -> Mapping[str, object]:
    amount, raw = _number_or_prose(row.get("SOTIEN"))
    code, description = text(row.get("MAPHILEPHI")), text(row.get("MOTA"))
    return {"code": code, "amount_vnd": amount, "raw": raw, "description": description}


def _number_or_prose(value: object) -> tuple[object, object]:
    """Return a number, or the source's own words where it wrote none."""
    amount = number(value, ",")
    return (None, text(value)) if isinstance(amount, Unreadable) else (amount, None)


def _component(row: Mapping[str, Any], case: object) -> Mapping[str, object]:
    return {
        "code": text(row.get("MAGIAYTO")),
        "name": text(row.get("TENGIAYTO")),
        "case": case,
        "originals": text(row.get("SOBANCHINH")),
        "copies": text(row.get("SOBANSAO")),
    }


def _legal_basis(row: Mapping[str, Any]) -> Mapping[str, object]:
    return {
        "number": text(row.get("SOVANBAN")),
        "name": text(row.get("TENVANBAN")),
        "issued_on": slashed_date(row.get("NGAYBANHANH")),
        "effective_on": slashed_date(row.get("NGAYHIEULUC")),
        "issuer": text(row.get("COQUANBANHANH")),
    }
