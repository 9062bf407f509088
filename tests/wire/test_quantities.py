"""Quantities with a unit in their text: areas become m², measures keep their unit, other texts are no number."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from cchc_connect.wire.codecs import DecimalSign, Unreadable
from cchc_connect.wire.quantities import area_m2, is_same_unit, stated_quantity
from cchc_schemas.faults import Noted

SQUARE_METRES = ["m2", "m²", "M2", "m^2", "m 2", "mét vuông", "M²."]
numbers = st.decimals(Decimal("0.01"), Decimal(10**7), places=2)
signs = st.sampled_from([",", "."])


def written(number: Decimal, sign: str) -> str:
    """Return a number with this decimal sign."""
    return f"{number:.2f}".replace(".", sign)


def grouped(number: Decimal, sign: str) -> str:
    """Return a number with this decimal sign and the other one between groups of three digits."""
    text = f"{number:,.2f}"
    return text.translate(str.maketrans(",.", ".,")) if sign == "," else text


@given(
    numbers,
    signs,
    st.sampled_from([written, grouped]),
    st.sampled_from([f"{space}{unit}" for unit in SQUARE_METRES for space in ("", " ", "  ", "\u00a0")]),
)
def test_an_area_with_its_unit_is_the_area(
    number: Decimal, sign: DecimalSign, write: Callable[[Decimal, str], str], unit: str
) -> None:
    assert area_m2(write(number, sign) + unit, sign) == number


@given(numbers, signs, st.sampled_from([("ha", 10_000), ("Hecta", 10_000), ("km2", 1_000_000)]))
def test_an_area_in_another_unit_is_converted_and_noted(
    number: Decimal, sign: DecimalSign, unit: tuple[str, int]
) -> None:
    name, size = unit

    assert area_m2(f"{written(number, sign)} {name}", sign) == Noted(number * size, "unit_converted")


@pytest.mark.parametrize(
    ("value", "area"), [(228.4, "228.4"), (0, "0"), ("1.234,5", "1234.5"), (None, None), ("", None)]
)
def test_an_area_without_a_unit_is_in_square_metres(value: object, area: str | None) -> None:
    assert area_m2(value, ",") == (None if area is None else Decimal(area))


@pytest.mark.parametrize("value", ["2 sào", "3 công", "1 mẫu", "228 m3", "12 tầng"])
def test_a_unit_that_is_not_the_same_everywhere_is_not_read(value: str) -> None:
    assert area_m2(value, ",") == Unreadable("unit_unknown")


@pytest.mark.parametrize(
    "value",
    [
        "m2",
        "khoảng 228 m2",
        "228 m2 và 12 m2",
        "-5 m2",
        "\u2212 5 m2",
        "\u00b1 5 m2",
        "\u00b10,5 ha",
        "228.4 m2",
        True,
        [],
        "12 + 13",
    ],
)
def test_a_text_that_is_not_one_area_is_unreadable(value: object) -> None:
    assert isinstance(area_m2(value, ","), Unreadable)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+ 0,45 m", ("0.45", "m")),
        ("+0,45m", ("0.45", "m")),
        ("- 1,2 m", ("-1.2", "m")),
        ("\u22121,2 m", ("-1.2", "m")),
        ("+ 0,45", ("0.45", None)),
        ("02 tầng", ("2", "tầng")),
        ("60 %", ("60", "%")),
        ("60%", ("60", "%")),
        ("120,5 m²", ("120.5", "m2")),
        ("3,5 lần", ("3.5", "lần")),
    ],
)
def test_a_measure_with_its_unit_is_number_and_unit(text: str, expected: tuple[str, str | None]) -> None:
    assert stated_quantity(text, ",") == (Decimal(expected[0]), expected[1])


@pytest.mark.parametrize("text", ["02 tầng + mái", "±0,45 m", "cao 12 m", "12 m x 5 m", "12 xyz", "tầng 2", "", None])
def test_prose_is_no_measure(text: object) -> None:
    assert stated_quantity(text, ",") is None


@given(st.text(max_size=20), signs)
def test_no_text_breaks_the_readers(text: str, sign: DecimalSign) -> None:
    area = area_m2(text, sign)
    quantity = stated_quantity(text, sign)

    assert area is None or isinstance(area, Decimal | Noted | Unreadable)
    assert quantity is None or isinstance(quantity[0], Decimal)


def test_units_compare_by_what_they_are() -> None:
    assert is_same_unit("M2", "m²")
    assert not is_same_unit("m", "m2")
    assert not is_same_unit("xyz", "xyz")
    assert not is_same_unit(None, None)
