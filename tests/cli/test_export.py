"""`quarantine export`: what an agency has to correct, as a sheet it can open."""

import csv
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cchc_connect.cli.quarantine import EXPORT_COLUMNS
from cchc_connect.messages import Language, render_message
from cchc_connect.spreadsheets import Column, read_spreadsheet
from tests.cli.conftest import Call


def read(path: Path, language: Language = Language.ENGLISH) -> list[tuple[Any, ...]]:
    columns = [
        Column(render_message(f"quarantine_view.{name}", language, {}), kind) for name, kind in EXPORT_COLUMNS.items()
    ]
    return [tuple(row) for row in read_spreadsheet(path, columns)]


@pytest.mark.parametrize("name", ["faults.csv", "faults.xlsx"])
@pytest.mark.parametrize("language", Language)
def test_every_fault_of_every_open_entry_is_a_row_in_the_language_asked_for(
    call: Call, pulled: Path, name: str, language: Language
) -> None:
    listed = call("quarantine", "list", "--db", pulled, "--json", "--lang", language).document["entries"]

    ended = call("quarantine", "export", name, "--db", pulled, "--json", "--lang", language)

    rows = read(Path(name), language)
    assert ended.code == 0
    assert ended.document == {"file": name, "entries": len(listed), "faults": len(rows)}
    assert [(row[0], row[1], row[2].partition(" ")[0], row[3], row[6], row[7]) for row in rows] == [
        (entry["id"], entry["connection"], entry["record_type"], entry["source_key"], fault["rule"], fault["message"])
        for entry in listed
        for fault in entry["faults"]
    ]
    assert all(row[4] and row[5] for row in rows)
    assert ("(" in rows[0][2]) == (language is Language.VIETNAMESE)


def test_it_says_what_it_wrote_in_vietnamese_too(call: Call, pulled: Path) -> None:
    ended = call("quarantine", "export", "faults.csv", "--db", pulled, "--lang", "vi")

    assert ended.code == 0
    assert "faults.csv" in ended.out
    assert ended.out.startswith("Đã ghi ")


def test_the_sheet_for_vietnamese_excel_is_split_at_semicolons(call: Call, pulled: Path) -> None:
    call("quarantine", "export", "faults.csv", "--db", pulled)
    assert call("quarantine", "export", "excel.csv", "--excel", "--db", pulled).code == 0

    usual, for_excel = (Path(name).read_text(encoding="utf-8-sig") for name in ("faults.csv", "excel.csv"))
    assert list(csv.reader(for_excel.splitlines(), delimiter=";")) == list(csv.reader(usual.splitlines()))
    refused = call("quarantine", "export", "excel.xlsx", "--excel", "--db", pulled)
    assert (refused.code, Path("excel.xlsx").exists()) == (64, False)


def test_the_values_at_fault_are_not_in_the_sheet(call: Call, pulled: Path) -> None:
    with closing(sqlite3.connect(pulled)) as database:
        query = "SELECT item, source_key FROM quarantine WHERE record_type = 'dossier'"
        item, key = database.execute(query).fetchone()

    call("quarantine", "export", "faults.csv", "--db", pulled, "--record-type", "dossier")

    shown = Path("faults.csv").read_text(encoding="utf-8-sig")
    texts = {text for text in item.split('"') if len(text) > 12 and " " in text and text not in key}
    assert texts
    assert [text for text in texts if text in shown] == []


def test_it_can_be_narrowed(call: Call, pulled: Path) -> None:
    call("quarantine", "export", "faults.csv", "--db", pulled, "--record-type", "dossier", "--connection", "one-stop")

    rows = read(Path("faults.csv"))
    assert {(row[1], row[2]) for row in rows} == {("one-stop", "dossier")}


def test_a_name_that_stands_for_nothing_writes_no_file(call: Call, pulled: Path) -> None:
    refused = call("quarantine", "export", "faults.csv", "--db", pulled, "--connection", "nobody")

    assert refused.code == 64
    assert not Path("faults.csv").exists()


def test_a_file_that_is_there_is_left_as_it_is_without_force(call: Call, pulled: Path) -> None:
    Path("faults.csv").write_text("mine", encoding="utf-8")

    refused = call("quarantine", "export", "faults.csv", "--db", pulled, "--json")
    content = Path("faults.csv").read_text(encoding="utf-8")
    forced = call("quarantine", "export", "faults.csv", "--db", pulled, "--force")

    assert (refused.code, refused.document["error"]["code"], content) == (73, "cli.file_exists", "mine")
    assert forced.code == 0
    assert read(Path("faults.csv"))


@pytest.mark.parametrize(
    ("file", "code", "exit_code"),
    [("faults.ods", "spreadsheet.format_unknown", 64), ("none/faults.csv", "cli.cannot_write", 73)],
)
def test_a_file_that_cannot_be_written_is_refused(
    call: Call, pulled: Path, file: str, code: str, exit_code: int
) -> None:
    refused = call("quarantine", "export", file, "--db", pulled, "--json")

    assert (refused.code, refused.document["error"]["code"]) == (exit_code, code)


def test_a_source_key_that_looks_like_a_formula_becomes_none(call: Call, pulled: Path, tmp_path: Path) -> None:
    database = tmp_path / "copy.db"
    with closing(sqlite3.connect(pulled)) as source, closing(sqlite3.connect(database)) as copy:
        source.backup(copy)
        copy.execute("UPDATE quarantine SET source_key = '=HYPERLINK(1)' WHERE id = 1")
        copy.commit()

    call("quarantine", "export", "faults.csv", "--db", database)

    assert read(Path("faults.csv"))[0][3] == "=HYPERLINK(1)"
    assert ",'=HYPERLINK(1)," in Path("faults.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("name", ["faults.csv", "faults.xlsx"])
def test_the_sheet_is_for_its_owner_alone(call: Call, pulled: Path, name: str) -> None:
    before = os.umask(0o022)
    try:
        call("quarantine", "export", name, "--db", pulled)
    finally:
        os.umask(before)

    assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600


def test_the_sheet_for_an_agency_has_a_name_fixed_headings_and_wide_columns(call: Call, pulled: Path) -> None:
    call("quarantine", "export", "loi.xlsx", "--db", pulled, "--lang", "vi")

    (sheet,) = openpyxl.load_workbook("loi.xlsx").worksheets
    assert (sheet.title, sheet.freeze_panes) == ("mục cách ly", "A2")
    assert sheet.column_dimensions["H"].width > sheet.column_dimensions["A"].width >= 20
