"""Fields of one kind of number: a placeholder is none, an irregular number is kept with a note, and written never."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from cchc_schemas import Feedback, Note, TaxNotice, from_document, to_document
from cchc_schemas.citizen_ids import CITIZEN_ID
from cchc_schemas.tax_codes import TAX_CODE, check_digit

FEEDBACK = {"code": "PAKN-1", "received_at": datetime(2026, 3, 2, 3, 0, tzinfo=UTC)}
NOTICE = {"dossier_code": "BN-44", "notice_number": "12/TB-CCT"}

citizen_ids = st.from_regex(CITIZEN_ID.pattern, fullmatch=True)
nine_digits = st.from_regex("[0-9]{9}", fullmatch=True)


def sender_of(number: object) -> tuple[str | None, list[str]]:
    """Return the sender's number as it is read, and the rules of its notes."""
    reading = Feedback.read({**FEEDBACK, "sender_id": number})
    return reading.record.sender_id, [note.rule for note in reading.notes if note.path == "sender_id"]


def payer_of(number: object) -> tuple[str | None, list[str]]:
    """Return the taxpayer's code as it is read, and the rules of its notes."""
    reading = TaxNotice.read({**NOTICE, "taxpayer_code": number})
    return reading.record.taxpayer_code, [note.rule for note in reading.notes if note.path == "taxpayer_code"]


@pytest.mark.parametrize("number", ["000000001", "111111111111", "không có", "123456789"])
def test_a_placeholder_is_no_number_and_a_note_says_so(number: str) -> None:
    assert sender_of(number) == (None, ["identity_placeholder"])
    assert payer_of(number) == (None, ["identity_placeholder"])


def test_of_several_numbers_the_citizen_s_is_taken_with_a_note() -> None:
    assert sender_of("074087000001,280000001") == ("074087000001", ["identity_numbers_several"])


@pytest.mark.parametrize("number", ["280000001", "097087000001", "B1234567"])
def test_a_number_of_another_kind_is_kept_with_a_note(number: str) -> None:
    assert sender_of(number) == (number, ["citizen_id_irregular"])


@pytest.mark.parametrize("number", ["0100000004", "0100000003-01", "28000001"])
def test_an_irregular_tax_code_is_kept_with_a_note(number: str) -> None:
    code_read, rules = payer_of(number)

    assert (code_read, rules[-1]) == (number, "tax_code_irregular")


def test_an_irregular_number_may_not_be_written() -> None:
    with pytest.raises(ValidationError, match="irregular"):
        Feedback(code="PAKN-1", sender_id="280000001")


def test_a_stored_irregular_number_is_read_as_it_is() -> None:
    record = Feedback.read({**FEEDBACK, "sender_id": "280000001"}).record

    assert from_document(Feedback, to_document(record)) == record
    assert record.irregularities() == (Note("sender_id", "citizen_id_irregular"),)


@given(citizen_ids)
def test_every_citizen_identity_number_is_also_a_person_s_tax_code(number: str) -> None:
    assert Feedback(code="1", sender_id=number).sender_id == number
    assert TaxNotice(dossier_code="1", notice_number="1", taxpayer_code=number).taxpayer_code == number


@given(nine_digits, st.sampled_from(["", "-001", "-999"]))
def test_a_tax_code_with_its_check_digit_is_read_in_one_spelling(digits: str, branch: str) -> None:
    digit = check_digit(digits)
    code = f"{digits}{digit % 10}{branch}"

    code_read, rules = payer_of(f" {code} ")

    assert code_read == code or rules == ["identity_placeholder"]
    assert TAX_CODE.fits(code) == (digit < 10)
    assert ("tax_code_irregular" in rules) == (digit == 10 and code_read is not None)
