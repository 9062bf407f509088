"""Text fields: in NFC, stripped, never empty, without control characters.

Vietnamese text is received in NFC and NFD; only NFC is stored, so that equal texts compare equal. A missing value is
None, never "".
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cchc_schemas.legacy_text import LEGACY, legacy_encoding
from cchc_schemas.spelling import (
    is_read_from_source,
    note_reading,
    note_respelling,
    one_spelling,
    vietnamese_spelling,
)

TEXT_LENGTH = 4000
"""Longest text of a record, in characters after NFC; the longest limit observed is that of file names."""

LETTERS = "!-~¡-ʯḀ-ỿ"
"""Visible ASCII, Latin and Vietnamese letters, as ranges for a pattern; text of only these is always in NFC."""

PLAIN_LETTERS = "!-~¡-¬®-ÏÑ-ïñ-ƈƊ-ɕɗ-ʯḀ-ỿ"
"""The same without letters that look like Đ and đ, and without the soft hyphen."""

_CAPITALS, _UNICODE = "°-³À-ÃÈ-ÊÌÍÒ-ÕÙÚÝ", "Ā-ƈƊ-ɕɗ-ʯḀ-ỿ"
_VIETNAMESE = f"{_CAPITALS}à-ãè-êìíò-õùúý{_UNICODE}"
"""Letters beyond ASCII of Vietnamese words, and signs of units; words in TCVN3 or VNI have other letters too."""
_BUT_A_AND_E = "!-@B-DF-`b-df-~"
_SURELY_UNICODE = (
    rf"(?:[\n\t {_BUT_A_AND_E}{_VIETNAMESE}]|[AEae]+[\n\t {_BUT_A_AND_E}{_CAPITALS}{_UNICODE}])+[AEae]*|[AEae]+"
)
"""Texts that neither need rewriting nor are in TCVN3 or VNI: in VNI a small letter with a mark follows a or e."""

_CONTROLS = r"\u0000-\u0008\u000b-\u001f\u007f-\u009f"
_SPACES = r"\t\n \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

WRITTEN_TEXT = f"^[^{_CONTROLS}{_SPACES}](?:[^{_CONTROLS}]*[^{_CONTROLS}{_SPACES}])?$"
"""ECMA pattern of a text as it is written: no white space around it, no control character but line break and tab."""
WRITTEN_WORD = f"^[^{_CONTROLS}{_SPACES}]+$"
"""The same for a text without any white space."""

EXACTLY, QUICKLY = "exactly", "quickly"
"""Labels of the fast and the complete validator; they occur in pydantic's error locations, never in faults."""

REQUIRED = "required"
"""Name under which the context of our own errors says what a rule requires: allowed values, or a form."""

MOST_LISTED = 20
"""Allowed values that a message names; of more it names the number."""

_ALLOWED_CONTROLS = frozenset("\n\t")


def listed(values: Iterable[object], limit: int = MOST_LISTED) -> str:
    """Return the first of `values` for a message, and how many more there are.

    >>> listed(["a", "b", "c", "d"], limit=2)
    'a, b … (+2)'
    """
    texts = [str(value) for value in values]
    more = len(texts) - limit
    return ", ".join(texts[:limit]) + (f" … (+{more})" if more > 0 else "")


def normalise(text: str) -> str:
    """Return `text` in NFC without surrounding white space; control characters and surrogates are kept.

    >>> normalise(" Thu\u0309 Da\u0302\u0300u Mo\u0323\u0302t ")
    'Thủ Dầu Một'
    """
    return unicodedata.normalize("NFC", text).strip()


def clean_text(text: str) -> str:
    """Return `text` as a record stores it.

    Raises:
        PydanticCustomError: `text_empty`, or `text_control_character` for any control character but line break and tab.
    """
    text = normalise(text.replace("\r\n", "\n"))
    if not text:
        raise PydanticCustomError("text_empty", "Text is empty")
    if not text.isprintable() and any(
        unicodedata.category(character) == "Cc" and character not in _ALLOWED_CONTROLS for character in text
    ):
        raise PydanticCustomError("text_control_character", "Text holds a control character")
    return text


def quick_or_exact(quick: CoreSchema, exact: CoreSchema, written: core_schema.SerSchema) -> CoreSchema:
    """Return a schema that tries `quick` first and `exact` otherwise; only the faults of `exact` are reported."""
    return core_schema.union_schema([(quick, QUICKLY), (exact, EXACTLY)], mode="left_to_right", serialization=written)


def fitting_or_exact(pattern: str, max_length: int, exact: CoreSchema) -> CoreSchema:
    """Return a schema that accepts a text matching `pattern` unchanged and validates any other with `exact`.

    The pattern is matched outside Python, so for most texts this is several times faster than `exact`.
    """
    quick = core_schema.str_schema(pattern=f"^(?:{pattern})$", max_length=max_length, strip_whitespace=True)
    return quick_or_exact(quick, exact, core_schema.simple_ser_schema("str"))


def quick_part(schema: CoreSchema) -> CoreSchema | None:
    """Return the `quick` part of a schema made by `quick_or_exact`; None for any other schema."""
    choices = schema["choices"] if schema["type"] == "union" else []
    return next((choice[0] for choice in choices if isinstance(choice, tuple) and choice[1] == QUICKLY), None)


@dataclass(frozen=True, slots=True)
class TextRule:
    """Validates clean text of at most `max_length` characters, in which Đ is always the Vietnamese letter."""

    max_length: int

    def canonical(self, text: str) -> str:
        """Return the one spelling of a clean text."""
        return vietnamese_spelling(text)

    @property
    def quick_pattern(self) -> str:
        """Return a pattern that only texts in canonical form match that need no note."""
        return _SURELY_UNICODE

    def check(self, text: str, validation: ValidationInfo) -> str | None:
        """Return the text clean and in its one spelling; None where a rule reads it as no value."""
        written = clean_text(text)
        if not written.isascii() and is_read_from_source(validation) and legacy_encoding(written):
            note_reading(validation, LEGACY)
            return written
        text = self.canonical(written)
        if text != written:
            note_respelling(validation)
            return clean_text(text)  # nothing but invisible characters is no text
        return text

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        limits = core_schema.nullable_schema(core_schema.str_schema(max_length=self.max_length))
        cleaned = core_schema.with_info_after_validator_function(self.check, core_schema.str_schema())
        return fitting_or_exact(self.quick_pattern, self.max_length, core_schema.chain_schema([cleaned, limits]))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": WRITTEN_TEXT, "minLength": 1, "maxLength": self.max_length}


@dataclass(frozen=True, slots=True)
class KeyTextRule(TextRule):
    """Validates a text that names a record: single spaces between words, no characters that look alike."""

    def canonical(self, text: str) -> str:
        """Return the one spelling of a clean text."""
        return one_spelling(text)

    @property
    def quick_pattern(self) -> str:
        """Return a pattern that only texts in canonical form match that need no note."""
        return f"[!-~{_VIETNAMESE}]+(?: [!-~{_VIETNAMESE}]+)*"


Text: TypeAlias = Annotated[str, TextRule(TEXT_LENGTH)]
"""Text in NFC, stripped, at least one and at most 4000 characters."""

KeyText: TypeAlias = Annotated[str, KeyTextRule(TEXT_LENGTH)]
"""Text that is a key or part of one, in its one spelling: two spellings of an identifier are one record."""
