"""Values that databases have and JSON has not: read as what they say, or left out of one row; never a failed page."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cchc_adapters.sql.rows import RowShape, bytes_value
from cchc_connect import Item, SourceHeld, Unreadable
from cchc_connect.wire.json import RawItem
from tests.sql.agencies import Agency
from tests.sql.conftest import CONSTANTS, Open, items

OF_POSTGRES = pytest.mark.parametrize("agency", ["postgres"], indirect=True)
OF_MARIADB = pytest.mark.parametrize("agency", [pytest.param("mariadb", marks=pytest.mark.thirdparty)], indirect=True)
OF_SQLITE = pytest.mark.parametrize("agency", ["sqlite"], indirect=True)


def values(agency: Agency, open_source: Open, column_type: str, *literals: str) -> list[Any]:
    """Return what becomes of literals in a column of a type."""
    agency.run(f"CREATE TABLE ho_so (id integer, ma varchar(9), x {column_type})")
    for number, literal in enumerate(literals):
        agency.run(f"INSERT INTO ho_so VALUES ({number}, 'H', {literal})")  # noqa: S608  # literals of tests
    read = items(open_source({"fields": {"code": "ma", **CONSTANTS}, "also_fetch": ["x"], "page_size": 2}))
    assert [item["id"] for item in read] == [*range(len(literals))]
    return [item["x"] for item in read]


@pytest.mark.parametrize(
    ("column_type", "literals", "expected"),
    [
        (
            "date",
            ["'2026-04-02'", "'infinity'", "'0044-03-15 BC'", "NULL"],
            ["2026-04-02", "infinity", "0044-03-15 BC", None],
        ),
        ("timestamp", ["'2026-04-02 08:00'", "'-infinity'"], ["2026-04-02 08:00:00", "-infinity"]),
        ("timestamptz", ["'2026-04-02 01:00Z'", "'infinity'"], ["2026-04-02 08:00:00+07", "infinity"]),
        ("numeric", ["12.50", "'NaN'", "'Infinity'"], [12.5, "NaN", "Infinity"]),
        ("float8", ["1.5", "'NaN'", "'-Infinity'"], [1.5, "nan", "-inf"]),
        ("money", ["1234.5"], [1234.5]),
        ("bit(3)", ["B'101'"], ["101"]),
        ("char(6)", ["'ab'"], ["ab    "]),
        ("bytea", ["'\\xff00'", "'abc'"], [{"bytes": "ff00", "length": 2}, "abc"]),
        ("jsonb", ["""'{"a": [1, null]}'"""], [{"a": [1, None]}]),
        ("text[]", ["ARRAY['a', 'b']"], [["a", "b"]]),
        ("uuid", ["'00000000-0000-0000-0000-000000000001'"], ["00000000-0000-0000-0000-000000000001"]),
        ("boolean", ["true"], [True]),
        ("interval", ["'1 day 2 hours'"], ["P1DT2H"]),
        ("inet", ["'10.0.0.1'"], ["10.0.0.1"]),
    ],
)
@OF_POSTGRES
def test_values_of_postgresql(
    agency: Agency, open_source: Open, column_type: str, literals: list[str], expected: list[object]
) -> None:
    assert values(agency, open_source, column_type, *literals) == expected


@OF_POSTGRES
def test_an_enumeration_of_postgresql_is_a_word(agency: Agency, open_source: Open) -> None:
    agency.run("CREATE TYPE trang_thai AS ENUM ('Đang xử lý', 'Đã trả')")

    assert values(agency, open_source, "trang_thai", "'Đã trả'") == ["Đã trả"]


@pytest.mark.parametrize(
    ("column_type", "literals", "expected"),
    [
        ("date", ["'2026-04-02'", "'0000-00-00'", "'2026-00-00'"], ["2026-04-02", "0000-00-00", "2026-00-00"]),
        ("datetime", ["'2026-04-02 08:00'", "'0000-00-00'"], ["2026-04-02 08:00:00", "0000-00-00 00:00:00"]),
        ("decimal(9,2)", ["12.5"], [12.5]),
        ("bit(1)", ["1", "0"], [1, 0]),
        ("enum('Đang xử lý','Đã trả')", ["'Đã trả'"], ["Đã trả"]),
        ("varchar(9) character set latin1", ["'café'"], ["café"]),
        ("char(6)", ["'ab  '"], ["ab"]),
        ("varbinary(9)", ["x'ff00'", "'abc'"], [{"bytes": "ff00", "length": 2}, "abc"]),
        ("time", ["'25:00:00'"], ["25:00:00"]),
        ("tinyint(1)", ["true"], [1]),
    ],
)
@OF_MARIADB
def test_values_of_mariadb(
    agency: Agency, open_source: Open, column_type: str, literals: list[str], expected: list[object]
) -> None:
    agency.run("SET SESSION sql_mode = ''")

    assert values(agency, open_source, column_type, *literals) == expected


@OF_MARIADB
def test_instants_of_mariadb_are_in_the_zone_of_the_options(agency: Agency, open_source: Open) -> None:
    agency.run("SET SESSION time_zone = '+00:00'")

    assert values(agency, open_source, "timestamp", "'2026-04-02 01:00:00'") == ["2026-04-02 08:00:00"]


@OF_MARIADB
def test_keys_of_bytes_are_walked(agency: Agency, open_source: Open) -> None:
    agency.run("CREATE TABLE ho_so (id binary(2), ma varchar(9))")
    for key in ("ff01", "00fe", "61ff"):
        agency.run(f"INSERT INTO ho_so VALUES (x'{key}', 'H')")  # noqa: S608  # literals of tests
    source = open_source({"fields": {"code": "ma", **CONSTANTS}, "page_size": 1})

    assert [source.key(item) for item in items(source)] == ["00fe", "61ff", "ff01"]


@OF_SQLITE
def test_texts_that_are_not_in_utf_8_cost_one_value(agency: Agency, open_source: Open) -> None:
    """The page in which the first of them stands is read too, and no row comes twice."""
    latin = "CAST(x'436166e9' AS TEXT)"

    read = values(agency, open_source, "text", "'a'", "'b'", "'c'", latin, "'d'")

    assert read == ["a", "b", "c", {"bytes": "436166e9", "length": 4}, "d"]


@OF_SQLITE
def test_values_of_sqlite(agency: Agency, open_source: Open) -> None:
    read = values(agency, open_source, "", "9e999", "x'ff'", "'x'", "1", "NULL", "9223372036854775807")

    assert read == ["inf", {"bytes": "ff", "length": 1}, "x", 1, None, 2**63 - 1]


def test_whatever_a_driver_returns_becomes_json() -> None:
    class Strange:
        def __str__(self) -> str:
            return "strange"

    row = (2**70, Decimal("NaN"), "\ud800", {"a": float("nan"), 1: b"\xff"}, {"b", "a"}, Strange(), memoryview(b"ab"))

    item: Item = RawItem(RowShape([*"abcdefg"]).json(row))

    inner = {"a": "nan", "1": {"bytes": "ff", "length": 1}}
    assert [*item.values()][1:] == ["NaN", "?", inner, ["a", "b"], "strange", "ab"]


@pytest.mark.usefixtures("agency")
@OF_SQLITE
def test_what_is_no_value_of_a_field_is_left_out_of_its_row(agency: Agency, open_source: Open) -> None:
    agency.run("CREATE TABLE ho_so (id integer, ma varchar(9), x)")
    agency.run("INSERT INTO ho_so VALUES (1, 'H', x'ff00')")

    source = open_source({"fields": {"code": "ma", "applicant_name": "x", **CONSTANTS}})

    assert isinstance(source.translate(items(source)[0])["applicant_name"], Unreadable)


@OF_SQLITE
def test_a_file_that_is_missing_is_not_made(tmp_path: Path, open_source: Open) -> None:
    with pytest.raises(SourceHeld) as refused:
        items(open_source(url=f"sqlite:///{tmp_path}/other.db"))

    assert refused.value.code == "sql.object_missing"
    assert not (tmp_path / "other.db").exists()


@OF_SQLITE
def test_a_text_that_is_not_in_utf_8_costs_no_sound_text_beside_it(agency: Agency, open_source: Open) -> None:
    """Lines, tabs, spaces that do not break and invisible signs are of texts that people write."""
    sound = ["Ông Mẫu A\nBà Mẫu B", "a\tb", "a\u00a0b", "a\u200bb"]
    agency.run("CREATE TABLE ho_so (id text, ma text, x text)")
    agency.add("ho_so", *((f"n\u00a0{number}", "H", text) for number, text in enumerate(sound)))
    agency.run("INSERT INTO ho_so VALUES ('a', 'H', CAST(x'c3a1ff' AS TEXT))")

    read = items(open_source({"fields": {"code": "ma", **CONSTANTS}, "also_fetch": ["x"], "page_size": 2}))

    assert [item["x"] for item in read] == [{"bytes": "c3a1ff", "length": 3}, *sound]
    assert read[1]["id"] == "n\u00a00"


def test_bytes_that_hold_a_text_of_several_lines_are_that_text() -> None:
    assert bytes_value("Thửa 1\r\nThửa 2\t\u00a0".encode()) == "Thửa 1\r\nThửa 2\t\u00a0"
    assert bytes_value(b"PK\x03\x04") == {"bytes": "504b0304", "length": 4}
