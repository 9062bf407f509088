"""Names and ids from outside as they are shown: property names and source keys, on one line and without persons.

Some systems use a person's identity number or name as the id of an item, or as a property name. What looks like one is
masked; declared codes, by which people find a dossier or a parcel, never are.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from cchc_connect.privacy.person_names import is_person
from cchc_connect.privacy.redaction import PERSONAL_NUMBER, escape_to_one_line
from cchc_schemas import mask
from cchc_schemas.codes import (
    AGENCY_CODE,
    CRS_NAME,
    DOSSIER_CODE,
    FIELD_CODE,
    NATIONAL_PARCEL_ID,
    PROCEDURE_CODE,
)

HIDDEN = "***"

MAX_SHOWN = 200
"""Maximum characters that are shown of a name or an id."""
_CUT_MARGIN = 200
"""Characters beyond those that are looked at too."""

_PARCEL_KEY = r"gso-2025-0[17]:[0-9]{5}:[0-9A-Za-z]{1,6}:[0-9A-Za-z]{1,6}"
"""Keys of parcels whose numbers of sheet and parcel are too short for a person."""
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_CODES = (
    _PARCEL_KEY,
    _UUID,
    *(code.pattern for code in (DOSSIER_CODE, AGENCY_CODE, PROCEDURE_CODE, FIELD_CODE, CRS_NAME)),
    rf"(?=[0-9]*[b-z]){NATIONAL_PARCEL_ID.pattern}",
)
_CODE = re.compile(rf"(?<![\w.+-])(?:{'|'.join(f'(?:{code})' for code in _CODES)})(?![\w.-])")

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")

_WORD = r"[^\W\d_]++"
_MARKS_BETWEEN = r"[\s._,;+\-/\\\x00-\x1f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
_WORDS = re.compile(rf"(?<![^\W\d_]){_WORD}(?:{_MARKS_BETWEEN}{{1,3}}{_WORD})+")
_SPACED = re.compile(rf"{_WORD}(?:\s{{1,3}}{_WORD})*")
_ONE_WORD = re.compile(_WORD)
_CAPITAL = "A-ZÀ-ÖØ-ÞĂĐĨŨƠƯẠ-Ỹ"
_CAPITALISED = re.compile(rf"(?<![^\W\d_])[{_CAPITAL}][^\W\d_]*(?:\s{{1,3}}[{_CAPITAL}][^\W\d_]*)+")
"""Words in a row that begin with a capital letter; the last range has small letters too, which hides a word more."""


def shown_name(name: str) -> str:
    r"""Return a property name or a source key for display: on one line, without what looks like a person.

    Identity, tax and telephone numbers keep their last four digits; names of persons and e-mail addresses are hidden.
    Codes of dossiers, parcels, procedures, fields, communes and agencies are shown wherever they stand.

    >>> shown_name("000.00.16.H09-260402-0001/2"), shown_name("gso-2025-07:25747:45:123"), shown_name("074087000001")
    ('000.00.16.H09-260402-0001/2', 'gso-2025-07:25747:45:123', '***0001')
    >>> shown_name("Nguyễn Thị Mẫu, 12"), shown_name("hồ sơ\n12"), shown_name("to_ban_do")
    ('***, 12', 'hồ sơ\\n12', 'to_ban_do')
    """
    shown = "".join(_shown_parts(unicodedata.normalize("NFC", name[: MAX_SHOWN + _CUT_MARGIN])))
    if len(name) > MAX_SHOWN + _CUT_MARGIN:
        shown = shown[:-_CUT_MARGIN]  # half of a number or name at the cut would not be recognised
    return escape_to_one_line(shown[:MAX_SHOWN].replace("\ufffd", "?")) + ("..." if len(name) > MAX_SHOWN else "")


def shown_text(text: str) -> str:
    """Return what an official wrote, for display: on one line, without what looks like a person.

    Of a sentence only the name is hidden where it begins with a capital letter in each word; else all words around it.

    >>> shown_text("Diện tích sai; người sử dụng là Nguyễn Thị Mẫu, 074087000001")
    'Diện tích sai; người sử dụng là ***, ***0001'
    >>> shown_text("Ông Nguyễn Văn Mẫu chưa ký; đường Lê Lợi"), shown_text("theo giấy của nguyễn văn mẫu")
    ('*** chưa ký; đường Lê Lợi', '***')
    """
    without_names = _CAPITALISED.sub(_without_name, unicodedata.normalize("NFC", text))
    return escape_to_one_line("".join(_shown_parts(without_names)))


def _without_name(capitalised: re.Match[str]) -> str:
    """Return capitalised words as they are shown: from a person's name on, or the word before it, they are hidden."""
    words: list[str] = capitalised[0].split()
    for first in range(len(words) - 1):
        if is_person(words[first : first + 2], is_spaced=True) or is_person(words[first : first + 3], is_spaced=True):
            return " ".join([*words[:first], HIDDEN])
    return capitalised[0]


def looks_like_person(text: str) -> bool:
    """True if `shown_name` hides a part of a text."""
    return "".join(_shown_parts(unicodedata.normalize("NFC", text))) != unicodedata.normalize("NFC", text)


def _shown_parts(text: str) -> Iterator[str]:
    """Yield the text in parts: codes as they are, between them what is left after masking."""
    end = 0
    for code in _CODE.finditer(text):
        yield _masked(text[end : code.start()])
        yield code[0]
        end = code.end()
    yield _masked(text[end:])


def _masked(text: str) -> str:
    text = _EMAIL.sub(HIDDEN, text)
    text = PERSONAL_NUMBER.sub(lambda number: mask("".join(filter(str.isdecimal, number[0]))), text)
    text = _WORDS.sub(lambda words: HIDDEN if _is_name(words[0]) else words[0], text)
    return _ONE_WORD.sub(lambda word: HIDDEN if is_person(_parts_of_word(word[0]), is_spaced=False) else word[0], text)


def _is_name(words: str) -> bool:
    return is_person(_ONE_WORD.findall(words), is_spaced=_SPACED.fullmatch(words) is not None)


def _parts_of_word(word: str) -> list[str]:
    """Return the words of a name in camel case: `NguyenVanA` has three."""
    starts = [0, *(at for at in range(1, len(word)) if word[at].isupper() and word[at - 1].islower()), len(word)]
    return [word[start:end] for start, end in pairwise(starts)]
