"""Dossiers and progress steps that the double of the national portal receives: validates them, keeps them in memory.

Sources: VietOpenCPS/opencps-v2 (2020), a provincial one-stop client (2025) and a Hà Giang client. Only
"đã tồn tại" and "thành công" were observed in its messages; the other wording, and the code for "không tồn tại", are
invented. A message with several dossiers or steps is accepted or refused as a unit. An update replaces the members that
it has, lists as a whole, and keeps those that it leaves out; an empty list empties (invented, as the hardest reading).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast

from cchc_connect.testing.doubles.portal_lists import check_lists

MAX_STEPS = 10
MAX_HANDLER_NAME = 50

_STATUSES = frozenset(str(code) for code in range(1, 11))
_DOSSIER_FIELDS = (
    "MaHoSo",
    "MaTTHC",
    "TenTTHC",
    "MaLinhVuc",
    "TenLinhVuc",
    "ChuHoSo",
    "LoaiDoiTuong",
    "NgayTiepNhan",
    "TrangThaiHoSo",
    "HinhThuc",
    "DonViXuLy",
)
"""Must be present; may be ""."""
_STEP_FIELDS = ("MaHoSo", "NguoiXuLy", "ThoiDiemXuLy", "NoiDungXuLy", "TrangThai")
"""Must be present and not ""."""
_INVALID, _MISSING, _EXISTS, _DONE, _DONE_AS_TEXT = "-1", "3", "-3", "0", "00"

Payload = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class InboxVerdict:
    """Result of a message."""

    error_code: str
    message: str
    changed_state: bool = False


class _Invalid(ValueError):  # becomes a response, no failure of the double
    """The message breaks a rule of form."""


class PortalInbox:
    """Stores dossiers by their code, and steps in order of arrival."""

    def __init__(self) -> None:
        self._dossiers: dict[str, Payload] = {}
        self._steps: dict[str, Payload] = {}
        self.message_count = 0
        """How many dossiers and steps arrived, including refused and repeated ones."""
        self.change_count = 0
        """How many of them changed something."""

    @property
    def dossiers(self) -> Mapping[str, Payload]:
        """Each dossier as its messages have left it, by its code."""
        return MappingProxyType(self._dossiers)

    @property
    def steps(self) -> Sequence[Payload]:
        """Every accepted step, without repetitions, in order of arrival."""
        return tuple(self._steps.values())

    def receive_dossiers(self, message: Payload) -> InboxVerdict:
        """Receive a message of `DongBoHoSoMC`: new or updated dossiers."""
        try:
            payloads = self._payloads(message)
            updating = _is_updating(message)
            for payload in payloads:
                _check_dossier(payload)
        except _Invalid as invalid:
            return InboxVerdict(error_code=_INVALID, message=str(invalid))
        for payload in payloads:
            if (payload["MaHoSo"] in self._dossiers) is not updating:
                return _existence_error(payload["MaHoSo"], updating=updating)
        for payload in payloads:
            before = self._dossiers.get(payload["MaHoSo"], {})
            after = {**before, **payload}
            self.change_count += after != before
            self._dossiers[payload["MaHoSo"]] = after
        return InboxVerdict(error_code=_DONE, message="Đồng bộ hồ sơ thành công", changed_state=True)

    def receive_steps(self, message: Payload) -> InboxVerdict:
        """Receive a message of `CapNhatTienDoHoSoMC`: progress steps; a repeated step changes nothing."""
        try:
            payloads = self._payloads(message)
            _check_steps(payloads)
        except _Invalid as invalid:
            return InboxVerdict(error_code=_INVALID, message=str(invalid))
        for payload in payloads:
            if payload["MaHoSo"] not in self._dossiers:
                return _existence_error(payload["MaHoSo"], updating=True)
        count_before = len(self._steps)
        for payload in payloads:
            self._steps.setdefault(json.dumps(payload, sort_keys=True), payload)
        self.change_count += len(self._steps) - count_before
        return InboxVerdict(error_code=_DONE_AS_TEXT, message="Cập nhật tiến độ hồ sơ thành công", changed_state=True)

    def _payloads(self, message: Payload) -> list[Payload]:
        members = message.get("data")
        if not isinstance(members, list):
            raise _Invalid("Trường data phải là danh sách")
        payloads = [cast("Payload", member) for member in cast("list[object]", members) if isinstance(member, dict)]
        self.message_count += len(payloads)
        if len(payloads) != len(cast("list[object]", members)):
            raise _Invalid("Trường data phải là danh sách các đối tượng")
        return payloads


def _existence_error(code: str, *, updating: bool) -> InboxVerdict:
    if updating:
        return InboxVerdict(error_code=_MISSING, message=f"Hồ sơ {code} không tồn tại")
    return InboxVerdict(error_code=_EXISTS, message=f"Hồ sơ {code} đã tồn tại")


def _is_updating(message: Payload) -> bool:
    flag = message.get("isUpdating")
    if flag not in {"True", "False"}:
        raise _Invalid("Trường isUpdating phải là chuỗi True hoặc False")
    return bool(flag == "True")


def _check_dossier(payload: Payload) -> None:
    _check_values(payload)
    for name in _DOSSIER_FIELDS:
        if name not in payload:
            raise _Invalid(f"Thiếu trường {name}")
    for name in ("MaHoSo", "MaTTHC"):
        if not payload[name]:
            raise _Invalid(f"Trường {name} không được để trống")
    if payload["TrangThaiHoSo"] not in _STATUSES:
        raise _Invalid("Trường TrangThaiHoSo không hợp lệ")
    try:
        check_lists(payload)
    except ValueError as error:
        raise _Invalid(str(error)) from error


def _check_steps(payloads: Sequence[Payload]) -> None:
    if len(payloads) > MAX_STEPS:
        raise _Invalid(f"Mỗi lần chỉ nhận tối đa {MAX_STEPS} bước xử lý")
    for payload in payloads:
        _check_step(payload)


def _check_step(payload: Payload) -> None:
    _check_values(payload)
    for name in _STEP_FIELDS:
        if not payload.get(name):
            raise _Invalid(f"Trường {name} không được để trống")
    if len(payload["NguoiXuLy"]) > MAX_HANDLER_NAME:
        raise _Invalid(f"Trường NguoiXuLy dài quá {MAX_HANDLER_NAME} ký tự")
    if payload["TrangThai"] not in _STATUSES:
        raise _Invalid("Trường TrangThai không hợp lệ")


def _check_values(payload: Payload) -> None:
    for name, value in _scalars(payload):
        if not isinstance(value, str):
            raise _Invalid(f"Trường {name} phải là chuỗi")
        if value and name.startswith(("Ngay", "ThoiDiem")) and not _is_moment(value):
            raise _Invalid(f"Trường {name} không đúng định dạng yyyyMMddHHmmss")


def _scalars(payload: Payload) -> Iterator[tuple[str, object]]:
    for name, value in payload.items():
        if not isinstance(value, list):
            yield name, value
            continue
        for member in cast("list[object]", value):
            if isinstance(member, dict):
                yield from _scalars(cast("Payload", member))
            else:
                yield name, member


def _is_moment(text: str) -> bool:
    try:
        at = datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007  # only its form is checked
    except ValueError:
        return False
    return f"{at:%Y%m%d%H%M%S}" == text
