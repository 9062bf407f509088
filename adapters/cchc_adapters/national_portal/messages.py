"""Write dossiers and their steps in the form of the national portal.

Field names, limits and value forms as observed in VietOpenCPS/opencps-v2 (2020) and a provincial client
(2025): every value is text, a missing one "", times are yyyyMMddHHmmss in Vietnamese time. A status is sent
unchanged; the observed practice of reporting 5, 6 and 8 as 9 to appear on time is not followed.

An update never empties what the portal has and we know nothing of: a value that is missing is left out of it, as the
observed clients do, unless they always fill the member, or the status says that there is none.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from cchc_adapters.national_portal.dossier_lists import known_members
from cchc_connect.wire.codecs import compact_local, truncated
from cchc_schemas import Dossier, DossierStatus, DossierStep
from cchc_schemas.identity_numbers import irregularity, is_placeholder

MAX_HANDLER_LENGTH = 50
MAX_SUMMARY_LENGTH = 1000
"""Longest texts that the provincial client sends, in characters; the portal's own limits are unverified."""

NOT_RECEIVED = frozenset({DossierStatus.REGISTERED, DossierStatus.REFUSED, DossierStatus.WITHDRAWN})
"""Statuses in which a dossier may have no day of receipt."""

REQUIRED_FIELDS = ("TenTTHC", "MaLinhVuc", "TenLinhVuc", "LoaiDoiTuong", "DonViXuLy")
"""Fields that every observed client fills."""

ALWAYS_SENT = frozenset(
    {
        *REQUIRED_FIELDS,
        *("MaHoSo", "MaTTHC", "ChuHoSo", "NgayTiepNhan", "TrangThaiHoSo", "HinhThuc"),
    }
)
"""Members that every observed client sends, if need be blank."""

RUNNING = frozenset(
    {
        *(DossierStatus.REGISTERED, DossierStatus.RECEIVED, DossierStatus.IN_PROCESS),
        *(DossierStatus.SUPPLEMENT_REQUESTED, DossierStatus.PAYMENT_REQUESTED),
    }
)
"""Statuses in which processing has not ended, or goes on again."""

Payload = dict[str, object]

_NATIONAL_CODE = re.compile(r"[0-9]\.[0-9]{6}(?:-[0-9A-Z]+)?")
"""National procedure code; codes under test have a suffix, as in 1.001612-TH2."""


def national_code(code: str, codes: Mapping[str, str]) -> str | None:
    """Return the national code of a procedure; None for a local code that is not in `codes`.

    >>> national_code("1.013225", {}), national_code("GPXD01", {"GPXD01": "1.013225"}), national_code("GPXD01", {})
    ('1.013225', '1.013225', None)
    """
    code = codes.get(code, code)
    return code if _NATIONAL_CODE.fullmatch(code) else None


def missing_field(payload: Payload, status: DossierStatus) -> str | None:
    """Return the name of the first blank required field; None if there is none."""
    required = REQUIRED_FIELDS if status in NOT_RECEIVED else (*REQUIRED_FIELDS, "NgayTiepNhan")
    return next((name for name in required if not payload[name]), None)


def dossier_payload(
    dossier: Dossier,
    code: str,
    identity_kinds: Mapping[str, str],
    *,
    constants: Mapping[str, str] = MappingProxyType({}),
    updating: bool = False,
) -> Payload:
    """Return the payload of a dossier for DongBoHoSoMC.

    Args:
        dossier: the record to send.
        code: the national code of its procedure.
        identity_kinds: LoaiDinhDanh by the number of digits of the identity number.
        constants: members that the site fills alike in every message, unless the record knows better.
        updating: whether the portal has the dossier, so that what is not known is left out.
    """
    payload = _head(dossier, code, identity_kinds)
    if updating:
        blank = ALWAYS_SENT | _known_to_be_none(dossier.status)
        payload = {name: value for name, value in payload.items() if value or name in blank}
    return {**payload, **constants, **known_members(dossier)}


def _known_to_be_none(status: DossierStatus) -> frozenset[str]:
    """Return the dates that a dossier in this status cannot have: they are blank, and not unknown."""
    if status in RUNNING:
        return frozenset({"NgayKetThucXuLy", "NgayTra"})
    return frozenset({"NgayTra"} if status is DossierStatus.PROCESSED else ())


def _head(dossier: Dossier, code: str, identity_kinds: Mapping[str, str]) -> Payload:
    return {
        "MaHoSo": dossier.code,
        "MaTTHC": code,
        "TenTTHC": dossier.procedure_name or "",
        "MaLinhVuc": dossier.field_code or "",
        "TenLinhVuc": dossier.field_name or "",
        "KenhThucHien": _number(dossier.channel),
        **_applicant(dossier, identity_kinds),
        "ThongTinKhac": "",
        "TrichYeuHoSo": truncated(dossier.summary or "", MAX_SUMMARY_LENGTH),
        "NgayNopHoSo": compact_local(dossier.submitted_at),
        "NgayTiepNhan": compact_local(dossier.received_at),
        "NgayHenTra": compact_local(dossier.due_at),
        "TrangThaiHoSo": _number(dossier.status),
        "NgayTra": compact_local(dossier.returned_at),
        "ThongTinTra": "",
        "HinhThuc": "1" if dossier.return_by_post else "0",
        "NgayKetThucXuLy": compact_local(dossier.processed_at),
        "DonViXuLy": dossier.processing_unit or dossier.agency_name or "",
        "GhiChu": "",
    }


def _applicant(dossier: Dossier, identity_kinds: Mapping[str, str]) -> Payload:
    stated = dossier.applicant_id or ""
    number = "" if is_placeholder(stated) else stated
    is_regular = number.isdecimal() and irregularity(number) is None
    kind = identity_kinds.get(str(len(number))) if is_regular else None
    return {
        "ChuHoSo": dossier.applicant_name or "",
        "LoaiDoiTuong": _number(dossier.applicant_kind),
        "MaDoiTuong": "",
        "SoGiayToChuHoSo": number,
        **({"DinhDanhCHS": [{"LoaiDinhDanh": kind, "SoDinhDanh": number}]} if kind else {}),
        "Email": dossier.applicant_email or "",
        "Fax": "",
        "SoDienThoai": dossier.applicant_phone or "",
    }


def step_payload(step: DossierStep, default_handler: str) -> Payload:
    """Return the payload of a step for CapNhatTienDoHoSoMC; an unnamed official becomes `default_handler`."""
    return {
        "MaHoSo": step.dossier_code,
        "NguoiXuLy": truncated(step.handler_name or default_handler, MAX_HANDLER_LENGTH),
        "ChucDanh": step.handler_title or "",
        "ThoiDiemXuLy": compact_local(step.at),
        "PhongBanXuLy": step.department or "",
        "NoiDungXuLy": step.action,
        "TrangThai": _number(step.status),
        "NgayBatDau": compact_local(step.started_at),
        "NgayKetThucTheoQuyDinh": compact_local(step.due_at),
    }


def _number(code: int | None) -> str:
    return "" if code is None else str(int(code))
