"""Codes of land uses joined in one text are parted, in time that its length bounds."""

from time import process_time
from typing import Any

import pytest

from cchc_adapters.building_blocks.land_uses import land_uses

CATALOGUE = "TT 08/2024/TT-BTNMT"


def uses(text: str) -> list[tuple[object, object]]:
    rows: list[Any] = [*land_uses(text, CATALOGUE, ",")]
    return [(row["code"], row.get("area_m2") and str(row["area_m2"])) for row in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ODT+CLN", [("ODT", None), ("CLN", None)]),
        (" ODT  và  CLN ", [("ODT", None), ("CLN", None)]),
        ("ODT - CLN - HNK", [("ODT", None), ("CLN", None), ("HNK", None)]),
        ("ONT  :  120,5 ; CLN  (300)", [("ONT", "120.5"), ("CLN", "300")]),
        ("ODT120,5\nCLN 3", [("ODT", "120.5"), ("CLN", "3")]),
    ],
)
def test_marks_part_the_codes_whatever_spaces_are_around_them(
    text: str, expected: list[tuple[str, str | None]]
) -> None:
    assert uses(text) == expected


@pytest.mark.parametrize("text", ["ODT" + " " * 40_000 + "CLN", "ODT" + " " * 40_000 + "x" * 40_000, "1," * 40_000])
def test_the_time_for_a_text_of_any_length_is_short(text: str) -> None:
    started = process_time()

    assert uses(text)

    assert process_time() - started < 1
