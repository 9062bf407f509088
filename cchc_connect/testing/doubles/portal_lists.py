"""Lists and flags of a dossier that the double of the national portal knows: their members and their values.

Observed in VietOpenCPS/opencps-v2 (2020) and two clients of 2025; the refusals are invented. A member that no client
sends is refused, so that a spelling mistake of ours does not pass.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

_YES_NO = frozenset({"0", "1"})
_WORDS = frozenset({"True", "False"})

VALUES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "HoSoCoThanhPhanSoHoa": _YES_NO,
        "TaiKhoanDuocXacThucVoiVNeID": _YES_NO,
        "DuocThanhToanTrucTuyen": frozenset("0123"),
        "NoiNopHoSo": frozenset("12"),
        "DuocSoHoa": _YES_NO,
        "DuocTaiSuDung": frozenset("012"),
        "DuocLayTuKhoDMQG": _YES_NO,
        "IsDeleted": _WORDS,
        "TrangThaiBoSung": _WORDS,
        "HinhThucThu": frozenset("124"),
        "LoaiPhiLePhi": frozenset("123"),
    }
)
"""Values of a member; a member that is there has one of them."""

MEMBERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "DinhDanhCHS": frozenset({"LoaiDinhDanh", "SoDinhDanh"}),
        "DSKetNoiCSDL": frozenset({"MaCSDL"}),
        "TaiLieuNop": frozenset(
            {
                *("TepDinhKemId", "TenTepDinhKem", "IsDeleted", "MaThanhPhanHoSo", "DuongDanTaiTepTin"),
                *("DuocSoHoa", "DuocTaiSuDung", "DuocLayTuKhoDMQG", "MaKetQuaThayThe"),
            }
        ),
        "DanhSachLePhi": frozenset({"TenPhiLePhi", "MaPhiLePhi", "HinhThucThu", "Gia", "LoaiPhiLePhi"}),
        "DanhSachTepDinhKemKhac": frozenset({"TenGiayTo", "SoLuong", "LoaiGiayTo"}),
        "DanhSachHoSoBoSung": frozenset(
            {
                *("HoSoBoSungId", "NguoiYeuCauBoSung", "NoiDungBoSung", "NgayBoSung", "NguoiTiepNhanBoSung"),
                *("ThongTinTiepNhan", "NgayTiepNhanBoSung", "TrangThaiBoSung", "DanhSachGiayToBoSung"),
                *("DanhSachLePhiBoSung", "NgayHenTraTruoc", "NgayHenTraMoi"),
            }
        ),
        "DanhSachGiayToKetQua": frozenset(
            {"TenGiayTo", "MaThanhPhanHoSo", "GiayToId", "DuongDanTepTinKetQua", "MaGiayToKetQua"}
        ),
    }
)
"""Members of the parts of each list."""


def check_lists(payload: Mapping[str, Any]) -> None:
    """Accept a dossier whose lists and flags have the observed form.

    Raises:
        ValueError: they have not; the text is the portal's message.
    """
    _check_values(payload)
    for name, members in MEMBERS.items():
        listed = payload.get(name, [])
        for part in cast("Sequence[object]", listed) if isinstance(listed, list) else (None,):
            if not isinstance(part, dict) or not cast("dict[str, Any]", part).keys() <= members:
                raise ValueError(f"Trường {name} có thành phần không hợp lệ")
            _check_values(cast("Mapping[str, Any]", part))


def _check_values(part: Mapping[str, Any]) -> None:
    for name, values in VALUES.items():
        if name in part and part[name] not in values:
            raise ValueError(f"Trường {name} không hợp lệ")
