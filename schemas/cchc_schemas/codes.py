r"""Codes as named types, each with its pattern, stable rule id and JSON Schema.

A written code must match the pattern. A code that is read may be irregular, because agencies' systems hold such
codes (field "BTC-NSNN", procedure "1.001612-TH2"): lenient reading keeps the code and adds a note.

Sources: dossier, agency, procedure and field codes as observed in public clients of the national portal and
of OpenCPS 2 (2020-2025); agency codes by QCVN 102:2016/BTTTT and QĐ 20/2020/QĐ-TTg; the national parcel
code by TT 19/2026/TT-BNNMT, Điều 11.3 and Phụ lục I.

>>> PROCEDURE_CODE.fits("1.001193"), PROCEDURE_CODE.fits("1.001612-TH2")
(True, False)
>>> DOSSIER_CODE.fits("000.17.22.H56-210531-0001"), DOSSIER_CODE.fits("H09-250801-0007"), DOSSIER_CODE.fits("H09-1")
(True, True, False)
>>> AGENCY_CODE.fits("000.00.00.H49"), AGENCY_CODE.fits("28.22.H17"), AGENCY_CODE.fits("SXD")
(True, True, False)
>>> FIELD_CODE.fits("G17-XD11"), FIELD_CODE.fits("G07-LĐ06"), FIELD_CODE.fits("BTC-NSNN")
(True, True, False)
>>> NATIONAL_PARCEL_ID.fits("w3gvk1h2m8q0"), NATIONAL_PARCEL_ID.fits("w3gvk1h2m8qa")
(True, False)
>>> SERVICE_CODE.fits("1.001612.000.00.00.H48"), COMPONENT_CODE.fits("000.00.00.G15-KQ004389")
(True, True)
>>> PARCEL_KEY.fits("gso-2025-07:25747:45:123"), PARCEL_KEY.fits("25747:45:123")
(True, False)
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, LiteralString, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cchc_schemas.code_lists import code_list
from cchc_schemas.reference_systems import stated_system
from cchc_schemas.spelling import Irregularities, note_respelling, one_spelling, whole_number
from cchc_schemas.text import (
    LETTERS,
    PLAIN_LETTERS,
    REQUIRED,
    TEXT_LENGTH,
    WRITTEN_WORD,
    KeyTextRule,
    clean_text,
    fitting_or_exact,
    listed,
)

CODE_LENGTH = 100
"""Longest code that lenient reading accepts, in characters."""

_SIGNS_OF_A_NUMBER = r"!-%'-*\--9<-~"
_WORD = f"[{LETTERS.replace('!-~', _SIGNS_OF_A_NUMBER)}]+"
_NUMBER = f"(?![0-9]+(?: (?:và|-))? [0-9]){_WORD}(?: {_WORD})*"
"""One number: words of any characters but the colon, which separates the numbers in a key, and the signs that separate
several numbers. Digits alone are one word.
"""

_PLAIN = f"[{PLAIN_LETTERS.replace('!-~', _SIGNS_OF_A_NUMBER)}]"
_PLAIN_LETTER = "[\\-" + PLAIN_LETTERS.replace("!-~", "!-%'-*/<-~") + "]"
_PLAIN_NUMBER = f"(?:0|[1-9][0-9]*|{_PLAIN}*{_PLAIN_LETTER}{_PLAIN}*(?: {_PLAIN}+)*)"
"""Numbers of sheets and parcels that surely are in canonical form: of digits alone, or their first word has another
character than digits and point.
"""


@dataclass(frozen=True, kw_only=True)
class Code:
    """Validates a code against `pattern`; a code that does not match breaks `rule`."""

    rule: LiteralString
    pattern: str
    forgivable: bool = True
    """Whether lenient reading accepts a code that does not match."""
    max_length: int = CODE_LENGTH
    """Longest code, in characters."""
    example: str = ""
    """A code that matches, for messages."""

    def fits(self, code: str) -> bool:
        """True if `code` matches the pattern."""
        return re.fullmatch(self.pattern, code) is not None

    def required(self) -> str:
        """Return what a message says about codes that match: an example; "" if the rule says enough."""
        return self.example

    def canonical(self, code: str) -> str:
        """Return the one spelling of a clean code, in capitals or without spaces if only so it matches.

        >>> DOSSIER_CODE.canonical("h09 \u2013 250801 - 0007"), FIELD_CODE.canonical("G07-L\u00d006")
        ('H09-250801-0007', 'G07-LĐ06')
        """
        code = one_spelling(code)
        compact = code.replace(" ", "")
        return next(filter(self.fits, (code, compact, compact.upper(), compact.lower())), code)

    def check(self, code: str, validation: ValidationInfo) -> str:
        """Return `code` in its one spelling; an irregular code is accepted only in lenient reading.

        Lenient reading records the rule that the code breaks, and that the spelling was another one.
        """
        written = clean_text(code)
        code = self.canonical(written)
        if code != written:
            note_respelling(validation)
            code = clean_text(code)  # nothing but invisible characters is no code
        if not self.fits(code):
            if not (self.forgivable and code.isprintable() and isinstance(validation.context, Irregularities)):
                raise PydanticCustomError(self.rule, "The code is irregular", {REQUIRED: self.required()})
            validation.context.append(self.rule)
        return code

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return fitting_or_exact(self.quick_pattern, self.max_length, self.exactly())

    @property
    def quick_pattern(self) -> str:
        """Return a pattern that only codes in canonical form match."""
        return self.pattern

    def exactly(self) -> CoreSchema:
        """Return the schema that checks every code, irregular ones included."""
        text = core_schema.str_schema(max_length=self.max_length)
        return core_schema.with_info_after_validator_function(self.check, text)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "maxLength": self.max_length}


@dataclass(frozen=True, kw_only=True)
class ListedCode(Code):
    """Validates a code of one of the package's code lists."""

    pattern: str = r"\S+"
    code_list: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self.exactly()

    def fits(self, code: str) -> bool:
        """True if the list has `code`, whenever it was in force."""
        return code in code_list(self.code_list).entries

    def required(self) -> str:
        """Return the codes of the list."""
        return listed(code_list(self.code_list).entries)

    def canonical(self, code: str) -> str:
        """Return the one spelling of a clean code; capitals are kept, as some lists hold codes of both."""
        return one_spelling(code)

    def check(self, code: str, validation: ValidationInfo) -> str:
        """Return `code`; it is cleaned only if the list does not contain it unchanged."""
        return code if self.fits(code) else super().check(code, validation)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": sorted(code_list(self.code_list)), "x-code-list": self.code_list}


@dataclass(frozen=True, kw_only=True)
class NumberCode(Code):
    """Validates a number of a map sheet or parcel, which is text: "12a" and "DC 12" exist.

    Sheets of a commune and parcels of a sheet are numbered from 1, so "045", "45.0" and "45" are one number. A text
    with several numbers ("12, 13; 14") names no one sheet or parcel.
    """

    pattern: str = _NUMBER
    forgivable: bool = False
    max_length: int = 40

    @property
    def quick_pattern(self) -> str:
        """Return a pattern that only numbers in canonical form match."""
        return _PLAIN_NUMBER

    def canonical(self, code: str) -> str:
        """Return the one spelling of a clean number.

        >>> PARCEL_NUMBER.canonical("0123.0"), PARCEL_NUMBER.canonical("12a"), PARCEL_NUMBER.canonical("DC  12")
        ('123', '12a', 'DC 12')
        """
        code = one_spelling(code)
        return whole_number(code) or code


@dataclass(frozen=True, kw_only=True)
class ParcelKeyCode(Code):
    """Validates the key of a parcel, whose numbers have one spelling too."""

    @property
    def quick_pattern(self) -> str:
        """Return a pattern that only keys in canonical form match."""
        return f"gso-2025-0[17]:[0-9]{{5}}:{_PLAIN_NUMBER}:{_PLAIN_NUMBER}"

    def canonical(self, code: str) -> str:
        """Return the one spelling of a clean key.

        >>> PARCEL_KEY.canonical("gso-2025-07:25747.0:45.0:0123")
        'gso-2025-07:25747:45:123'
        """
        parts = [one_spelling(part) for part in code.split(":")]
        if len(parts) != KEY_PARTS:
            return one_spelling(code)
        scheme, commune, sheet, number = parts
        numbers = (MAP_SHEET_NUMBER.canonical(sheet), PARCEL_NUMBER.canonical(number))
        return ":".join((scheme.lower(), commune_digits(commune), *numbers))


@dataclass(frozen=True, kw_only=True)
class CrsCode(Code):
    """Validates the name of a reference system; every spelling of one system is read as its name."""

    def canonical(self, code: str) -> str:
        """Return the name of the system.

        >>> CRS_NAME.canonical("urn:ogc:def:crs:EPSG::9210"), CRS_NAME.canonical("EPSG:4326"), CRS_NAME.canonical("?")
        ('EPSG:9210', 'EPSG:4326', '?')
        """
        stated = None if self.fits(code) else stated_system(code)
        return code if stated is None else stated.name


KEY_PARTS = 4
"""Parts of a parcel's key: scheme, commune, sheet and number."""

_COMMUNE_NUMBER = re.compile("([0-9]{5})[.,]0+")


def commune_digits(code: str) -> str:
    """Return a commune code without the zero fraction of a number; other texts are returned unchanged.

    Fewer digits are never padded here: they may be a district's. An adapter whose source sends numbers pads them.

    >>> commune_digits("00097.0"), commune_digits("718")
    ('00097', '718')
    """
    number = _COMMUNE_NUMBER.fullmatch(code)
    return code if number is None else number[1]


@dataclass(frozen=True, slots=True)
class SerialRule:
    """Validates a printed serial; it is stored in upper case without spaces, so that serials can be compared.

    The forms of serials differ by year and are not published, so none is required.
    """

    pattern: str = "[0-9A-ZĐ./-]+"
    """Serials that need no rewriting."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        limits = core_schema.str_schema(max_length=CODE_LENGTH)
        compact = core_schema.with_info_after_validator_function(_compact, core_schema.str_schema())
        return fitting_or_exact(self.pattern, CODE_LENGTH, core_schema.chain_schema([compact, limits]))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": WRITTEN_WORD, "minLength": 1, "maxLength": CODE_LENGTH}


@dataclass(frozen=True, slots=True)
class DossierReferenceRule(KeyTextRule):
    """Validates the code of a dossier in another record, or a receipt number: one spelling with the dossier's own."""

    def canonical(self, text: str) -> str:
        """Return the one spelling of a clean code."""
        return DOSSIER_CODE.canonical(text)

    @property
    def quick_pattern(self) -> str:
        """Return a pattern that only codes in canonical form match."""
        return DOSSIER_CODE.pattern


def _compact(serial: str, validation: ValidationInfo) -> str:
    written = "".join(clean_text(serial).split())
    unified = one_spelling(written)
    if unified != written:
        note_respelling(validation)
    return clean_text(unified.upper())


_QCVN_102 = r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}"
_QD_20 = r"[A-Z][0-9]{2}(?:\.[0-9]{1,3}){0,3}"
_QD_20_REVERSED = r"(?:[0-9]{1,2}\.[0-9]{1,3}\.|[0-9]{1,3}\.)?[0-9]{1,3}\.[A-Z][0-9]{2}"
"""Three levels of which the first has three digits are of QCVN 102, whose other levels have two."""
_AGENCY_OF_DOSSIER = (
    rf"(?:[0-9]{{3}}\.[0-9]{{2}}\.[0-9]{{2,3}}\.[A-Z][0-9]{{2}}|{_QD_20}|(?:[0-9]{{1,3}}\.){{1,3}}[A-Z][0-9]{{2}})"
)
"""Dossier codes were seen with a level of three digits too."""

PROCEDURE_CODE = Code(rule="procedure_code_irregular", pattern=r"[0-9]\.[0-9]{6}", example="1.001193")
DOSSIER_CODE = Code(
    rule="dossier_code_irregular",
    pattern=_AGENCY_OF_DOSSIER + "-[0-9]{6}-[0-9]{4,6}",
    example="000.17.22.H56-210531-0001",
)
AGENCY_CODE = Code(
    rule="agency_code_irregular", pattern=f"(?:{_QCVN_102}|{_QD_20}|{_QD_20_REVERSED})", example="000.00.00.H49"
)
FIELD_CODE = Code(rule="field_code_irregular", pattern=r"G[0-9]{2}-[A-ZĐ]{2}[0-9]{2,3}", example="G17-XD11")
SERVICE_CODE = Code(
    rule="service_code_irregular", pattern=rf"[0-9]\.[0-9]{{6}}\.{_QCVN_102}", example="1.001612.000.00.00.H48"
)
COMPONENT_CODE = Code(
    rule="component_code_irregular", pattern=f"{_QCVN_102}-KQ[0-9]{{6}}", example="000.00.00.G15-KQ004389"
)
RESULT_CODE = Code(rule="result_code_irregular", pattern=r"KQ\.G[0-9]{2}\.[0-9]{6}", example="KQ.G15.000031")
MAP_SHEET_NUMBER = NumberCode(rule="map_sheet_irregular", example="45")
PARCEL_NUMBER = NumberCode(rule="parcel_number_irregular", example="123")
NATIONAL_PARCEL_ID = Code(rule="national_parcel_id_irregular", pattern="[0-9b-hjkmnp-z]{12}", example="w3gvk1h2m8q0")
PARCEL_KEY = ParcelKeyCode(
    rule="parcel_key_irregular",
    pattern=f"gso-2025-0[17]:[0-9]{{5}}:{_NUMBER}:{_NUMBER}",
    forgivable=False,
    example="gso-2025-07:25747:45:123",
)
CRS_NAME = CrsCode(rule="crs_irregular", pattern="OGC:CRS84|EPSG:[0-9]{4,6}", forgivable=False, example="EPSG:9210")

ProcedureCode: TypeAlias = Annotated[str, PROCEDURE_CODE]
"""Procedure code (mã TTHC)."""
DossierCode: TypeAlias = Annotated[str, DOSSIER_CODE]
"""Dossier code (mã hồ sơ): agency, day and number of the day."""
DossierReference: TypeAlias = Annotated[str, DossierReferenceRule(TEXT_LENGTH)]
"""Code of a dossier (mã hồ sơ) that another record names, or a receipt number (số biên nhận)."""
AgencyCode: TypeAlias = Annotated[str, AGENCY_CODE]
"""Agency code (mã định danh đơn vị), by QCVN 102:2016 or QĐ 20/2020 in either order of its levels."""
FieldCode: TypeAlias = Annotated[str, FIELD_CODE]
"""Field of procedures (mã lĩnh vực)."""
ServiceCode: TypeAlias = Annotated[str, SERVICE_CODE]
"""Code of a local public service (mã dịch vụ công): its procedure and its agency."""
ComponentCode: TypeAlias = Annotated[str, COMPONENT_CODE]
"""Code of a paper that dossiers consist of (mã thành phần hồ sơ)."""
ResultCode: TypeAlias = Annotated[str, RESULT_CODE]
"""Code of a kind of result (mã kết quả)."""
MapSheetNumber: TypeAlias = Annotated[str, MAP_SHEET_NUMBER]
"""Number of the cadastral map sheet (số hiệu tờ bản đồ): text, without a colon."""
ParcelNumber: TypeAlias = Annotated[str, PARCEL_NUMBER]
"""Number of the parcel within its sheet (số thứ tự thửa): text, without a colon."""
NationalParcelId: TypeAlias = Annotated[str, NATIONAL_PARCEL_ID]
"""National parcel code (mã định danh thửa đất): twelve characters of a geohash, as issued; never recomputed."""
ParcelKey: TypeAlias = Annotated[str, PARCEL_KEY]
"""Key of a parcel record: scheme, commune, map sheet and parcel number."""
CertificateSerial: TypeAlias = Annotated[str, SerialRule()]
"""Serial of a land certificate (số phát hành giấy chứng nhận), in upper case without spaces."""
CrsName: TypeAlias = Annotated[str, CRS_NAME]
"""Name of a coordinate reference system (hệ quy chiếu tọa độ), "OGC:CRS84" or "EPSG:9210"."""

LandUseCode: TypeAlias = Annotated[str, ListedCode(rule="land_use_code_unknown", code_list="land_use_codes")]
"""Land use code (mã loại đất)."""
LandChangeCode: TypeAlias = Annotated[str, ListedCode(rule="land_change_code_unknown", code_list="land_change_codes")]
"""Land change code (mã loại biến động)."""
PermitKindCode: TypeAlias = Annotated[str, ListedCode(rule="permit_kind_unknown", code_list="permit_kinds")]
"""Kind of construction permit (loại giấy phép xây dựng)."""
PermitStepCode: TypeAlias = Annotated[str, ListedCode(rule="permit_step_unknown", code_list="permit_steps")]
"""Step of a permit's dossier (bước xử lý hồ sơ cấp phép)."""
WorksStatusCode: TypeAlias = Annotated[str, ListedCode(rule="works_status_unknown", code_list="works_status")]
"""Status of works (hiện trạng công trình)."""
PaperReuseCode: TypeAlias = Annotated[str, ListedCode(rule="paper_reuse_unknown", code_list="paper_reuse")]
"""How a submitted paper was reused (mã tái sử dụng)."""
PaymentStatusCode: TypeAlias = Annotated[str, ListedCode(rule="payment_status_unknown", code_list="payment_status")]
"""How the fees of a dossier are paid (tình trạng thanh toán trực tuyến)."""
SubmissionPlaceCode: TypeAlias = Annotated[
    str, ListedCode(rule="submission_place_unknown", code_list="submission_places")
]
"""Portal on which a dossier was submitted (nơi nộp hồ sơ)."""
FeeCollectionCode: TypeAlias = Annotated[str, ListedCode(rule="fee_collection_unknown", code_list="fee_collection")]
"""When a fee is collected (hình thức thu)."""
FeeKindCode: TypeAlias = Annotated[str, ListedCode(rule="fee_kind_unknown", code_list="fee_kinds")]
"""Kind of fee (loại phí, lệ phí)."""
ServiceLevelCode: TypeAlias = Annotated[str, ListedCode(rule="service_level_unknown", code_list="service_levels")]
"""Level of the online service (mức độ dịch vụ công trực tuyến)."""
TaxPaymentStatusCode: TypeAlias = Annotated[
    str, ListedCode(rule="tax_payment_status_unknown", code_list="tax_payment_status")
]
"""State of a financial obligation (tình trạng thực hiện nghĩa vụ tài chính)."""
