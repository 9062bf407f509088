"""Records of an agency whose withheld fields hold 50 signs (canaries), each found nowhere else."""

from collections.abc import Mapping, Sequence
from typing import Any

from cchc_schemas import RECORD_TYPES, LandParcel, Record, from_document
from cchc_schemas.record_paths import leaves
from tests.sharing.invented_agreements import PARCEL, PROCEDURE

CASE = "000.00.07.H09-260801-0077"
"""Code of the dossier with signs."""

WITHHELD: Mapping[str, str] = {
    "land_parcel.national_id": "w3gvk1h2m8q7",
    "land_parcel.area_m2": "73519.37",
    "land_parcel.legal_area_m2": "73518.46",
    "land_parcel.address": "Ngõ Chim Hoàng Yến 8101",
    "land_parcel.uses.area_m2": "73517.59",
    "land_parcel.uses.term": "Đến hết thời hạn 8102",
    "land_parcel.uses.origin": "Nhận tặng cho 8103",
    "land_parcel.certificates.book_number": "CS 08104",
    "land_parcel.holders.name": "Lục Thị Chim Sâu",
    "land_parcel.holders.id_number": "074013008105",
    "land_parcel.holders.birth": "1913-07-19",
    "land_parcel.holders.address": "Hẻm Chim Khuyên 8106",
    "land_parcel.restrictions.document_number": "8107/QĐ-HC",
    "land_parcel.restrictions.note": "Ngăn chặn theo đơn 8108",
    "land_parcel.geometry.coordinates": "106.673195",
    "construction_permit.permit_number": "8201/GPXD",
    "construction_permit.investor_name": "Tống Văn Chim Cắt",
    "construction_permit.investor_code": "074013008202",
    "construction_permit.address": "Phố Chim Sáo 8203",
    "construction_permit.authority": "Phòng cấp phép 8204",
    "construction_permit.land_document.number": "GCN 8205/2019",
    "construction_permit.expires_on": "2041-03-23",
    "construction_works.kind": "Nhà xưởng 8301",
    "construction_works.address": "Đường Chim Én 8302",
    "procedure.decision_number": "8401/QĐ-UBND",
    "procedure.requirements": "Yêu cầu riêng 8402",
    "procedure.components.name": "Giấy tờ 8403",
    "procedure.legal_bases.name": "Văn bản 8404",
    "procedure.legal_bases.issuer": "Cơ quan ban hành 8405",
    "dossier.applicant_name": "Khổng Thị Chim Ri",
    "dossier.applicant_id": "074013008501",
    "dossier.applicant_phone": "0913008502",
    "dossier.applicant_email": "chim.ri.8503@mail.example",
    "dossier.summary": "Xin cấp phép theo đơn 8504",
    "dossier.receipt_number": "BN 8505/2026",
    "dossier.processing_unit": "Tổ thụ lý 8506",
    "dossier.source_status": "Đang chờ bàn 8507",
    "dossier.supplements.asked_by": "Doãn Văn Chim Gáy",
    "dossier.supplements.request": "Bổ sung bản vẽ 8508",
    "dossier.supplements.received_by": "Ninh Thị Chim Cu",
    "dossier.supplements.reception_note": "Đã nhận đủ 8509",
    "dossier.fees.name": "Lệ phí 8510",
    "dossier.submitted_papers.file_name": "don-chim-ri-8511.pdf",
    "dossier.submitted_papers.file_link": "https://files.example/8512",
    "dossier.other_papers.name": "Ảnh chụp 8513",
    "dossier.result_papers.name": "Quyết định cho Chim Ri 8514",
    "dossier_step.handler_name": "Mạc Văn Chim Cốc",
    "dossier_step.handler_title": "Chuyên viên bậc 8601",
    "dossier_step.department": "Bàn số 8602",
    "dossier_step.note": "Ghi chú nội bộ 8603",
}
"""Field, written `record_type.path` -> the sign that it holds."""

GRANTED: Mapping[str, str] = {
    "land_parcel": "AB917351",
    "construction_permit": "Nhà ở mang dấu 9202",
    "construction_works": "Kho mang dấu 9302",
    "procedure": "Thủ tục mang dấu 9402",
    "dossier": "Lĩnh vực mang dấu 9502",
    "dossier_step": "Bước mang dấu 9602",
}
"""Record type -> a sign in a field that is granted."""

RECORDS = tuple(GRANTED)

_LEAVES = {f"{name}.{path}": leaf for name in RECORDS for path, leaf in leaves(RECORD_TYPES[name]).items()}

PERSONAL = frozenset(name for name in WITHHELD if _LEAVES[name].mark)
"""The withheld fields that are personal; the operator's own views mask these and show the others."""


def fields(record_type: str) -> dict[str, Any]:
    """Return the withheld fields of a record without parts, with their signs."""
    prefix = f"{record_type}."
    named = {name.removeprefix(prefix): sign for name, sign in WITHHELD.items() if name.startswith(prefix)}
    return {path: sign for path, sign in named.items() if "." not in path}


def part(name: str) -> dict[str, str]:
    """Return the withheld fields of a part, written `record_type.part`."""
    return {field.removeprefix(f"{name}."): sign for field, sign in WITHHELD.items() if field.startswith(f"{name}.")}


def marked_parcel() -> LandParcel:
    """Return the parcel with signs."""
    parcel: dict[str, Any] = {**PARCEL, "previous_keys": [], "parcel_number": "917", **fields("land_parcel")}
    point = {"type": "Point", "coordinates": [float(part("land_parcel.geometry")["coordinates"]), 11.0]}
    document = {
        **parcel,
        "uses": [{"code": "ODT", "catalogue": "TT 08/2024/TT-BTNMT", **part("land_parcel.uses")}],
        "certificates": [{"serial": GRANTED["land_parcel"], **part("land_parcel.certificates")}],
        "holders": [{"kind": "individual", **part("land_parcel.holders")}],
        "restrictions": [{"kind": "freeze", **part("land_parcel.restrictions")}],
        "geometry": {**point, "crs": "OGC:CRS84"},
    }
    return from_document(LandParcel, document)


def marked_records() -> Sequence[Record]:
    """Return a record of each type, with its signs in withheld fields and one in a granted field."""
    parcel = {"scheme": "gso-2025-07", "commune_code": "25747"}
    ref = {**parcel, "map_sheet": "45", "parcel_number": "917"}
    parts = ("supplements", "fees", "submitted_papers", "other_papers", "result_papers")
    documents: dict[str, dict[str, Any]] = {
        "construction_permit": {
            "permit_code": "GP-9201",
            "name": GRANTED["construction_permit"],
            "kind": "1",
            "status": "permit_issued",
            "parcel_refs": [ref],
            "land_document": {"kind": "1", **part("construction_permit.land_document")},
            **parcel,
        },
        "construction_works": {
            "works_code": "CT-9301",
            "name": GRANTED["construction_works"],
            "status": "1",
            "parcel_refs": [ref],
            **parcel,
        },
        "procedure": {
            "code": PROCEDURE,
            "name": GRANTED["procedure"],
            "is_public": True,
            "components": [part("procedure.components")],
            "legal_bases": [part("procedure.legal_bases")],
        },
        "dossier": {
            "code": CASE,
            "procedure_code": PROCEDURE,
            "agency_code": "000.00.07.H09",
            "field_name": GRANTED["dossier"],
            "status": 2,
            **{name: [part(f"dossier.{name}")] for name in parts},
        },
        "dossier_step": {
            "dossier_code": CASE,
            "at": "2026-08-02T03:00:00Z",
            "action": GRANTED["dossier_step"],
            "status": 2,
        },
    }
    further_records = [
        from_document(RECORD_TYPES[name], {**document, **fields(name)}) for name, document in documents.items()
    ]
    return [marked_parcel(), *further_records]
