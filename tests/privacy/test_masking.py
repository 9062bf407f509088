"""What is hidden when records and wire items are shown."""

import json

from cchc_connect.privacy.masking import masked_item, masked_record
from cchc_schemas import AdminScheme, Dossier, DossierStatus, HolderKind, LandParcel, RightHolder


def test_personal_fields_are_masked_at_any_depth_and_others_are_not() -> None:
    """The mark in the type decides; numbers keep their last four characters."""
    holder = RightHolder(kind=HolderKind.INDIVIDUAL, name="Nguyễn Thị Mẫu", id_number="000000000123")
    parcel = LandParcel(
        scheme=AdminScheme.GSO_2025_07, commune_code="25747", map_sheet="45", parcel_number="123", holders=(holder,)
    )

    shown = masked_record(parcel)

    assert shown["holders"][0]["name"] == "***"
    assert shown["holders"][0]["id_number"] == "***0123"
    assert shown["holders"][0]["kind"] == "individual"
    assert shown["map_sheet"] == "45"


def test_what_is_not_there_is_not_masked() -> None:
    """Null stays null: that nothing is known is no secret."""
    dossier = Dossier(code="000.00.00.H09-260701-0001", procedure_code="1.009994", status=DossierStatus.RECEIVED)

    assert masked_record(dossier)["applicant_name"] is None


def test_a_wire_item_shows_its_shape_and_no_text_and_no_long_number() -> None:
    """Of an item that became no record nobody knows what is personal, so every text is hidden."""
    item = {
        "hoTen": "Nguyễn Thị Mẫu",
        "soTo": 12,
        "cccd": 74000000123,
        "ma": "",
        "xoa": None,
        "dung": True,
        "chuSuDung": [{"dienThoai": "0900000123", "dienTich": 250.5}],
    }

    shown = masked_item(item)

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
