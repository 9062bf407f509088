r"""Identity and registration numbers (số giấy tờ) as agencies hold them: of several kinds, and sometimes of none.

A field of one number holds citizen identity numbers (CCCD, twelve digits), numbers of old identity cards (CMND, nine
digits), tax codes (MST) and passports. Reading a source's value

- leaves out a placeholder, which systems write where there is none (`identity_placeholder`);
- takes the citizen identity number where the field also holds another one (`identity_numbers_several`); where no number
  comes first it keeps the text;
- keeps a number that breaks the rule of its length, with a note: `citizen_id_irregular`, `tax_code_irregular`,
  `identity_number_irregular`.

Sources: a provincial one-stop system sends 000000001 where there is no number; ELIS holds "CCCD,CMND" in one text; the
length of old cards as public client code checks it (unverified). Other placeholders are our reading.

>>> is_placeholder("000000001"), is_placeholder("1234567890"), is_placeholder("không có"), is_placeholder("280000001")
(True, True, True, False)
>>> numbers_in("CCCD: 074087000001, CMND 280000001")
['074087000001', '280000001']
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, LiteralString, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cchc_schemas.citizen_ids import CITIZEN_ID
from cchc_schemas.codes import CODE_LENGTH, Code
from cchc_schemas.spelling import Irregularities, is_read_from_source, note_reading, note_respelling, one_spelling
from cchc_schemas.tax_codes import TAX_CODE
from cchc_schemas.text import REQUIRED, TEXT_LENGTH, TextRule, clean_text

PLACEHOLDER = "identity_placeholder"
"""Rule of the note on a placeholder that was read as no number."""
SEVERAL = "identity_numbers_several"
"""Rule of the note on a text with several numbers."""

CARD_LENGTH, CITIZEN_ID_LENGTH = 9, 12
"""Digits of an old identity card (CMND) and of a citizen identity number (CCCD)."""

_PLACEHOLDER_DIGITS = re.compile(
    r"0+|0{5,}[0-9]|([0-9])\1{5,}|0?123456(?:7(?:8(?:9(?:0?(?:1(?:2)?)?)?)?)?)?|987654(?:3(?:2(?:1(?:0(?:9(?:8)?)?)?)?)?)?"
)
"""Zeros and one digit, one digit repeated, ascending or descending digits."""
_PLACEHOLDER_WORDS = frozenset(
    {"không", "không có", "không rõ", "chưa có", "chưa rõ", "k có", "khong co", "n/a", "na", "null", "none", "nil"}
)
_NO_LETTER = re.compile(r"[^\w]+|[xX*_.\-]+")
_LABEL = re.compile(
    r"(?:số\s+)?(?:CCCD|CMTND|CMND|CMT|CC|ĐDCN|MST|hộ chiếu|HC)(?:\s+số)?(?:\s*[:.]\s*|\s+|(?=[0-9]))", re.IGNORECASE
)
_SEPARATOR = re.compile(r"[,;/|+&\n\t()]+|(?<=\s)(?:và|hoặc|-)(?=\s)")
_PARTED = re.compile(r"[0-9]+(?:[ .-]+[0-9]+)+")
_PASSPORT_FORM = "[A-Z]{1,2}[0-9]{6,8}"
_PASSPORT = re.compile(_PASSPORT_FORM, re.IGNORECASE | re.ASCII)
_TOKEN = re.compile(rf"[0-9]{{8,13}}(?:-[0-9]{{3}})?|{_PASSPORT_FORM}")
_ORGANIZATION = re.compile(r"([0-9]{10})-?([0-9]{3})?")
_BRANCH = re.compile("[0-9]{10}-[0-9]*")
"""Tax code of a branch, perhaps with too few digits; without its dash it may look like a citizen identity number."""
_DIGITS = re.compile("[0-9-]+")
_FLOAT_TEXT = re.compile("([0-9]{8,13})[.,]0{1,2}")
_LOST_DIGITS = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}")
"""Texts of numbers that went through a spreadsheet: 74087000001.0, 7.4087E+10."""
_USUAL = re.compile(r"[0-9]{9,10}|[0-9]{10}-[0-9]{3}")
_CUT_CITIZEN_ID = re.compile(r"[0-9]{11}")

_PROVINCE = "0(?:0[1-9]|[2-8][0-9]|9[0-6]|1[013-9])[0-9]{9}|012(?:[0-24-9][0-9]{8})"
_QUICK = f"{_PROVINCE}|{_PASSPORT_FORM}"
"""Citizen identity numbers but those in ascending order, and passports: they need no rewriting and no note."""


def is_placeholder(number: str) -> bool:
    """True if a text is one that systems write where there is no number."""
    if number.isdecimal():
        return _PLACEHOLDER_DIGITS.fullmatch(number) is not None
    text = " ".join(number.split())
    compact = re.sub("[ .-]", "", text)
    if not compact or _NO_LETTER.fullmatch(compact) or text.casefold() in _PLACEHOLDER_WORDS:
        return True
    return _PLACEHOLDER_DIGITS.fullmatch(compact) is not None


def numbers_in(text: str) -> list[str]:
    """Return the different numbers of a text, without placeholders; a text that is one number is a list of one."""
    parts = [_canonical_part(part) for part in _SEPARATOR.split(text)]
    spaced = [part for text_part in parts for part in _spaced(text_part)]
    numbers = [part for part in dict.fromkeys(spaced) if not is_placeholder(part)]
    return numbers if numbers and all(_TOKEN.fullmatch(number) for number in numbers) else [_canonical_part(text)]


def irregularity(number: str) -> LiteralString | None:
    """Return the rule that a number of digits breaks; None for a regular one and for one with letters."""
    if _LOST_DIGITS.fullmatch(number):
        return "identity_number_irregular"
    if len(number) == CARD_LENGTH or not _DIGITS.fullmatch(number):
        return None
    if len(number) == CITIZEN_ID_LENGTH:
        return None if CITIZEN_ID.fits(number) else CITIZEN_ID.rule
    if _ORGANIZATION.fullmatch(number):
        return None if TAX_CODE.fits(number) else TAX_CODE.rule
    return "identity_number_irregular"


def _spaced(part: str) -> list[str]:
    """Return the numbers that only spaces part; the text itself where a word is no whole number."""
    words = part.split(" ")
    lengths = {CARD_LENGTH, CITIZEN_ID_LENGTH}
    return words if all(word.isdecimal() and len(word) in lengths for word in words) else [part]


def _canonical_part(part: str) -> str:
    """Return one number without its label and without the marks within it; the letters of a passport are capitals."""
    text = one_spelling(part)
    if _PASSPORT.fullmatch(text):
        return text.upper()
    label = _LABEL.match(text)
    number = text[label.end() :] if label and any(map(str.isdecimal, text[label.end() :])) else text
    if _PASSPORT.fullmatch(number):
        return number.upper()
    fraction = _FLOAT_TEXT.fullmatch(number)
    number = fraction[1] if fraction else number
    if _PARTED.fullmatch(number):
        compact = re.sub("[ .-]", "", number)
        number = compact if len(compact) in {CARD_LENGTH, CITIZEN_ID_LENGTH} else number
    organization = _ORGANIZATION.fullmatch(number.replace(" ", ""))
    if organization is not None and organization[2]:
        number = f"{organization[1]}-{organization[2]}"
    if _CUT_CITIZEN_ID.fullmatch(number) and CITIZEN_ID.fits("0" + number):
        return "0" + number  # a number that was a number on its way has lost its zero, and no other has eleven digits
    return number


@dataclass(frozen=True, slots=True)
class IdentityNumberRule(TextRule):
    """Validates a number of an identity or registration paper; only what a source sends is judged."""

    @property
    def quick_pattern(self) -> str:
        """Return a pattern that only numbers match that need no rewriting and no note."""
        return _QUICK

    def canonical(self, text: str) -> str:
        """Return the one spelling of a clean number.

        >>> IDENTITY_NUMBER.canonical("074.087.000.001"), IDENTITY_NUMBER.canonical("CMND 280000001")
        ('074087000001', '280000001')
        """
        return _canonical_part(text)

    def check(self, text: str, validation: ValidationInfo) -> str | None:
        """Return the number in its one spelling; None for a source's placeholder."""
        if _USUAL.fullmatch(text) and irregularity(text) is None and not is_placeholder(text):
            return text
        written = clean_text(text)
        if len(written) > self.max_length:
            return written  # it is refused for its length
        number = self.canonical(written)
        if not is_read_from_source(validation):
            return clean_text(number)
        if is_placeholder(number):
            note_reading(validation, PLACEHOLDER)
            return None
        numbers = numbers_in(written)
        citizen_ids = list(filter(CITIZEN_ID.fits, numbers))
        if len(numbers) > 1:
            note_reading(validation, SEVERAL)
            return citizen_ids[0] if len(citizen_ids) == 1 else written
        (number,) = numbers
        if number != written:
            note_respelling(validation)
        if rule := irregularity(number):
            note_reading(validation, rule)
        return number


IDENTITY_NUMBER = IdentityNumberRule(TEXT_LENGTH)

IdentityNumber: TypeAlias = Annotated[str, IDENTITY_NUMBER]
"""Number of an identity or registration paper (số giấy tờ): a citizen identity number, a tax code, an older number."""


@dataclass(frozen=True, slots=True)
class OneKindOfNumber(IdentityNumberRule):
    """Validates a field that has numbers of one kind; another number is kept in lenient reading, with a note."""

    kind: Code = CITIZEN_ID

    def check(self, text: str, validation: ValidationInfo) -> str | None:
        """Return the number in its one spelling; None for a source's placeholder."""
        is_of_branch = _BRANCH.fullmatch(one_spelling(text)) is not None
        number = (
            self.kind.canonical(clean_text(text)) if is_of_branch else IdentityNumberRule.check(self, text, validation)
        )
        if number is None or self.kind.fits(number):
            return number
        context: object = validation.context
        if not isinstance(context, Irregularities) or len(number) > self.max_length:
            raise PydanticCustomError(self.kind.rule, "The number is irregular", {REQUIRED: self.kind.required()})
        if self.kind.rule not in context[-1:]:
            context.append(self.kind.rule)
        return number

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(max_length=self.max_length)
        return core_schema.with_info_after_validator_function(self.check, text)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{self.kind.pattern})$", "maxLength": self.max_length}


CitizenId: TypeAlias = Annotated[str, OneKindOfNumber(CODE_LENGTH, CITIZEN_ID)]
"""Citizen identity number (số định danh cá nhân), twelve digits."""
TaxCode: TypeAlias = Annotated[str, OneKindOfNumber(CODE_LENGTH, TAX_CODE)]
"""Tax code (mã số thuế): ten digits, ten and three of a branch, or a citizen identity number."""
