r"""Vietnamese text in the encodings of the time before Unicode, TCVN3 (ABC) and VNI, read as if it were Latin-1.

Old databases, DBF files and drawings hold such text: "®Êt ë" and "Ñaát ôû" are "đất ở". It is recognised where a text
has no letter beyond Latin-1, holds a word that is no Vietnamese syllable, and becomes Vietnamese syllables when it is
decoded. It is decoded only where a field map says so, never by itself.

Sources: the code tables of TCVN 5712:1993 (VN3) and of the fonts VNI for Windows, as glibc and public converters have
them.

>>> [legacy_encoding(text) for text in ("®Êt ë", "Ñaát ôû", "Tân An", "Müller")]
['tcvn3', 'vni', None, None]
>>> decode_tcvn3("®Êt ë t¹i n«ng th«n"), decode_vni("Thöûa ñaát soá 5")
('đất ở tại nông thôn', 'Thửa đất số 5')
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal, TypeAlias

LegacyEncoding: TypeAlias = Literal["tcvn3", "vni"]

LEGACY = "text_legacy_encoding"
"""Rule of the note on a text that looks like TCVN3 or VNI."""

_TCVN3_LETTERS = (
    "µà¶ả·ã¸á¹ạ¨ă»ằ¼ẳ½ẵ¾ắÆặ©âÇầÈẩÉẫÊấËậ®đÌèÎẻÏẽÐéÑẹªêÒềÓểÔễÕếÖệ×ìØỉÜĩÝíÞịßòáỏâõãóäọ«ôåồæổçỗèốéộ¬ơêờëởìỡíớîợ"
    "ïùñủòũóúôụ\u00adưõừöử÷ữøứùựúỳûỷüỹýýþỵ¡Ă¢Â£Ê¤Ô¥Ơ¦Ư§Đ"
)
_TCVN3 = str.maketrans(_TCVN3_LETTERS[::2], _TCVN3_LETTERS[1::2])

_GRAVE, _ACUTE, _HOOK, _TILDE, _DOT = "\u0300", "\u0301", "\u0309", "\u0303", "\u0323"
_CIRCUMFLEX, _BREVE = "\u0302", "\u0306"
_VNI_MARKS = {
    **dict(zip("ùøûõï", (_ACUTE, _GRAVE, _HOOK, _TILDE, _DOT), strict=True)),
    **dict(zip("âáàåãä", (_CIRCUMFLEX + tone for tone in ("", _ACUTE, _GRAVE, _HOOK, _TILDE, _DOT)), strict=True)),
    **dict(zip("êéèúüë", (_BREVE + tone for tone in ("", _ACUTE, _GRAVE, _HOOK, _TILDE, _DOT)), strict=True)),
}
"""What the second of two letters of VNI adds to the first."""
_VNI_SINGLE = str.maketrans("ñôöîæóòÑÔÖÎÆÓÒ", "đơưỵỉĩịĐƠƯỴỈĨỊ")
_VNI_LETTER = re.compile(f"([aeouyôö])([{''.join(_VNI_MARKS)}])|[ñôöîæóò]", re.IGNORECASE)

_BEYOND_LATIN_1 = re.compile("[Ā-ʯḀ-ỿ]")
"""Letters that only Unicode has; Vietnamese text of a few words nearly always has one."""
_WORD = re.compile(r"[^\x00-@\[-`{-\x7f]+")
_MOST = 0.75
"""Share of the words beyond ASCII that must be syllables when they are decoded."""


def _toned(vowels: str) -> str:
    tones = ("", _GRAVE, _ACUTE, _HOOK, _TILDE, _DOT)
    return "[" + "".join(unicodedata.normalize("NFC", vowel + tone) for vowel in vowels for tone in tones) + "]"


_ONSET = "(?:ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdđghklmnprstvx])?"
_STOP = "(?:ch|c|m|ng|nh|n|p|t)"
_RHYMES = (
    f"{_toned('aăâeêioôơuưy')}{_STOP}?",
    f"(?:{_toned('a')}[iouy]|{_toned('â')}[uy]|{_toned('e')}o|{_toned('êi')}u|{_toned('oôơ')}i)",
    f"(?:{_toned('u')}[iy]|{_toned('ư')}[iu])",
    f"(?:[iy]{_toned('ê')}(?:{_STOP}|u)?|u{_toned('ô')}(?:{_STOP}|i)?|ư{_toned('ơ')}(?:{_STOP}|[iu])?)",
    f"(?:{_toned('iuưy')}a|{_toned('o')}[ae]|{_toned('u')}[yêơ]|o{_toned('o')}(?:ng|c))",
    f"o{_toned('aăe')}(?:{_STOP}|[ioy])?",
    f"u{_toned('aăâeêơy')}(?:{_STOP}|[aiouy])?|uy{_toned('ê')}(?:n|t)",
)
_SYLLABLE = re.compile(f"{_ONSET}(?:{'|'.join(_RHYMES)})")


def decode_tcvn3(text: str) -> str:
    """Return TCVN3 text, read as Latin-1, as Unicode; a text with letters beyond Latin-1 is returned unchanged."""
    return text if _BEYOND_LATIN_1.search(text) else text.translate(_TCVN3)


def decode_vni(text: str) -> str:
    """Return VNI text, read as Latin-1, as Unicode; a text with letters beyond Latin-1 is returned unchanged."""
    if _BEYOND_LATIN_1.search(text):
        return text
    return _VNI_LETTER.sub(_in_unicode, text)


def legacy_encoding(text: str) -> LegacyEncoding | None:
    """Return the encoding that a text was probably written in; None for text in Unicode and where it is not certain."""
    if text.isascii() or _BEYOND_LATIN_1.search(text):
        return None
    words = [word for word in _WORD.findall(text) if len(word) > 1 and not word.isascii()]
    if all(_is_syllable(word) for word in words):
        return None
    shares: dict[LegacyEncoding, float] = {
        "tcvn3": _share_of_syllables([decode_tcvn3(word) for word in words]),
        "vni": _share_of_syllables([decode_vni(word) for word in words]),
    }
    best = max(shares, key=lambda encoding: shares[encoding])
    return best if shares[best] >= _MOST and len(set(shares.values())) > 1 else None


def _share_of_syllables(words: list[str]) -> float:
    return sum(map(_is_syllable, words)) / len(words)


@lru_cache(maxsize=4096)
def _is_syllable(word: str) -> bool:
    """True if a word could be a Vietnamese syllable, with its tone on the right vowel."""
    return _SYLLABLE.fullmatch(word.casefold()) is not None


def _in_unicode(match: re.Match[str]) -> str:
    letter = (match[1] or match[0]).translate(_VNI_SINGLE)
    composed = unicodedata.normalize("NFC", letter + _VNI_MARKS[match[2].lower()]) if match[2] else letter
    return composed if len(composed) == 1 else letter + match[2].translate(_VNI_SINGLE)
