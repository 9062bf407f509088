"""A list of parcels is read; a sentence is kept as text."""

import unicodedata

import pytest

from cchc_connect import Unreadable
from cchc_connect.wire.parcel_lists import location_fields, parcel_refs
from cchc_schemas import AdminScheme, ParcelRef

COMMUNE = {"scheme": AdminScheme.GSO_2025_01, "commune_code": "25747"}


def refs(sheet: object, numbers: object) -> list[ParcelRef]:
    return [ParcelRef.model_validate(fields) for fields in parcel_refs(COMMUNE, sheet, numbers)]


@pytest.mark.parametrize("numbers", ["12", 12, "12a", "12/3"])
def test_a_number_on_a_sheet_is_a_parcel(numbers: object) -> None:
    (ref,) = refs(3, numbers)

    assert ref.parcel_key == f"gso-2025-01:25747:3:{numbers}"
    assert ref.raw is None


def test_a_list_is_several_parcels_and_keeps_its_words() -> None:
    references = refs("3", "12, 13; 14")

    assert [ref.parcel_number for ref in references] == ["12", "13", "14"]
    assert {ref.raw for ref in references} == {"thửa 12, 13; 14, tờ 3"}


@pytest.mark.parametrize("decomposed", [True, False])
def test_a_sheet_may_stand_behind_the_number(*, decomposed: bool) -> None:
    sentence = "604, 605 (tờ bản đồ số 3)"
    text = unicodedata.normalize("NFD", sentence) if decomposed else sentence

    references = refs("", text)

    assert [ref.parcel_key for ref in references] == ["gso-2025-01:25747:3:604", "gso-2025-01:25747:3:605"]
    assert {ref.raw for ref in references} == {"604, 605 (tờ bản đồ số 3)"}


@pytest.mark.parametrize(
    ("sheet", "numbers", "raw"),
    [
        ("", "23 (ứng đại diện)", "23 (ứng đại diện)"),
        ("3", "23 (ứng đại diện)", "thửa 23 (ứng đại diện), tờ 3"),
        ("3, 4", "12", "thửa 12, tờ 3, 4"),
        ("", "12", "12"),
        ("3", "", "tờ 3"),
        ("3", "12, ", "thửa 12,, tờ 3"),
    ],
)
def test_what_is_no_list_of_numbers_stays_in_its_own_words(sheet: str, numbers: str, raw: str) -> None:
    (ref,) = refs(sheet, numbers)

    assert ref.raw == raw
    assert ref.parcel_key is None


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_where_nothing_is_named_there_is_no_parcel(nothing: object) -> None:
    assert refs(nothing, nothing) == []


def test_without_a_commune_only_the_words_remain() -> None:
    commune = {"scheme": AdminScheme.GSO_2025_01, "commune_code": None}

    assert parcel_refs(commune, "3", "12") == [{"raw": "thửa 12, tờ 3"}]


def test_the_province_tells_the_scheme_of_the_commune() -> None:
    schemes = {"74": AdminScheme.GSO_2025_01, "79": AdminScheme.GSO_2025_07}

    before = location_fields({"maTinhTP": "74", "maPhuongXa": 25747}, {}, schemes)
    after = location_fields({"maTinhTP": 79, "maPhuongXa": "25747"}, {}, schemes)
    neither = location_fields({"maTinhTP": "01", "maPhuongXa": "00004"}, {}, schemes)

    assert (before["scheme"], before["commune_code"]) == (AdminScheme.GSO_2025_01, "25747")
    assert after["scheme"] == AdminScheme.GSO_2025_07
    assert neither["scheme"] == Unreadable("province_without_scheme")
