r"""One spelling for codes and keys: two spellings of the same thing are one key.

Systems write the same code with another letter that looks alike (Ð of Icelandic for Đ, Cyrillic А for A), with
invisible characters, other dashes, more spaces, or as the text of a number that went through a spreadsheet (45.0).

Sources: Vietnamese text converted from VNI and TCVN3 has U+00D0 where U+0110 is meant (pbcquoc/vietocr#64,
1ec5/avim#34); spreadsheet readers return 3 as 3.0 (python-excel/xlrd#232).
"""

import re
import unicodedata
from types import MappingProxyType
from typing import LiteralString, cast

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

SPELLING_VERSION = 3
"""Increased with every change of what one spelling is: then all items are read again, and keys follow."""

RESPELLED = "spelling_unified"
"""Rule of the note on a value that was read in another spelling."""

VIETNAMESE_D = MappingProxyType(str.maketrans("\u00d0\u00f0\u0189\u0256", "ĐđĐđ"))
"""Letters that look like Đ and đ; no Vietnamese word has them."""

_CYRILLIC = str.maketrans("АВЕКМНОРСТУХІЈЅаеорсухіјѕ", "ABEKMHOPCTYXIJSaeopcyxijs")
_GREEK = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo")
_FULL_WIDTH = {0xFF00 + code: 0x20 + code for code in range(1, 0x5F)}
_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63], "-")
_INVISIBLE = dict.fromkeys([0x00AD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF])
_LOOK_ALIKES = {**VIETNAMESE_D, **_CYRILLIC, **_GREEK, **_FULL_WIDTH, **_DASHES, **_INVISIBLE}

_SPACES = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
"""Spaces within a line; tabs and line breaks divide values and are never joined."""

_WHOLE_NUMBER = re.compile("(?>0*(?=[0-9]))([0-9]++)(?:[.,]0+)?")


class Irregularities(list[str]):
    """Validation context of lenient reading: collects the rules that accepted values broke."""


class SourceReading(Irregularities):
    """The same where the values are a source's: they are also judged by rules that a stored record never breaks."""


class Respellings(list[str]):
    """Validation context in which a source's value that is read otherwise, or with a note, is refused.

    So its path is known. The context collects the rules of such refusals.
    """


def vietnamese_spelling(text: str) -> str:
    """Return `text` with Đ and đ where it has a letter that looks alike.

    >>> vietnamese_spelling("\u00d0\u01b0\u1eddng s\u1ed1 3") == "\u0110\u01b0\u1eddng s\u1ed1 3"
    True
    """
    return text if text.isascii() else text.translate(VIETNAMESE_D)


def one_spelling(code: str) -> str:
    r"""Return a code without look-alikes and invisible characters, its words parted by single spaces.

    >>> one_spelling("B\u00d0\u00a0 12\u200b3"), one_spelling("\uff14\uff15\u20131")
    ('BĐ 123', '45-1')
    """
    if not code.isascii():
        code = unicodedata.normalize("NFC", code.translate(_LOOK_ALIKES))
    return _SPACES.sub(" ", code).strip()


def whole_number(text: str) -> str | None:
    """Return the digits of a whole number without leading zeros and zero fraction; None for other texts.

    >>> whole_number("45.0"), whole_number("045"), whole_number("12a"), whole_number("4.5")
    ('45', '45', None, None)
    """
    number = _WHOLE_NUMBER.fullmatch(text)
    return None if number is None else number[1]


def note_respelling(validation: ValidationInfo) -> None:
    """Remember in lenient reading that a value was read in another spelling.

    Raises:
        PydanticCustomError: the context is `Respellings`.
    """
    note_reading(validation, RESPELLED)


def note_reading(validation: ValidationInfo, rule: LiteralString) -> None:
    """Remember in lenient reading that a value was read with the note `rule`.

    Raises:
        PydanticCustomError: the context is `Respellings`.
    """
    context: object = validation.context
    if isinstance(context, list):
        cast("list[str]", context).append(rule)
    if isinstance(context, Respellings):
        raise PydanticCustomError(rule, "The value is read with a note")


def is_read_from_source(validation: ValidationInfo) -> bool:
    """True if the value is one that a source sent, and not one of a stored record."""
    return isinstance(validation.context, SourceReading | Respellings)
