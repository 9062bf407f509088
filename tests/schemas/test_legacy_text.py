"""Text in TCVN3 or VNI is recognised and noted, never changed by itself; text in Unicode is left alone."""

import re
import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from cchc_schemas import Dossier, LandParcel, Note, from_document, to_document
from cchc_schemas.legacy_text import LegacyEncoding, decode_tcvn3, decode_vni, legacy_encoding
from cchc_schemas.package_tables import package_table
from cchc_schemas.text import TextRule
from tests.quick import scaled
from tests.schemas.invented import DOSSIER, PARCEL

LATIN_1 = [chr(code) for code in range(0xA1, 0x100)]
TO_TCVN3 = {decode_tcvn3(letter): letter for letter in LATIN_1 if decode_tcvn3(letter) != letter or letter == "ý"}
TO_VNI = {
    **{decode_vni(letter): letter for letter in LATIN_1 if decode_vni(letter) != letter},
    **{
        decode_vni(base + mark): base + mark
        for base in "aeouyôöAEOUYÔÖ"
        for mark in LATIN_1
        if len(decode_vni(base + mark)) == 1
    },
}
"""Each Vietnamese letter as the encodings write it; TCVN3 has few capitals with marks."""

names = [row["name"] for row in package_table("admin_units").rows]
phrases = st.sampled_from(names[::40]).map(lambda name: f"Thửa đất tại {name.lower()}, đường số 5")


def written(text: str, letters: dict[str, str]) -> str:
    return "".join(letters.get(letter, letter) for letter in text)


def has_unicode_letter(text: str) -> bool:
    """True if a text has a letter that only Unicode has."""
    return re.search("[Ā-ʯḀ-ỿ]", text) is not None


@given(phrases)
def test_what_was_written_in_an_encoding_is_recognised_and_decoded(phrase: str) -> None:
    tcvn3, vni = written(phrase, TO_TCVN3), written(phrase, TO_VNI)

    if not has_unicode_letter(tcvn3):
        assert (legacy_encoding(tcvn3), decode_tcvn3(tcvn3)) == ("tcvn3", phrase)
    if not has_unicode_letter(vni):
        assert (legacy_encoding(vni), decode_vni(vni)) == ("vni", phrase)


@pytest.mark.parametrize(
    ("text", "encoding", "decoded"),
    [
        ("®Êt ë", "tcvn3", "đất ở"),
        ("§­êng sè 3", "tcvn3", "Đường số 3"),
        ("NguyÔn V¨n An", "tcvn3", "Nguyễn Văn An"),
        ("x· T©n An", "tcvn3", "xã Tân An"),
        ("Ñaát ôû", "vni", "Đất ở"),
        ("Nguyeãn Vaên An", "vni", "Nguyễn Văn An"),
        ("Phöôøng Phuù Lôïi", "vni", "Phường Phú Lợi"),
        ("Xaõ Taân An", "vni", "Xã Tân An"),
    ],
)
def test_texts_of_old_databases_are_recognised(text: str, encoding: LegacyEncoding, decoded: str) -> None:
    assert legacy_encoding(text) == encoding
    assert {"tcvn3": decode_tcvn3, "vni": decode_vni}[encoding](text) == decoded


@given(st.sampled_from(names))
@settings(max_examples=scaled(300))
def test_no_name_in_unicode_is_taken_for_another_encoding(name: str) -> None:
    for text in (name, name.upper(), name.lower(), unicodedata.normalize("NFD", name)):
        assert legacy_encoding(unicodedata.normalize("NFC", text)) is None
        assert decode_tcvn3(name) == name or not has_unicode_letter(name)


@pytest.mark.parametrize(
    "text",
    [
        *("Müller", "Würth", "Café", "Citroën", "Noël", "São Paulo", "Ångström", "El Niño", "Straße", "José Peña"),
        *("228 m²", "45°", "«abc»", "5½", "© 2024", "Tân An", "TÂN AN", "Hà Nam", "Hoà", "Thuý", "Đà Nẵng", "Ðà"),
        "12/QÐ",
    ],
)
def test_other_texts_are_not(text: str) -> None:
    assert legacy_encoding(text) is None
    assert Dossier.read(DOSSIER | {"summary": text}).record.summary is not None
    assert not {note.rule for note in Dossier.read(DOSSIER | {"summary": text}).notes} & {"text_legacy_encoding"}


@pytest.mark.parametrize("text", ["®Êt ë t¹i n«ng th«n", "Ñaát ôû", "Xaõ Taân An"])
def test_a_text_in_an_old_encoding_is_kept_with_a_note(text: str) -> None:
    reading = Dossier.read(DOSSIER | {"summary": text, "applicant_name": text})

    assert (reading.record.summary, reading.record.applicant_name) == (text, text)
    assert set(reading.notes) == {
        Note("summary", "text_legacy_encoding"),
        Note("applicant_name", "text_legacy_encoding"),
    }
    assert from_document(Dossier, to_document(reading.record)) == reading.record


def test_the_note_names_a_part_too() -> None:
    holders = [{"kind": "individual", "name": "NguyÔn V¨n An"}]

    reading = LandParcel.read(PARCEL | {"holders": holders, "address": "Ñaát ôû"})

    assert {(note.path, note.rule) for note in reading.notes} == {
        ("holders.0.name", "text_legacy_encoding"),
        ("address", "text_legacy_encoding"),
    }


@given(st.text(st.sampled_from("aeo nhaâãõùúùøûïäëê®µ·©ªÊËÑñôöĐđệ1-"), min_size=1, max_size=12))
@settings(max_examples=scaled(500))
def test_the_fast_path_takes_no_text_that_the_exact_one_would_note(text: str) -> None:
    fast = re.fullmatch(TextRule(100).quick_pattern, text) is not None

    if fast and re.search("[aeAE][à-ãè-êìíò-õùúý]", text) is None and legacy_encoding(text):
        assert re.search("[^!-~ À-ÃÈ-ÊÌÍÒ-ÕÙÚÝà-ãè-êìíò-õùúý]", text) is None, "only letters of Vietnamese words"


@given(st.text(st.characters(max_codepoint=0x1EFF), max_size=30))
def test_no_text_breaks_the_decoders(text: str) -> None:
    assert isinstance(decode_tcvn3(text) + decode_vni(text), str)
    assert legacy_encoding(text) in {None, "tcvn3", "vni"}
