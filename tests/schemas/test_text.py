"""Text is NFC, stripped, not empty and free of control characters."""

import unicodedata

import pytest
from hypothesis import given, strategies as st

from cchc_schemas import Fault, RecordInvalid, Text
from cchc_schemas.records import Record
from cchc_schemas.text import LETTERS, TEXT_LENGTH


class Sentence(Record):
    """A record of one text."""

    record_type = "sentence"

    words: Text

    @property
    def key(self) -> str:
        """The text itself."""
        return self.words


def written(words: object) -> str:
    return Sentence.read({"words": words}).record.words


@pytest.mark.parametrize(
    ("given_as", "stored"),
    [
        ("Thu\u0309 Da\u0302\u0300u Mo\u0323\u0302t", "Thủ Dầu Một"),  # decomposed
        ("  Sở Xây dựng\n", "Sở Xây dựng"),  # white space around
        ("\u00a0Đất đai\u00a0", "Đất đai"),  # no-break spaces around
        ("một\r\nhai\tba", "một\nhai\tba"),  # line breaks of another system
        ("Thửa 12 – tờ 3", "Thửa 12 – tờ 3"),  # a dash beyond the Latin letters
        ("0", "0"),  # nothing is no number
    ],
)
def test_text_is_stored_in_one_form(given_as: str, stored: str) -> None:
    assert written(given_as) == stored


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("", "text_empty"),
        (" \n\u00a0", "text_empty"),
        ("a\x00b", "text_control_character"),
        ("a\rb", "text_control_character"),
        ("a\x85b", "text_control_character"),
        ("a\ud800b", "text_not_unicode"),  # half of a surrogate pair
        ("ủ" * (TEXT_LENGTH + 1), "text_too_long"),
        (7, "string_type"),
        (None, "missing"),
    ],
)
def test_what_is_no_text_is_refused(words: object, rule: str) -> None:
    with pytest.raises(RecordInvalid) as refusal:
        written(words)

    assert refusal.value.faults == (Fault("words", rule),)


def test_length_counts_characters_after_composing_them() -> None:
    assert len(written("u\u0309" * TEXT_LENGTH)) == TEXT_LENGTH


@given(st.text())
def test_text_is_refused_or_stored_in_nfc_and_stays_as_it_is(words: str) -> None:
    try:
        stored = written(words)
    except RecordInvalid:
        return

    assert unicodedata.is_normalized("NFC", stored)
    assert stored == stored.strip()
    assert written(stored) == stored


def test_the_letters_of_the_quick_way_are_in_nfc_in_any_order() -> None:
    ranges = (LETTERS[start : start + 3] for start in range(0, len(LETTERS), 3))
    letters = [chr(code) for span in ranges for code in range(ord(span[0]), ord(span[2]) + 1)]

    assert unicodedata.is_normalized("NFC", "".join(letters + letters[::-1]))
    assert not any(unicodedata.category(letter)[0] == "M" for letter in letters)
