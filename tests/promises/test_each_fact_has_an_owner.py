"""Each fact has an owner.

What another agency says of a record that is not its own is kept as a discrepancy, both values side by side, and
overwrites nothing.
"""

from tests.promises.province import Province


def test_what_another_agency_says_is_kept_beside_and_overwrites_nothing(province: Province) -> None:
    """A second registry with other areas changes no parcel; each difference is kept with both values."""
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
    found = [one for one in province.discrepancies() if one.field == "uses"]
    assert {(one.connection, one.owner) for one in found} == {("district", "land-registry")}
    assert len(found) == len({one.record_key for one in found}) == len(before)
    assert all("TT 27/2018" in one.value and "TT 08/2024" in one.owner_value for one in found)


def test_the_declared_source_of_truth_wins_whoever_came_first(province: Province) -> None:
    """A record that came from elsewhere goes over to its declared owner with the owner's next word."""
    registry = province.tables["connections"]["land-registry"]
    other = {**registry, "options": {**registry["options"], "land_use_catalogue": "TT 27/2018/TT-BTNMT"}}
    owner, district = {"land-registry": registry}, {"district": other}
    rest = {name: table for name, table in province.tables["connections"].items() if name != "land-registry"}
    province.tables["connections"] = {**rest, **district}
    province.tables["ownership"] = {}
    province.sync()
    province.tables["connections"] = {**rest, **district, **owner}
    province.tables["ownership"] = {"land_parcel": "land-registry"}

    province.sync()

    with province.database() as database, database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT DISTINCT connection FROM land_parcel").scalars().all()
    assert rows == ["land-registry"]
