"""Quantities are finite decimals within limits."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from cchc_schemas import Fault, LandParcel, Measure, RecordInvalid
from cchc_schemas.measures import AmountVnd, AreaM2, Count, Duration, Quantity
from cchc_schemas.text import QUICKLY
from tests.schemas.invented import PARCEL


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        (AreaM2, "0", "area_not_positive"),
        (AreaM2, -1, "area_not_positive"),
        (AreaM2, "228,4", "decimal_parsing"),
        (AreaM2, "228 m2", "decimal_parsing"),
        (AreaM2, float("nan"), "finite_number"),
        (AreaM2, "Infinity", "finite_number"),
        (AreaM2, "1e15", "less_than"),
        (AmountVnd, "-1", "amount_negative"),
        (Duration, Decimal(-1), "duration_negative"),
        (Quantity, "-1e16", "quantity_too_small"),
        (Count, -1, "greater_than_equal"),
        (Count, "hai", "int_parsing"),
    ],
)
def test_a_quantity_outside_its_limits_is_refused(kind: Any, value: object, rule: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(kind).validate_python(value)

    assert [details["type"] for details in refusal.value.errors() if QUICKLY not in details["loc"]] == [rule]


@pytest.mark.parametrize("value", ["228.40", 228.4, Decimal("228.4")])
def test_an_area_is_exact_however_it_was_written(value: object) -> None:
    assert TypeAdapter[Decimal](AreaM2).validate_python(value) == Decimal("228.4")


def test_a_level_may_lie_below_zero() -> None:
    assert Measure(name="Cốt xây dựng", value=Decimal("-0.45"), unit="m").value == Decimal("-0.45")


def test_a_quantity_too_large_for_any_database_has_its_own_rule() -> None:
    with pytest.raises(RecordInvalid) as refusal:
        LandParcel.read({**PARCEL, "area_m2": "1e500"}, strict=True)

    assert refusal.value.faults == (Fault("area_m2", "quantity_too_large"),)
