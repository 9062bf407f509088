"""Each fact has an owner.

What another agency says of a record that is not its own is kept as a discrepancy, both values side by side, and
overwrites nothing.
"""

from tests.promises.setting import ProvinceSetting


def test_differing_values_of_another_agency_become_discrepancies_and_overwrite_nothing(
    province: ProvinceSetting,
) -> None:
    """A second registry with another land use catalogue changes no parcel; each difference is kept with both values."""
    province.sync()
    before = province.content()["land_parcel"]
    registry = province.tables["connections"]["land-registry"]
    comma = {**registry["options"], "land_use_catalogue": "TT 27/2018/TT-BTNMT"}
    province.tables["connections"] = {
        **province.tables["connections"],
        "district": {**registry, "agency": "000.01.07.H09", "options": comma},
    }

    report = province.sync()

    (line,) = (line for line in report.lines if line.name == "district")
    assert line.counts.rows_written == 0
    assert line.counts.foreign > 0
    assert province.content()["land_parcel"] == before
    differences = [row for row in province.discrepancies() if row.field == "uses"]
    assert {(row.connection, row.owner) for row in differences} == {("district", "land-registry")}
    assert len(differences) == len({row.record_key for row in differences}) == len(before)
    assert all("TT 27/2018" in row.value and "TT 08/2024" in row.owner_value for row in differences)


def test_the_declared_owner_gets_a_record_even_if_another_source_came_first(province: ProvinceSetting) -> None:
    """A record from another source passes to its declared owner when the owner is pulled."""
    registry = province.tables["connections"]["land-registry"]
    district_registry = {**registry, "options": {**registry["options"], "land_use_catalogue": "TT 27/2018/TT-BTNMT"}}
    owner, district = {"land-registry": registry}, {"district": district_registry}
    unaffected = {name: table for name, table in province.tables["connections"].items() if name != "land-registry"}
    province.tables["connections"] = {**unaffected, **district}
    province.tables["ownership"] = {}
    province.sync()
    province.tables["connections"] = {**unaffected, **district, **owner}
    province.tables["ownership"] = {"land_parcel": "land-registry"}

    province.sync()

    with province.database() as database, database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT DISTINCT connection FROM land_parcel").scalars().all()
    assert rows == ["land-registry"]
