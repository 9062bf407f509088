"""A field of an identity number: placeholders are none, several numbers are told apart, irregular ones are noted."""

import re
from time import process_time

import pytest
from hypothesis import given, strategies as st

from cchc_schemas import Dossier, LandParcel, Note, RightHolder, from_document, to_document
from cchc_schemas.citizen_ids import CITIZEN_ID
from cchc_schemas.identity_numbers import IDENTITY_NUMBER, is_placeholder, numbers_in
from cchc_schemas.tax_codes import check_digit
from tests.schemas.invented import DOSSIER, PARCEL

citizens = (
    st.tuples(st.integers(1, 96), st.integers(0, 3), st.integers(30, 99), st.integers(0, 999_999))
    .map(lambda parts: "{:03}{}{:02}{:06}".format(*parts))
    .filter(lambda number: not is_placeholder(number))
)
cards = st.integers(20_000_000, 385_999_999).map("{:09}".format).filter(lambda number: not is_placeholder(number))
tax_codes = (
    st.integers(100_000_000, 799_999_999)
    .map(str)
    .filter(lambda nine: check_digit(nine) < 10)
    .map(lambda nine: f"{nine}{check_digit(nine)}")
    .filter(lambda number: not is_placeholder(number))
)


def read(number: object) -> tuple[str | None, set[str]]:
    reading = Dossier.read(DOSSIER | {"applicant_id": number})
    assert {note.path for note in reading.notes} <= {"applicant_id"}
    return reading.record.applicant_id, {note.rule for note in reading.notes}


@pytest.mark.parametrize(
    "number",
    [
        "000000001",
        "000000000",
        "111111111",
        "999999999999",
        "123456789",
        "0123456789",
        "012345678901",
        "1234567890",
        "987654321",
        "000000000001",
        "000 000 001",
        "000.000.001",
        "không có",
        "Chưa có",
        "N/A",
        "-",
        "...",
        "xxx",
        "***",
    ],
)
def test_a_placeholder_is_no_number_and_is_noted(number: str) -> None:
    assert read(number) == (None, {"identity_placeholder"})


@given(st.one_of(citizens, cards, tax_codes))
def test_a_regular_number_is_kept_without_a_note(number: str) -> None:
    assert read(number) == (number, set())


@given(st.one_of(citizens, cards), st.sampled_from([" ", ".", "-", ". "]), st.sampled_from([3, 4]))
def test_a_number_written_in_groups_is_the_same_number(number: str, mark: str, size: int) -> None:
    groups = [number[start : start + size] for start in range(0, len(number), size)]

    assert read(mark.join(groups)) == (number, {"spelling_unified"})


@given(
    citizens, cards, st.sampled_from([",", ";", " ; ", "/", "\n", " và ", " - ", " ", "|"]), st.sampled_from([1, -1])
)
def test_of_two_numbers_the_citizen_identity_number_is_taken_and_noted(
    citizen: str, card: str, mark: str, order: int
) -> None:
    pair = (citizen, card)[::order]

    assert read(mark.join(pair)) == (citizen, {"identity_numbers_several"})


@given(citizens, citizens)
def test_of_two_citizen_identity_numbers_none_is_chosen(first: str, second: str) -> None:
    text = f"{first}, {second}"

    expected = (text, {"identity_numbers_several"}) if first != second else (first, {"spelling_unified"})
    assert read(text) == expected


@given(citizens)
def test_a_placeholder_beside_a_number_does_not_count(number: str) -> None:
    assert read(f"000000001, {number}") == (number, {"spelling_unified"})


@pytest.mark.parametrize("label", ["CCCD: ", "CCCD số ", "Số CCCD ", "cccd"])
def test_the_name_of_the_paper_is_no_part_of_its_number(label: str) -> None:
    assert read(f"{label}074087000001") == ("074087000001", {"spelling_unified"})


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("097087000001", "citizen_id_irregular"),  # no such province
        ("0100000008", "tax_code_irregular"),  # wrong check digit
        ("0100000008-001", "tax_code_irregular"),
        ("28000001", "identity_number_irregular"),  # eight digits
        ("7", "identity_number_irregular"),
        ("7.4087E+10", "identity_number_irregular"),  # its digits are lost
        ("7,40870E+10", "identity_number_irregular"),
    ],
)
def test_an_irregular_number_is_kept_with_a_note(number: str, rule: str) -> None:
    assert read(number) == (number, {rule})


@pytest.mark.parametrize("number", ["B1234567", "46A8012345", "GP số 12/UBND", "Hộ chiếu nước ngoài"])
def test_a_number_with_letters_is_kept_as_it_is(number: str) -> None:
    assert read(number) == (number, set())


@given(st.one_of(citizens, cards, tax_codes), st.sampled_from([".0", ".00", ",0"]))
def test_the_text_of_a_float_is_the_number(number: str, fraction: str) -> None:
    assert read(number + fraction) == (number, {"spelling_unified"})


@given(citizens, st.sampled_from(["", ".0"]))
def test_a_citizen_identity_number_that_lost_its_zero_gets_it_back(number: str, fraction: str) -> None:
    if number.startswith("0") and not number.startswith("00"):
        assert read(number[1:] + fraction) == (number, {"spelling_unified"})


@given(st.text("0123456789 .,;/-xXCMND", max_size=30).filter(lambda text: bool(text.strip())))
def test_reading_what_was_read_changes_nothing(text: str) -> None:
    number, _ = read(text)

    again, rules = read(number)
    assert again == number
    assert not rules & {"spelling_unified", "identity_placeholder"}


@given(st.text("0123456789 .,;/-", max_size=30))
def test_a_stored_record_is_read_back_as_it_was_written(text: str) -> None:
    if text.strip():
        dossier = Dossier.model_validate(DOSSIER | {"applicant_id": text})

        assert from_document(Dossier, to_document(dossier)) == dossier


@given(citizens)
def test_what_needs_no_rewriting_is_read_on_the_fast_path(number: str) -> None:
    assert CITIZEN_ID.fits(number)
    assert re.fullmatch(IDENTITY_NUMBER.quick_pattern, number) or number.startswith("0123")


@given(st.from_regex(IDENTITY_NUMBER.quick_pattern, fullmatch=True))
def test_the_fast_path_takes_nothing_that_the_exact_one_would_change(number: str) -> None:
    assert not is_placeholder(number)
    assert numbers_in(number) == [number]
    assert read(number) == (number, set())


@given(st.from_regex(IDENTITY_NUMBER.quick_pattern, fullmatch=True))
def test_what_the_fast_path_takes_is_in_its_one_spelling(number: str) -> None:
    assert IDENTITY_NUMBER.canonical(number) == number
    assert IDENTITY_NUMBER.canonical(number.lower()) == number


@pytest.mark.parametrize("number", ["HC7654329", "CC1234567", "B1234567", "PT00123456"])
def test_two_spellings_of_a_passport_are_one_number(number: str) -> None:
    assert read(number) == (number, set())
    for spelling in (number.lower(), f"Hộ chiếu: {number.lower()}", f"hc {number}"):
        assert read(spelling) == (number, {"spelling_unified"})


@pytest.mark.parametrize("text", ["0" + " " * 40_000 + "x", "0" + "\u2003" * 40_000 + "x", "1 - " * 20_000])
def test_the_time_for_a_text_of_any_length_is_short(text: str) -> None:
    started = process_time()

    assert numbers_in(text)
    assert read(text)[0] is None

    assert process_time() - started < 1


def test_the_path_of_a_holder_s_number_is_noted() -> None:
    holders = [{"kind": "individual", "name": "Nguyễn Thị Mẫu", "id_number": number} for number in ("000000001", "1")]

    reading = LandParcel.read(PARCEL | {"holders": holders})

    assert [holder.id_number for holder in reading.record.holders] == [None, "1"]
    assert set(reading.notes) == {
        Note("holders.0.id_number", "identity_placeholder"),
        Note("holders.1.id_number", "identity_number_irregular"),
    }


def test_numbers_stay_masked() -> None:
    holder = RightHolder.model_validate({"kind": "individual", "name": "Mẫu", "id_number": "074087000001"})

    assert "***0001" in repr(holder)
    assert "074087" not in repr(holder)
