"""A code names a unit only within its scheme; a divided unit has candidates and no certain successor."""

from collections.abc import Callable

import pytest

from cchc_schemas import AdminLevel, AdminScheme, AdminUnit, AdminUnitUnknown, admin_unit, communes, successors
from cchc_schemas.package_tables import package_table

BEFORE, AFTER = AdminScheme.GSO_2025_01, AdminScheme.GSO_2025_07
OLD_WARDS = communes(BEFORE, "74")
DIVIDED = {
    *("Hiệp Thành", "Chánh Mỹ", "Hiệp An", "Định Hiệp", "Minh Tân", "Minh Thạnh", "An Lập", "Thanh Tuyền"),
    *("Mỹ Phước", "Lai Uyên", "Tam Lập", "Tân Mỹ", "Thái Hòa", "Tân Đông Hiệp", "Vĩnh Phú", "Bình Chuẩn"),
}


def test_binh_duong_had_91_communes_in_nine_districts() -> None:
    assert len(OLD_WARDS) == 91
    assert {unit.parent for unit in OLD_WARDS} == {str(code) for code in range(718, 727)}


@pytest.mark.parametrize("ward", OLD_WARDS, ids=lambda ward: ward.code)
def test_every_old_commune_of_binh_duong_has_successors_in_the_new_province(ward: AdminUnit) -> None:
    succession = successors(ward.code)

    assert succession.candidates
    assert all(unit.scheme is AFTER and unit.parent == "79" for unit in succession.candidates)
    assert (succession.certain is None) == (len(succession.candidates) > 1)


def test_sixteen_communes_of_binh_duong_were_divided() -> None:
    divided = [ward for ward in OLD_WARDS if successors(ward.code).certain is None]

    assert {ward.name.removeprefix(ward.kind).strip() for ward in divided} == DIVIDED
    assert len(divided) == 16


def test_binh_duong_became_36_communes_of_today() -> None:
    became = {unit.code for ward in OLD_WARDS for unit in successors(ward.code).candidates}

    assert len(became) == 36


def test_every_unit_of_the_country_that_was_has_a_successor() -> None:
    old = [
        row["code"]
        for row in package_table("admin_units").rows
        if row["scheme"] == BEFORE and row["level"] != "district"
    ]

    assert len(old) == 10_035 + 63
    assert all(successors(code).candidates for code in old)


def test_a_code_names_another_unit_in_another_scheme() -> None:
    assert admin_unit(BEFORE, "25747").name == "Phường Phú Cường"
    assert admin_unit(AFTER, "25747").name == "Phường Thủ Dầu Một"


def test_a_province_has_one_successor_and_a_district_none() -> None:
    assert successors("74").certain == admin_unit(AFTER, "79")
    assert successors("718").candidates == ()


def test_communes_without_districts_belong_to_their_province() -> None:
    today = communes(AFTER, "79")

    assert len(today) == 168
    assert {unit.level for unit in today} == {AdminLevel.COMMUNE}
    assert [unit.code for unit in today] == sorted(unit.code for unit in today)


@pytest.mark.parametrize(
    "look_up", [lambda: admin_unit(AFTER, "718"), lambda: communes(AFTER, "74"), lambda: successors("99999")]
)
def test_a_unit_that_the_scheme_has_not_is_an_error(look_up: Callable[[], object]) -> None:
    with pytest.raises(AdminUnitUnknown) as refusal:
        look_up()

    assert refusal.value.code in str(refusal.value)


@pytest.mark.parametrize("scheme", AdminScheme)
def test_every_unit_below_a_province_stands_under_one_of_its_scheme(scheme: AdminScheme) -> None:
    rows = [row for row in package_table("admin_units").rows if row["scheme"] == scheme]

    assert all(
        admin_unit(scheme, unit.parent or "").level is not unit.level
        for unit in (admin_unit(scheme, row["code"]) for row in rows)
        if unit.level is not AdminLevel.PROVINCE
    )
