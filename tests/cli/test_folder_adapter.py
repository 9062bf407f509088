"""The adapter `folder` from end to end: deliveries in their order, snapshots, increments, files that fail, `check`."""

import io
import json
import os
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from openpyxl import Workbook

from tests.cli.conftest import CONFIG, DATABASE, Call, write_config

FOLDER = Path("received")
ASIDE = FOLDER / "khong-doc-duoc"
HEADINGS = "Số tờ;Số thửa;Diện tích;Loại đất\n"
FIELDS = {
    "scheme": {"constant": "gso-2025-07"},
    "commune_code": {"constant": "25747"},
    "map_sheet": "Số tờ",
    "parcel_number": "Số thửa",
    "area_m2": {"property": "Diện tích", "codec": "area"},
}

Connect = Callable[..., None]


def table(rows: str) -> str:
    """Return a CSV of parcels: "12:95 13:120" is number and area of each."""
    cells = [row.split(":") for row in rows.split()]
    return HEADINGS + "".join(f"1;{number};{area};ODT\n" for number, area in cells)


def deliver(name: str, rows: str) -> None:
    (FOLDER / name).write_text(table(rows), encoding="utf-8")


@pytest.fixture(autouse=True)
def connect(tmp_path: Path) -> Connect:
    """Give a function that connects the folder with other keys of its source; it is connected already."""
    del tmp_path
    FOLDER.mkdir()

    def connecting(**keys: Any) -> None:
        source = {"files": "thua*", "key": ["Số tờ", "Số thửa"], "deletes": "absence", "fields": FIELDS} | keys
        options = {"path": "received", "settle_s": 0, "sources": {"land_parcel": source}}
        ward = {"adapter": "folder", "agency": "000.00.01.H09", "options": options}
        write_config(CONFIG, {"connections": {"ward": ward}})

    connecting()
    return connecting


def sync(call: Call) -> dict[str, Any]:
    """Pull once; return the line of the report."""
    line: dict[str, Any] = call("sync", "--json").document["lines"][0]
    return line


def parcels() -> dict[str, float]:
    """Return the area of each live parcel, by its number."""
    with sqlite3.connect(DATABASE) as database:
        rows = database.execute("SELECT parcel_number, area_m2 FROM land_parcel WHERE deleted_at IS NULL").fetchall()
    database.close()
    return {number: float(area) for number, area in rows}


def test_the_latest_snapshot_by_the_date_in_its_name_counts_whatever_the_time_of_the_file(call: Call) -> None:
    deliver("thua_20260402.csv", "12:95 13:120")
    deliver("thua_20260401.csv", "12:90")
    os.utime(FOLDER / "thua_20260402.csv", (0, 0))

    assert sync(call)["inserted"] == 2
    assert parcels() == {"12": 95, "13": 120}


def test_an_older_snapshot_that_arrives_late_changes_nothing(call: Call) -> None:
    deliver("thua_20260402.csv", "12:95 13:120")
    sync(call)
    deliver("thua_20260401.csv", "12:90")

    line = sync(call)

    assert (line["updated"], line["absent"], parcels()) == (0, 0, {"12": 95, "13": 120})


def test_a_snapshot_that_is_withdrawn_makes_no_record_older(call: Call) -> None:
    deliver("thua_20260401.csv", "12:90")
    deliver("thua_20260402.csv", "12:95")
    sync(call)
    (FOLDER / "thua_20260402.csv").unlink()

    sync(call)

    assert parcels() == {"12": 95}


def test_a_then_b_then_a_are_three_deliveries(call: Call) -> None:
    for day, rows in (("01", "12:90"), ("02", "12:95"), ("03", "12:90")):
        deliver(f"thua_202604{day}.csv", rows)
        sync(call)

    assert parcels() == {"12": 90}
    with sqlite3.connect(DATABASE) as database:
        assert database.execute("SELECT max(version) FROM land_parcel").fetchall() == [(3,)]
    database.close()


def test_the_same_content_under_another_name_changes_nothing(call: Call) -> None:
    deliver("thua_20260401.csv", "12:90 13:5")
    sync(call)
    deliver("thua_20260401 (2).csv", "12:90 13:5")

    line = sync(call)

    assert (line["unchanged"], line["updated"], line["outcome"]) == (2, 0, "done")


def test_two_different_files_of_one_date_are_held_and_numbered_ones_are_not(call: Call) -> None:
    deliver("thua-a_20260401.csv", "12:90")
    deliver("thua-b_20260401.csv", "12:95")

    line = sync(call)

    assert line["reason"]["code"] == "folder.order_unclear"
    assert line["reason"]["context"]["names"] == "['thua-a_20260401.csv', 'thua-b_20260401.csv']"
    (FOLDER / "thua-b_20260401.csv").rename(FOLDER / "thua-b_20260401_2.csv")
    sync(call)
    assert parcels() == {"12": 95}


def test_a_file_without_a_date_is_read_while_it_is_the_only_one(call: Call) -> None:
    deliver("thua.csv", "12:90")
    assert sync(call)["inserted"] == 1
    deliver("thua moi.csv", "12:95")

    assert sync(call)["reason"]["code"] == "folder.order_unknown"


def test_a_declared_column_orders_the_deliveries(call: Call, connect: Connect) -> None:
    connect(dated_by="Ngày")
    for name, day, area in (("thua-x.csv", "02/04/2026", 95), ("thua-y.csv", "01/04/2026", 90)):
        text = f"Số tờ;Số thửa;Diện tích;Ngày\n1;12;{area};{day}\n"
        (FOLDER / name).write_text(text, encoding="utf-8")

    sync(call)

    assert parcels() == {"12": 95}


def test_increments_are_read_in_the_order_of_their_dates_and_none_twice(call: Call, connect: Connect) -> None:
    connect(delivery="increment", deletes="never")
    deliver("thua_20260402.csv", "12:95")
    deliver("thua_20260401.csv", "12:90 13:5")

    assert sync(call)["outcome"] == "done"
    assert parcels() == {"12": 95, "13": 5}
    deliver("thua_20260403.csv", "13:6")
    deliver("thua_20260331.csv", "12:1 14:7")
    assert sync(call)["outcome"] == "done"
    assert parcels() == {"12": 95, "13": 6, "14": 7}
    line = sync(call)
    assert (line["updated"], line["inserted"], line["outcome"]) == (0, 0, "done")


def test_increments_that_were_cleared_away_are_no_fault(call: Call, connect: Connect) -> None:
    connect(delivery="increment", deletes="never")
    deliver("thua_20260402.csv", "12:95")
    sync(call)
    (FOLDER / "thua_20260402.csv").unlink()

    assert sync(call)["outcome"] == "done"
    assert parcels() == {"12": 95}


def test_an_increment_that_fails_holds_what_comes_after_it(call: Call, connect: Connect) -> None:
    connect(delivery="increment", deletes="never")
    deliver("thua_20260401.csv", "12:90")
    (FOLDER / "thua_20260402.csv").write_text(HEADINGS + "1;12\n", encoding="utf-8")
    deliver("thua_20260403.csv", "12:99")

    line = sync(call)

    assert (line["reason"]["code"], parcels()) == ("folder.file_refused", {"12": 90})
    assert sync(call)["reason"]["code"] == "folder.file_waits"
    deliver("thua_20260402.csv", "12:95 13:1")
    assert sync(call)["outcome"] == "done"
    assert parcels() == {"12": 99, "13": 1}


def test_a_file_that_fails_is_moved_aside_with_a_report_that_a_person_can_open(call: Call) -> None:
    deliver("thua_20260401.csv", "12:90")
    sync(call)
    (FOLDER / "thua_20260402.csv").write_text("Số tờ;Số thửaa;Loại đất\n1;12;ODT\n", encoding="utf-8")

    line = sync(call)

    report = (ASIDE / "thua_20260402.csv.bao-cao.txt").read_bytes().decode("utf-8-sig")
    assert line["outcome"] == "held"
    assert (ASIDE / "thua_20260402.csv").is_file()
    assert "không có tiêu đề cột “Số thửa”" in report
    assert "has no heading 'Diện tích'" in report
    waiting = sync(call)["reason"]
    assert (waiting["code"], waiting["context"]["name"]) == ("folder.file_waits", "thua_20260402.csv")
    assert (FOLDER / waiting["context"]["report"]).samefile(ASIDE / "thua_20260402.csv.bao-cao.txt")
    assert parcels() == {"12": 90}


def test_a_fault_in_a_late_row_of_a_workbook_is_found_before_a_page_of_it_is_used(call: Call, connect: Connect) -> None:
    connect(page_size=2)
    workbook = Workbook()
    sheet: Any = workbook.active
    for row in (["Số tờ", "Số thửa", "Diện tích"], *([1, number, 5] for number in range(1, 7)), [1, 7, 5, "thừa"]):
        sheet.append(row)
    workbook.save(FOLDER / "thua_20260401.xlsx")

    line = sync(call)

    assert (line["outcome"], line["reason"]["code"]) == ("held", "folder.file_refused")
    assert (ASIDE / "thua_20260401.xlsx").is_file()
    assert "row 8 has cells beyond" in (ASIDE / "thua_20260401.xlsx.bao-cao.txt").read_text(encoding="utf-8-sig")
    assert parcels() == {}


def test_a_file_that_failed_is_read_again_with_a_changed_map_or_when_it_was_corrected(
    call: Call, connect: Connect
) -> None:
    (FOLDER / "thua_20260402.csv").write_text("Số tờ;Số thửa;DT\n1;12;95\n", encoding="utf-8")
    sync(call)

    connect(fields={**FIELDS, "area_m2": {"property": "DT", "codec": "area"}})

    assert sync(call)["inserted"] == 1
    assert list(ASIDE.iterdir()) == []


def test_an_item_that_is_absent_is_deleted_by_the_next_different_snapshot_alone(call: Call) -> None:
    deliver("thua_20260401.csv", "12:90 13:5")
    sync(call)
    deliver("thua_20260402.csv", "12:90")

    assert [sync(call)["deleted"] for _ in range(3)] == [0, 0, 0]
    deliver("thua_20260403.csv", "12:91")
    assert sync(call)["deleted"] == 1
    assert parcels() == {"12": 91}


MEMBERS = {"Phú Lợi/a.csv": table("12:90"), "Phú Hòa/b.csv": table("13:5 14:6"), "ghi chú.txt": "không có gì"}


def zipped(file: io.BytesIO) -> None:
    with zipfile.ZipFile(file, "w") as package:
        for name, content in MEMBERS.items():
            package.writestr(name, content)


def tarred(file: io.BytesIO, mode: Literal["w", "w:gz"]) -> None:
    with tarfile.open(fileobj=file, mode=mode) as package:
        for name, content in MEMBERS.items():
            member = tarfile.TarInfo(name)
            member.size = len(content.encode())
            package.addfile(member, io.BytesIO(content.encode()))


@pytest.mark.parametrize(
    ("ending", "pack"),
    [("zip", zipped), ("tar", partial(tarred, mode="w")), ("tar.gz", partial(tarred, mode="w:gz"))],
    ids=["zip", "tar", "tar.gz"],
)
def test_the_tables_in_an_archive_are_one_delivery(
    call: Call, connect: Connect, ending: str, pack: Callable[[io.BytesIO], None]
) -> None:
    connect(members="*.csv")
    archive = io.BytesIO()
    pack(archive)
    (FOLDER / f"thua_20260401.{ending}").write_bytes(archive.getvalue())

    assert sync(call)["inserted"] == 3
    assert parcels() == {"12": 90, "13": 5, "14": 6}


def test_a_geojson_file_is_a_delivery_of_its_features(call: Call, connect: Connect) -> None:
    def feature(number: int, area: float) -> object:
        corner = 106.6 + number / 10_000
        ring = [[corner, 11.0], [corner + 0.0001, 11.0], [corner + 0.0001, 11.0001], [corner, 11.0]]
        properties = {"so_to": 1, "so_thua": number, "dien_tich": area}
        return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}

    named = {"map_sheet": "properties.so_to", "parcel_number": "properties.so_thua"}
    area = {"property": "properties.dien_tich", "codec": "area"}
    fields = (
        FIELDS | named | {"area_m2": area, "geometry": {"property": "geometry", "codec": "shape", "crs": "OGC:CRS84"}}
    )
    connect(key=["properties.so_to", "properties.so_thua"], fields=fields, delivery="increment", deletes="never")
    for day, features in ((1, [feature(12, 90), feature(13, 5)]), (2, [feature(12, 91)])):
        document = {"type": "FeatureCollection", "features": features}
        (FOLDER / f"thua_2026040{day}.geojson").write_text(json.dumps(document), encoding="utf-8")

    line = sync(call)

    assert (line["inserted"], line["quarantined"]) == (2, 0)
    assert parcels() == {"12": 91, "13": 5}


def test_a_half_written_file_is_left_alone(call: Call) -> None:
    deliver("thua_20260401.csv", "12:90")
    (FOLDER / "thua_20260402.csv.part").write_text(HEADINGS, encoding="utf-8")

    assert sync(call)["inserted"] == 1


def test_a_large_delivery_is_committed_page_by_page(call: Call, connect: Connect) -> None:
    connect(page_size=7)
    deliver("thua_20260401.csv", " ".join(f"{number}:5" for number in range(1, 31)))

    line = sync(call)

    assert (line["inserted"], line["pages"]) == (30, 5)


def test_the_check_tells_what_there_is_and_every_heading_that_is_missing(call: Call) -> None:
    deliver("thua_20260401.csv", "12:90")
    (FOLDER / "la.csv").write_text("x", encoding="utf-8")

    ended = call("check", "--json")

    codes = {finding["code"]: finding["level"] for finding in ended.document["findings"]}
    assert codes["folder.delivery"] == "good"
    assert codes["folder.strangers"] == "warning"
    (FOLDER / "thua_20260402.csv").write_text("Số tờ;Số thửaa;Loại đất\n1;12;ODT\n", encoding="utf-8")
    text = call("check").out
    assert "'Số thửa'" in text
    assert "'Diện tích'" in text
    assert not ASIDE.exists()


def test_the_check_tells_files_that_are_not_read_for_their_names(call: Call) -> None:
    deliver("thua_20260401.csv", "12:90")
    deliver("thua\u202e_20260402.csv", "12:95")

    codes = [finding["code"] for finding in call("check", "--json").document["findings"]]

    assert "drop_folder.name_refused" in codes
