"""Text: NFC, stripped, never empty, without control characters.

Vietnamese arrives in NFC and NFD; only one may be stored, or equal words differ. "" is never a value: what
is absent is None.
"""

import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

TEXT_LENGTH = 4000
"""Longest text of a record, in characters after NFC; the longest limit observed is that of file names."""

LETTERS = "!-~¡-ʯḀ-ỿ"
"""Visible ASCII, Latin and Vietnamese letters, as a range of a pattern; text of these alone is always in NFC."""

EXACTLY, QUICKLY = "exactly", "quickly"
"""The two ways to read a text; they appear in pydantic's error locations and nowhere in ours."""

_ALLOWED_CONTROLS = frozenset("\n\t")


def normalise(text: str) -> str:
    """Return `text` in NFC without white space at its ends; control characters and surrogates are kept.

    >>> normalise(" Thu\u0309 Da\u0302\u0300u Mo\u0323\u0302t ")
    'Thủ Dầu Một'
    """
    return unicodedata.normalize("NFC", text).strip()


def clean_text(text: str) -> str:
    """Return `text` as a record stores it.

    Raises:
        PydanticCustomError: `text_empty`, or `text_control_character` for anything but line break and tab.
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
    """Return a schema that takes what `quick` takes, and asks `exact` about anything else, whose faults count."""
    return core_schema.union_schema([(quick, QUICKLY), (exact, EXACTLY)], mode="left_to_right", serialization=written)


def fitting_or_exact(pattern: str, max_length: int, exact: CoreSchema) -> CoreSchema:
    """Return a schema that takes a text fitting `pattern` as it is, and asks `exact` about any other.

    The pattern is matched outside Python, which makes the usual text several times cheaper than `exact`.
    """
    quick = core_schema.str_schema(pattern=f"^(?:{pattern})$", max_length=max_length, strip_whitespace=True)
    return quick_or_exact(quick, exact, core_schema.simple_ser_schema("str"))


def quick_part(schema: CoreSchema) -> CoreSchema | None:
    """Return what of a schema by `quick_or_exact` takes the usual values; None of any other schema."""
    choices = schema["choices"] if schema["type"] == "union" else []
    return next((one[0] for one in choices if isinstance(one, tuple) and one[1] == QUICKLY), None)


@dataclass(frozen=True, slots=True)
class TextRule:
    """Makes a `str` field hold clean text of at most `max_length` characters."""

    max_length: int

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        limits = core_schema.str_schema(max_length=self.max_length)
        cleaned = core_schema.no_info_after_validator_function(clean_text, core_schema.str_schema())
        return fitting_or_exact(rf"[\n\t {LETTERS}]+", self.max_length, core_schema.chain_schema([cleaned, limits]))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.max_length}


Text: TypeAlias = Annotated[str, TextRule(TEXT_LENGTH)]
"""Text in NFC, stripped, at least one and at most 4000 characters."""
