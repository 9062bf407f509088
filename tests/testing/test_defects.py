"""Defects of items: how they look, and that every double counts them."""

from collections import Counter

import pytest

from cchc_connect.testing import Agencies, DefectSeverity, World
from cchc_connect.testing.province.defect_catalogue import (
    DOSSIER_DEFECTS,
    PARCEL_DEFECTS,
    PERMIT_DEFECTS,
    PROCEDURE_DEFECTS,
    WORKS_DEFECTS,
)
from cchc_connect.testing.province.defects import Defect, WireItem

LISTINGS = {
    "land_parcel": PARCEL_DEFECTS,
    "construction_permit": PERMIT_DEFECTS,
    "construction_works": WORKS_DEFECTS,
    "dossier": DOSSIER_DEFECTS,
    "procedure": PROCEDURE_DEFECTS,
}


@pytest.mark.parametrize("listing", LISTINGS)
def test_every_defect_occurs_in_a_world_of_usual_size(listing: str) -> None:
    world = World(seed=11, parcels=600, dossiers=600)
    defects = world.listing_defects[listing]
    ids = [*(fact.source_id for fact in (*world.parcels, *world.permits, *world.works))]
    ids += [fact.source_id for fact in (*world.dossiers, *world.procedures)]
    occurring = Counter(name for name in map(defects.defect_name, ids) if name)

    assert set(occurring) == {defect.name for defect in LISTINGS[listing]}


def test_two_to_four_items_in_a_hundred_are_bad() -> None:
    world = World(seed=1)
    counts, defects = world.record_counts(), world.defect_counts()
    share = sum(count.harmless + count.faulty for count in defects.values()) / sum(counts.values())

    assert 0.02 <= share <= 0.04


def test_no_item_is_bad_where_none_is_wanted() -> None:
    world = World(seed=1, defect_share=0)

    assert all(count.harmless == count.faulty == 0 for count in world.defect_counts().values())


def test_the_doubles_know_what_they_hold_together(world: World) -> None:
    agencies = Agencies(world)

    assert agencies.record_counts() == world.record_counts()
    assert agencies.faulty_counts() == {kind: count.faulty for kind, count in world.defect_counts().items()}
    assert agencies.harmless_counts() == {kind: count.harmless for kind, count in world.defect_counts().items()}


def test_a_missing_dossier_number_spoils_the_step_as_well() -> None:
    spoiling = {
        defect.name: defect.record_types for defect in DOSSIER_DEFECTS if defect.severity is DefectSeverity.FAULTY
    }

    assert spoiling["dossier_number_missing"] == ("dossier", "dossier_step")
    assert spoiling["procedure_missing"] == ("dossier",)


PARCEL: WireItem = {
    "xaId": 25747,
    "soThuTuThua": "12",
    "diaChi": "Phường Phú Lợi",
    "dienTich": 1234.5,
    "ListChuSuDung": [{"hoTen": "Lê Thị Mẫu"}, {"tenToChuc": "Công ty TNHH Mẫu"}],
    "ListMucDichSuDung": [{"maMucDichSuDung": "ODT", "dienTich": 1234.5}],
}


def parcel_with(name: str) -> WireItem:
    defect: Defect = next(defect for defect in PARCEL_DEFECTS if defect.name == name)
    return defect.apply(PARCEL)


def test_an_area_is_written_the_vietnamese_way() -> None:
    assert parcel_with("area_as_vietnamese_text")["dienTich"] == "1.234,5"


def test_a_commune_code_is_written_as_a_float() -> None:
    assert str(parcel_with("commune_as_float")["xaId"]) == "25747.0"


def test_two_uses_are_written_in_one_code() -> None:
    assert [use["maMucDichSuDung"] for use in parcel_with("uses_joined")["ListMucDichSuDung"]] == ["ODT+CLN"]


def test_names_of_people_and_companies_are_written_in_capitals() -> None:
    holders = parcel_with("names_in_capitals")["ListChuSuDung"]

    assert holders == [{"hoTen": "LÊ THỊ MẪU"}, {"tenToChuc": "CÔNG TY TNHH MẪU"}]


def test_text_is_decomposed_and_spaces_cannot_break() -> None:
    assert len(parcel_with("text_decomposed")["diaChi"]) > len(PARCEL["diaChi"])
    assert parcel_with("no_break_space")["diaChi"] == "Phường\u00a0Phú\u00a0Lợi\u00a0"


def test_a_defect_leaves_the_sound_item_as_it_was() -> None:
    parcel_with("names_in_capitals")

    assert PARCEL["ListChuSuDung"][0]["hoTen"] == "Lê Thị Mẫu"
