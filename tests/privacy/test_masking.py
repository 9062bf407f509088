"""Masking of personal fields when records and wire items are shown."""

import json

import pytest

from cchc_connect.privacy.masking import masked_item, masked_record
from cchc_schemas import AdminScheme, Dossier, DossierStatus, HolderKind, LandParcel, RightHolder


def test_personal_fields_are_masked_at_any_depth_and_others_are_not() -> None:
    """The marker in the field's type decides; of a number the last four characters are shown."""
    holder = RightHolder(kind=HolderKind.INDIVIDUAL, name="Nguyễn Thị Mẫu", id_number="074187000123")
    parcel = LandParcel(
        scheme=AdminScheme.GSO_2025_07, commune_code="25747", map_sheet="45", parcel_number="123", holders=(holder,)
    )

    shown = masked_record(parcel)

    assert shown["holders"][0]["name"] == "***"
    assert shown["holders"][0]["id_number"] == "***0123"
    assert shown["holders"][0]["kind"] == "individual"
    assert shown["map_sheet"] == "45"


def test_a_missing_value_is_not_masked() -> None:
    """None stays None: that a value is missing is not personal."""
    dossier = Dossier(code="000.00.00.H09-260701-0001", procedure_code="1.009994", status=DossierStatus.RECEIVED)

    assert masked_record(dossier)["applicant_name"] is None


def test_a_wire_item_shows_its_shape_and_no_text_and_no_long_number() -> None:
    """Which values of an untranslated item are personal is unknown, so every text is hidden."""
    wire_item = {
        "hoTen": "Nguyễn Thị Mẫu",
        "soTo": 12,
        "cccd": 74000000123,
        "ma": "",
        "xoa": None,
        "dung": True,
        "chuSuDung": [{"dienThoai": "0900000123", "dienTich": 250.5}],
    }

    shown = masked_item(wire_item)

    assert shown == {
        "hoTen": "***",
        "soTo": 12,
        "cccd": "***",
        "ma": "",
        "xoa": None,
        "dung": True,
        "chuSuDung": [{"dienThoai": "***", "dienTich": 250.5}],
    }
    assert "0900000123" not in json.dumps(shown)


def test_no_member_is_lost_where_names_are_alike_once_they_are_masked() -> None:
    """Three persons with one ending, and a name that looks like a number behind a masked one."""
    by_number = {"074087000001": 1, "074187000001": 2, "***0001 (2)": 3, "074287000001": 4}

    assert masked_item(by_number) == {"***0001": 1, "***0001 (2)": 2, "***0001 (2) (2)": 3, "***0001 (3)": 4}
    assert masked_item({12: 1, None: 2}) == {"12": 1, "None": 2}


@pytest.mark.parametrize(
    "code",
    [
        "000.00.05.H09-260331-0001",
        "000.24.30.H09",
        "1.099042",
        "G15-TP07",
        "25822",
        "gso-2025-07:25747:45:123",
        "w3un3n6ys4gw",
        "40",
        "EPSG:9210",
    ],
)
def test_a_code_that_names_no_person_is_shown(code: str) -> None:
    """Of a dossier, agency, procedure, field, commune or parcel: by it the record is found at the source."""
    assert masked_item({"ma": [code]}) == {"ma": [code]}


@pytest.mark.parametrize(
    "value",
    [
        "Nguyễn Thị Mẫu",
        "NGUYEN VAN MAU",
        "nguyenvanmau",
        "074091000028",
        "374091028",
        "0900000348",
        "+84900000348",
        "mau@example.vn",
        "04/07/1985",
        "1985-07-04",
        "04071985",
        "Số 285, Đại lộ Mẫu",
        "61A-123.45",
        "B1234567",
        "3700000001-001",
    ],
)
def test_a_text_that_may_be_personal_is_hidden(value: str) -> None:
    assert masked_item([value]) == ["***"]
