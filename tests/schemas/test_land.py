"""Parcels: both keys; areas that do not add up are noted and never refused."""

import unicodedata
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from cchc_schemas import AdminScheme, Fault, LandChange, LandParcel, Note, ParcelRef, RecordInvalid
from tests.schemas.invented import PARCEL

URBAN = {"code": "ODT", "catalogue": "TT 08/2024/TT-BTNMT"}


def test_the_key_of_a_parcel_names_its_scheme() -> None:
    assert LandParcel.read(PARCEL).record.key == "gso-2025-07:25747:45:123"


@pytest.mark.parametrize(
    ("code", "scheme", "rule"),
    [
        ("25753", "gso-2025-07", "commune_code_unknown"),  # a code of the old scheme only
        ("00000", "gso-2025-01", "commune_code_unknown"),
        ("718", "gso-2025-01", "commune_code_irregular"),  # a district
        ("2574", "gso-2025-07", "commune_code_irregular"),  # a zero lost
    ],
)
def test_a_commune_must_exist_in_the_scheme(code: str, scheme: str, rule: str) -> None:
    with pytest.raises(RecordInvalid) as refusal:
        LandParcel.read({**PARCEL, "scheme": scheme, "commune_code": code})

    assert refusal.value.faults == (Fault("commune_code", rule),)


def test_a_commune_is_not_looked_up_where_its_scheme_is_unknown() -> None:
    with pytest.raises(RecordInvalid) as refusal:
        LandParcel.read({**PARCEL, "scheme": "gso-1999-01", "commune_code": "99999"})

    assert refusal.value.faults == (Fault("scheme", "value_unknown"),)


@pytest.mark.parametrize(
    ("areas", "legal", "rules"),
    [
        (["100", "128.4"], None, []),
        (["100", "128.5"], None, []),  # within rounding
        (["100", "120"], None, ["uses_area_differs"]),
        (["100", "120"], "220", []),  # they add up to the legal area
        (["100", None], None, []),  # one is not stated
        ([], None, []),
        (["228.4"], "22840", ["areas_implausible"]),  # a factor of 100
        (["228.4"], "2.2", ["areas_implausible"]),
        (["228.4"], "11420", []),  # a factor of 50
    ],
)
def test_areas_that_do_not_fit_are_noted(areas: list[str | None], legal: str | None, rules: list[str]) -> None:
    uses = [{**URBAN, "area_m2": area} for area in areas]

    reading = LandParcel.read({**PARCEL, "uses": uses, "legal_area_m2": legal})

    assert [note.rule for note in reading.notes] == rules


def test_the_tolerance_for_areas_can_be_set() -> None:
    class CoarseParcel(LandParcel):
        """A parcel of a source that measures coarsely."""

        rounding_m2: ClassVar[Decimal] = Decimal(5)

    uses = [{**URBAN, "area_m2": "100"}, {**URBAN, "area_m2": "120"}]

    assert CoarseParcel.read({**PARCEL, "uses": uses, "legal_area_m2": None}).notes == ()


def test_irregular_codes_and_odd_areas_are_noted_together() -> None:
    reading = LandParcel.read({**PARCEL, "uses": [{"code": "ODT+CLN", "catalogue": "cũ", "area_m2": "1"}]})

    assert reading.notes == (Note("uses.0.code", "land_use_code_unknown"), Note("uses", "uses_area_differs"))


def test_a_reference_with_the_whole_key_leads_to_the_parcel() -> None:
    reference = ParcelRef(scheme=AdminScheme.GSO_2025_07, commune_code="25747", map_sheet="45", parcel_number="123")

    assert reference.parcel_key == LandParcel.read(PARCEL).record.key


@pytest.mark.parametrize("named", [{"raw": "604 (tờ bản đồ số 3)"}, {"national_id": "w3gvk1h2m8q0"}])
def test_a_reference_without_the_whole_key_leads_nowhere(named: dict[str, Any]) -> None:
    assert ParcelRef(map_sheet="45", **named).parcel_key is None


def test_a_reference_that_names_no_parcel_is_refused() -> None:
    change = {"change_id": "BD-1", "kind": "CN", "happened_at": "2021-09-27T08:15:00+07:00"}

    with pytest.raises(RecordInvalid) as refusal:
        LandChange.read({**change, "to_parcels": [{"map_sheet": "45", "parcel_number": "123"}]}, strict=True)

    assert refusal.value.faults == (Fault("to_parcels.0", "parcel_not_named"),)


def test_a_change_holds_from_the_vietnamese_day_of_its_registration() -> None:
    """Half past midnight on 1 July is still 30 June in UTC."""
    change = LandChange.read({"change_id": "BD-1", "kind": "CN", "happened_at": "2026-07-01T00:30:00+07:00"}).record

    assert change.validity() == (date(2026, 7, 1), None)


def test_a_bare_commune_code_of_a_reference_keeps_its_shape() -> None:
    with pytest.raises(ValidationError):
        ParcelRef(commune_code="97", raw="thửa 12")


@pytest.mark.parametrize(
    ("code", "catalogue"),
    [
        ("DCT", "TT 27/2018/TT-BTNMT"),  # new in 2024
        ("DCT", "Thông tư 27 / 2018 của Bộ TNMT"),
        ("LUN", "TT 08/2024/TT-BTNMT"),  # gone in 2024
        ("LUN", "Thông tư số 8/2024/TT-BTNMT"),
    ],
)
def test_a_code_that_the_stated_catalogue_lacks_is_kept_and_noted(code: str, catalogue: str) -> None:
    reading = LandParcel.read({**PARCEL, "uses": [URBAN, {"code": code, "catalogue": catalogue}]})

    assert reading.record.uses[1].code == code
    assert reading.notes == (Note("uses.1.code", "land_use_code_not_in_force"),)


@pytest.mark.parametrize(
    ("code", "catalogue"),
    [
        ("LUN", "TT 27/2018/TT-BTNMT"),
        ("DCT", "TT 08/2024/TT-BTNMT"),
        ("ODT", "TT 27/2018/TT-BTNMT"),
        ("TTN", "trước TT 27/2018/TT-BTNMT"),
        ("LUN", "Trước TT 08/2024/TT-BTNMT"),
        ("LUN", unicodedata.normalize("NFD", "TRƯỚC TT 08/2024/TT-BTNMT")),
        ("LUN", "Danh mục Cũ (TT 08/2024/TT-BTNMT)"),
        ("LUN", "danh mục của tỉnh"),  # nothing is known of it
        ("DCT", "TT 25/2014/TT-BTNMT"),
    ],
)
def test_a_code_of_its_catalogue_or_of_one_that_is_not_known_has_no_note(code: str, catalogue: str) -> None:
    assert LandParcel.read({**PARCEL, "uses": [URBAN, {"code": code, "catalogue": catalogue}]}).notes == ()


def test_an_unknown_code_has_one_note() -> None:
    reading = LandParcel.read({**PARCEL, "uses": [{"code": "ZZZ", "catalogue": "TT 08/2024/TT-BTNMT"}]})

    assert reading.notes == (Note("uses.0.code", "land_use_code_unknown"),)
