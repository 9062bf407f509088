"""What a message to the national portal says of a dossier beyond its head: rounds, fees, papers, results and flags.

Only what is known is said. A list or flag of which nothing is known is left out of the message, because nobody knows
whether the portal reads an empty one as "none": the one-stop system may have sent it before. A list that is known to be
empty is sent empty.

Sources: members as observed in VietOpenCPS/opencps-v2 (2020) and a provincial client (2025). The lists of papers and
fees within a supplement round are left out: their form was never seen.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cchc_connect.wire.codecs import compact_local, truncated
from cchc_schemas import Dossier, DossierFee, OtherPaper, ResultPaper, SubmittedPaper, SupplementRound

MAX_FILE_NAME_LENGTH = 4000
MAX_PAPER_NAME_LENGTH = 2000
"""Longest names that the provincial client sends, in characters; the portal's own limits are unverified."""

Payload = dict[str, object]


def known_members(dossier: Dossier) -> Payload:
    """Return the members of a dossier's message that only some sources know, as far as they are known."""
    stated = {
        "SoBienNhan": dossier.receipt_number,
        "NgayTuChoi": compact_local(dossier.refused_at),
        "NoiNopHoSo": dossier.submitted_via,
        "HoSoCoThanhPhanSoHoa": _flag(dossier.has_digitised_components),
        "TaiKhoanDuocXacThucVoiVNeID": _flag(dossier.is_authenticated),
        "DuocThanhToanTrucTuyen": dossier.payment,
        "DSKetNoiCSDL": _listed(dossier.national_databases, lambda code: {"MaCSDL": code}),
        "TaiLieuNop": _listed(dossier.submitted_papers, _submitted_paper),
        "DanhSachLePhi": _listed(dossier.fees, _fee),
        "DanhSachTepDinhKemKhac": _listed(dossier.other_papers, _other_paper),
        "DanhSachHoSoBoSung": _listed(dossier.supplements, _supplement),
        "DanhSachGiayToKetQua": _listed(dossier.result_papers, _result_paper),
    }
    return {name: value for name, value in stated.items() if value not in (None, "")}


def _supplement(supplement: SupplementRound) -> Payload:
    return {
        "HoSoBoSungId": supplement.number or "",
        "NguoiYeuCauBoSung": supplement.asked_by or "",
        "NoiDungBoSung": supplement.request or "",
        "NgayBoSung": compact_local(supplement.asked_at),
        "NguoiTiepNhanBoSung": supplement.received_by or "",
        "ThongTinTiepNhan": supplement.reception_note or "",
        "NgayTiepNhanBoSung": compact_local(supplement.supplied_at),
        **_known(TrangThaiBoSung=_word(supplement.is_supplied)),
        "NgayHenTraTruoc": compact_local(supplement.due_before),
        "NgayHenTraMoi": compact_local(supplement.due_after),
    }


def _fee(fee: DossierFee) -> Payload:
    amount = "" if fee.amount_vnd is None else f"{fee.amount_vnd.normalize():f}"
    return {
        "TenPhiLePhi": fee.name or "",
        "MaPhiLePhi": fee.code or "",
        "Gia": amount,
        **_known(HinhThucThu=fee.collected, LoaiPhiLePhi=fee.kind),
    }


def _submitted_paper(paper: SubmittedPaper) -> Payload:
    return {
        "TepDinhKemId": paper.file_id or "",
        "TenTepDinhKem": truncated(paper.file_name or "", MAX_FILE_NAME_LENGTH),
        "MaThanhPhanHoSo": paper.component_code or "",
        "DuongDanTaiTepTin": paper.file_link or "",
        **_known(
            IsDeleted=_word(paper.is_deleted),
            DuocSoHoa=_flag(paper.is_digitised),
            DuocTaiSuDung=paper.reuse,
            DuocLayTuKhoDMQG=_flag(paper.is_from_national_store),
            MaKetQuaThayThe=paper.replaced_result_code,
        ),
    }


def _other_paper(paper: OtherPaper) -> Payload:
    quantity = "" if paper.quantity is None else str(paper.quantity)
    name = truncated(paper.name, MAX_PAPER_NAME_LENGTH)
    return {"TenGiayTo": name, "SoLuong": quantity, "LoaiGiayTo": paper.kind or ""}


def _result_paper(paper: ResultPaper) -> Payload:
    return {
        "TenGiayTo": truncated(paper.name or "", MAX_PAPER_NAME_LENGTH),
        "MaThanhPhanHoSo": paper.component_code or "",
        "GiayToId": paper.paper_id or "",
        "DuongDanTepTinKetQua": paper.file_link or "",
        **_known(MaGiayToKetQua=paper.result_code),
    }


def _listed(parts: Sequence[Any] | None, payload: Callable[[Any], Payload]) -> list[Payload] | None:
    return None if parts is None else [payload(part) for part in parts]


def _known(**members: str | None) -> Mapping[str, str]:
    return {name: value for name, value in members.items() if value is not None}


def _flag(value: bool | None) -> str | None:  # noqa: FBT001  # it is the value that is written
    return None if value is None else str(int(value))


def _word(value: bool | None) -> str | None:  # noqa: FBT001  # as above
    return None if value is None else str(value)
