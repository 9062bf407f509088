"""Wire format of a VBDLIS land parcel: attribute names and value formats.

Names were read in haitnmt/Vbdlis-Tools (models of VBDLIS's JSON). The commune is a number, as there, so a code loses
its leading zeros. Days are "dd/MM/yyyy", instants ISO 8601 in UTC, areas m².
"""

from datetime import UTC, date, datetime

from cchc_connect.testing.province.defects import WireItem
from cchc_connect.testing.province.facts import HolderFact, ParcelFact, Party


def parcel_properties(parcel: ParcelFact) -> WireItem:
    """Return a parcel in the format of VBDLIS."""
    previous = parcel.previous
    return {
        "thuaDatId": int(parcel.source_id),
        "version": parcel.version,
        "isLastest": True,
        "xaId": int(parcel.numbering.commune),
        "soHieuToBanDo": parcel.numbering.sheet,
        "soThuTuThua": parcel.numbering.number,
        "xaIdCu": int(previous.commune) if previous else None,
        "soHieuToBanDoCu": previous.sheet if previous else "",
        "soThuTuThuaCu": previous.number if previous else "",
        "maThuaDat": parcel.national_id,
        "dienTich": float(parcel.area),
        "dienTichPhapLy": float(parcel.legal_area),
        "diaChi": parcel.address,
        "laDoiTuongChiemDat": parcel.is_encroached,
        "dangTranhChap": parcel.in_dispute,
        "ListMucDichSuDung": _uses(parcel),
        "ListGiayChungNhan": _certificates(parcel),
        "ListChuSuDung": [_holder(holder) for holder in parcel.holders],
        "ListHanChe": _restrictions(parcel),
        "CreatedDate": iso_instant(parcel.created_at),
        "ModifiedDate": iso_instant(parcel.changed_at),
    }


def iso_instant(at: datetime) -> str:
    """Return an instant in UTC, to the second, with a Z."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _uses(parcel: ParcelFact) -> list[WireItem]:
    return [
        {
            "maMucDichSuDung": use.code,
            "dienTich": float(use.area),
            "soThuTu": position,
            "thoiHanSuDung": f"Đến ngày {_day(use.expires_on)}" if use.expires_on else "Lâu dài",
            "ngayHetHanSuDung": _day(use.expires_on),
            "nguonGoc": [{"nguonGoc": use.origin, "dienTich": float(use.area)}],
        }
        for position, use in enumerate(parcel.uses, start=1)
    ]


def _certificates(parcel: ParcelFact) -> list[WireItem]:
    return [
        {
            "giayChungNhanId": certificate.certificate_id,
            "soPhatHanh": certificate.serial,
            "soVaoSo": certificate.book_number,
            "ngayVaoSo": _day(certificate.issued_on),
            "soBienNhan": certificate.dossier_code or "",
        }
        for certificate in parcel.certificates
    ]


def _holder(holder: HolderFact) -> WireItem:
    party = holder.party
    shared = {"loaiDoiTuong": holder.kind, "vaiTro": holder.role, "diaChi": party.address}
    return shared | (_company(party) if party.is_company else _person(party))


def _company(party: Party) -> WireItem:
    return {"tenToChuc": party.name, "maSoThue": party.id_number}


def _person(party: Party) -> WireItem:
    return {
        "hoTen": party.name,
        "maSoDinhDanh": party.id_number,
        "ngaySinh": None if party.birth_year_only else _day(party.birth),
        "namSinh": party.birth.year if party.birth else None,
    }


def _restrictions(parcel: ParcelFact) -> list[WireItem]:
    return [
        {
            "loaiHanChe": restriction.kind,
            "soVanBan": restriction.document_number,
            "ngayBanHanh": _day(restriction.issued_on),
            "dienTich": float(restriction.area),
            "conHieuLuc": True,
        }
        for restriction in parcel.restrictions
    ]


def _day(day: date | None) -> str | None:
    return f"{day:%d/%m/%Y}" if day else None
