"""Citizen identity numbers and tax codes."""

import pytest
from hypothesis import assume, given, strategies as st

from cchc_schemas.citizen_ids import CITIZEN_ID, Sex, birth_year, sex_of
from cchc_schemas.tax_codes import TAX_CODE, check_digit

citizens = st.tuples(st.integers(1, 96), st.integers(0, 9), st.integers(0, 99), st.integers(0, 999_999)).map(
    lambda parts: "{:03}{}{:02}{:06}".format(*parts)
)
nine_digits = st.text("0123456789", min_size=9, max_size=9)


@given(citizens)
def test_every_province_century_and_year_makes_a_citizen_id(number: str) -> None:
    assert CITIZEN_ID.fits(number)
    assert 1900 <= birth_year(number) <= 2399
    assert sex_of(number) is (Sex.MALE if number[3] in "02468" else Sex.FEMALE)


@pytest.mark.parametrize("province", ["000", "097", "100", "999"])
def test_a_province_outside_001_to_096_makes_none(province: str) -> None:
    assert not CITIZEN_ID.fits(province + "000000001")


@given(citizens)
def test_a_person_s_tax_code_is_the_citizen_id(number: str) -> None:
    assert TAX_CODE.fits(number)


@given(nine_digits)
def test_one_tenth_digit_makes_a_tax_code_or_none_does(digits: str) -> None:
    fitting = [last for last in range(10) if TAX_CODE.fits(f"{digits}{last}")]

    assert fitting == [digit for digit in [check_digit(digits)] if digit < 10]


@given(nine_digits, st.integers(0, 8), st.integers(1, 9))
def test_a_tax_code_with_one_digit_changed_is_none(digits: str, place: int, step: int) -> None:
    assume(check_digit(digits) < 10)
    changed = digits[:place] + str((int(digits[place]) + step) % 10) + digits[place + 1 :]

    assert not TAX_CODE.fits(f"{changed}{check_digit(digits)}")
