"""Catalogue of defects by listing; each was observed in public client code of Vietnamese agency systems.

Not listed, because every item of the system has them: applicants' names in upper case and `""` for null (OpenCPS),
commune codes as numbers (VBDLIS), epoch milliseconds (ArcGIS), codes that occur in several schemes.
"""

import unicodedata
from collections.abc import Callable
from typing import Any

from cchc_connect.testing.province.defects import Defect, DefectSeverity, WireItem

NO_BREAK_SPACE = "\u00a0"
UNKNOWN_COMMUNE_CODE = "99999"
"""No unit of either scheme has this code."""

Change = Callable[[Any], object]


def _change_at(*path: str, change: Change) -> Callable[[WireItem], WireItem]:
    """Return a function that changes the value at `path` of an item; "*" stands for every member of a list.

    The first key of `path` must exist, so that a misspelt one fails; deeper ones may be missing in some items.
    """

    def changed(value: Any, subpath: tuple[str, ...]) -> object:
        if not subpath:
            return change(value)
        key, below = subpath[0], subpath[1:]
        if key == "*":
            return [changed(member, below) for member in value]
        return {**value, key: changed(value[key], below)} if key in value else value

    def apply(item: WireItem) -> WireItem:
        return {**item, path[0]: changed(item[path[0]], path[1:])}

    return apply


def _set(*path: str, to: object) -> Callable[[WireItem], WireItem]:
    return _change_at(*path, change=lambda _: to)


def _decomposed(value: str) -> str:
    return unicodedata.normalize("NFD", value)


def _with_no_break_spaces(value: str) -> str:
    return f"{value.replace(' ', NO_BREAK_SPACE)}{NO_BREAK_SPACE}"


def _vietnamese_number(value: float) -> str:
    """Write 1234.5 as "1.234,5"."""
    return f"{value:,.1f}".translate(str.maketrans(",.", ".,"))


def _one_joined_use(uses: list[WireItem]) -> list[WireItem]:
    """Join all uses in one row, as the flattened map layer does: "ODT+CLN"."""
    residential = next((use for use in uses if use["maMucDichSuDung"] in {"ODT", "ONT"}), uses[0])
    code = residential["maMucDichSuDung"]
    return [{**residential, "maMucDichSuDung": f"{code}+{'CLN' if code != 'CLN' else 'HNK'}", "dienTich": None}]


def _holders_in_capitals(item: WireItem) -> WireItem:
    person = _change_at("ListChuSuDung", "*", "hoTen", change=str.upper)
    company = _change_at("ListChuSuDung", "*", "tenToChuc", change=str.upper)
    return company(person(item))


def _harmless(name: str, record_type: str, apply: Callable[[WireItem], WireItem]) -> Defect:
    return Defect(name=name, severity=DefectSeverity.HARMLESS, record_types=(record_type,), apply=apply)


def _faulty(name: str, record_types: tuple[str, ...], apply: Callable[[WireItem], WireItem]) -> Defect:
    return Defect(name=name, severity=DefectSeverity.FAULTY, record_types=record_types, apply=apply)


_PARCEL, _PERMIT, _WORKS = "land_parcel", "construction_permit", "construction_works"
_DOSSIER, _STEP, _PROCEDURE = "dossier", "dossier_step", "procedure"

PARCEL_DEFECTS = (
    _harmless("text_decomposed", _PARCEL, _change_at("diaChi", change=_decomposed)),
    _harmless("no_break_space", _PARCEL, _change_at("diaChi", change=_with_no_break_spaces)),
    _harmless("names_in_capitals", _PARCEL, _holders_in_capitals),
    _harmless("area_as_vietnamese_text", _PARCEL, _change_at("dienTich", change=_vietnamese_number)),
    _harmless("commune_as_float", _PARCEL, _change_at("xaId", change=float)),
    _harmless("area_not_measured", _PARCEL, _set("dienTich", to=0)),
    _harmless("uses_joined", _PARCEL, _change_at("ListMucDichSuDung", change=_one_joined_use)),
    _faulty("parcel_number_missing", (_PARCEL,), _set("soThuTuThua", to="")),
    _faulty("map_sheet_missing", (_PARCEL,), _set("soHieuToBanDo", to="")),
    _faulty("commune_unknown", (_PARCEL,), _set("xaId", to=int(UNKNOWN_COMMUNE_CODE))),
    Defect(
        name="parcel_number_taken",
        severity=DefectSeverity.FAULTY,
        record_types=(_PARCEL,),
        # No change of the item itself: it gets the parcel number of an earlier one.
        copied_keys=("xaId", "soHieuToBanDo", "soThuTuThua"),
    ),
)

PERMIT_DEFECTS = (
    _harmless("text_decomposed", _PERMIT, _change_at("tenCongTrinh", change=_decomposed)),
    _harmless("no_break_space", _PERMIT, _change_at("tenCongTrinh", change=_with_no_break_spaces)),
    _harmless(
        "parcel_in_prose",
        _PERMIT,
        lambda item: {**item, "soTo": "", "soThua": f"{item['soThua']} (tờ bản đồ số {item['soTo']})"},
    ),
    _faulty("commune_unknown", (_PERMIT,), _set("diaChi", "maPhuongXa", to=UNKNOWN_COMMUNE_CODE)),
    _faulty("name_missing", (_PERMIT,), _set("tenCongTrinh", to="")),
)

WORKS_DEFECTS = (
    _harmless("text_decomposed", _WORKS, _change_at("tenCongTrinh", change=_decomposed)),
    _harmless("no_break_space", _WORKS, _change_at("diaChi", change=_with_no_break_spaces)),
    _faulty("commune_unknown", (_WORKS,), _set("maPhuongXa", to=UNKNOWN_COMMUNE_CODE)),
    _faulty("name_missing", (_WORKS,), _set("tenCongTrinh", to="")),
)

DOSSIER_DEFECTS = (
    _harmless("text_decomposed", _DOSSIER, _change_at("briefNote", change=_decomposed)),
    _harmless("no_break_space", _DOSSIER, _change_at("applicantName", change=_with_no_break_spaces)),
    _harmless("field_code_irregular", _DOSSIER, _set("domainCode", to="LVK")),
    _harmless("due_date_impossible", _DOSSIER, _set("dueDate", to="00/00/1995 00:00:00")),
    _faulty("dossier_number_missing", (_DOSSIER, _STEP), _set("dossierNo", to="")),
    _faulty("status_blank", (_DOSSIER, _STEP), _set("dossierStatus", to="")),
    _faulty("status_unknown", (_DOSSIER, _STEP), _set("dossierStatus", to="archived")),
    _faulty("procedure_missing", (_DOSSIER,), _set("serviceCode", to="")),
)

PROCEDURE_DEFECTS = (
    _harmless("text_decomposed", _PROCEDURE, _change_at("TENTTHC", change=_decomposed)),
    _harmless("field_code_irregular", _PROCEDURE, _set("LINHVUCTHUCHIEN", "*", "MALINHVUC", to="BTC-NSNN")),
    _harmless(
        "fee_in_words",
        _PROCEDURE,
        _set("CACHTHUCTHUCHIEN", "*", "THOIGIAN", "*", "PHILEPHI", "*", "SOTIEN", to="Theo quy định của HĐND tỉnh"),
    ),
    _faulty("name_missing", (_PROCEDURE,), _set("TENTTHC", to="")),
)
