"""A province's lists go through the whole write path: pulled from files, in their tables, in history and exports."""

import csv
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CONFIG, DATABASE, Call, write_config

FOLDER = Path("received")
AGENCIES = (
    "Mã định danh;Tên cơ quan;Loại cơ quan;Mã cơ quan cấp trên;Ngày kết thúc hoạt động;Mã cơ quan kế thừa\n"
    "000.00.00.H09;UBND tỉnh Bình Dương;UBND tỉnh;;30/06/2025;000.00.00.H29\n"
    "000.00.05.H09;Sở Xây dựng;sở;000.00.00.H09;;\n"
)
DATABASES = (
    "Mã cơ sở dữ liệu;Tên cơ sở dữ liệu;Mã cơ quan chủ quản;Cấp;Thời hạn kết nối\n"
    "CSDL-01;Đất đai;000.00.07.H09;tỉnh;31/12/2026\n"
    "CSDL-02;Cấp phép xây dựng;000.00.05.H09;tỉnh;31/12/2026\n"
)
RATINGS = (
    "Mã lượt đánh giá;Mã hồ sơ;Thời điểm đánh giá;Mức độ hài lòng;Tiêu chí 1\n"
    "DG-1;000.00.05.H09-260302-0001;02/03/2026 10:00;Rất hài lòng;2\n"
)
MAPS = {
    "agency": "agencies",
    "registered_database": "registered_databases",
    "satisfaction_rating": "satisfaction_ratings",
}


@pytest.fixture(autouse=True)
def registers(tmp_path: Path) -> None:
    """Connect a folder with the three lists."""
    del tmp_path
    FOLDER.mkdir()
    for record_type, table in (
        ("agency", AGENCIES),
        ("registered_database", DATABASES),
        ("satisfaction_rating", RATINGS),
    ):
        (FOLDER / f"{record_type}.csv").write_text(table, encoding="utf-8")
    sources = {
        record_type: {"files": f"{record_type}*", "map": name, "deletes": "absence"}
        for record_type, name in MAPS.items()
    }
    options = {"path": "received", "settle_s": 0, "sources": sources}
    write_config(
        CONFIG, {"connections": {"registers": {"adapter": "folder", "agency": "000.00.00.H09", "options": options}}}
    )


def selected(query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(DATABASE) as database:
        rows = database.execute(query).fetchall()
    database.close()
    return rows


def test_the_lists_are_in_tables_of_their_own_with_links(call: Call) -> None:
    synced = call("sync")

    assert synced.code == 0
    assert selected("SELECT code, kind, parent_code, valid_to FROM agency ORDER BY code") == [
        ("000.00.00.H09", "province", None, "2025-06-30"),
        ("000.00.05.H09", "department", "000.00.00.H09", None),
    ]
    assert selected("SELECT successors FROM agency ORDER BY code") == [
        ('[{"code":"000.00.00.H29","share":null}]',),
        (None,),
    ]
    assert selected("SELECT code, level, due_on FROM registered_database")[0] == ("CSDL-01", "province", "2026-12-31")
    assert selected("SELECT overall, at FROM satisfaction_rating") == [(3, "2026-03-02T03:00:00Z")]
    assert selected("SELECT record_type, record_key, target_type, target_key FROM record_link ORDER BY 1, 2") == [
        ("agency", "000.00.00.H09", "agency", "000.00.00.H29"),
        ("agency", "000.00.05.H09", "agency", "000.00.00.H09"),
        ("registered_database", "CSDL-01", "agency", "000.00.07.H09"),
        ("registered_database", "CSDL-02", "agency", "000.00.05.H09"),
        ("satisfaction_rating", "DG-1", "dossier", "000.00.05.H09-260302-0001"),
    ]


def test_a_changed_list_is_a_new_version_in_the_history(call: Call) -> None:
    call("sync")
    (FOLDER / "agency.csv").write_text(AGENCIES.replace("Sở Xây dựng", "Sở Xây dựng và Nhà ở"), encoding="utf-8")
    call("sync")

    shown = call("history", "agency", "000.00.05.H09", "--json").document

    (record,) = shown["records"]
    assert [version["version"] for version in record["versions"]] == [1, 2]


def test_an_export_has_vietnamese_headings_and_words(call: Call) -> None:
    call("sync")

    exported = call("export", "agency", "--to", "agencies.csv", "--lang", "vi")

    assert exported.code == 0
    with Path("agencies.csv").open(encoding="utf-8-sig", newline="") as file:
        first, *rest = csv.DictReader(file, delimiter=",")
    assert (first["tên cơ quan"], first["loại cơ quan"]) == (
        "UBND tỉnh Bình Dương",
        "ủy ban nhân dân cấp tỉnh",
    )
    assert len(rest) == 1


def test_a_filter_names_the_fields_of_the_new_types(call: Call) -> None:
    call("sync")

    exported = call("export", "registered_database", "--to", "own.csv", "--where", "owner_code=000.00.05.H09")

    assert exported.code == 0
    assert "CSDL-02" in Path("own.csv").read_text(encoding="utf-8")
    assert "CSDL-01" not in Path("own.csv").read_text(encoding="utf-8")


def test_schema_show_tells_the_fields_in_vietnamese(call: Call) -> None:
    shown = call("schema", "show", "agency", "--lang", "vi")

    assert shown.code == 0
    assert "mã định danh điện tử theo QĐ 20/2020" in shown.out
