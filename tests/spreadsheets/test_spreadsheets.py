"""Spreadsheets: the values written are the values read, and no text in a file begins a formula."""

import csv
import io
import re
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings, strategies as st

from cchc_connect.errors import ConfigurationError, Rejected
from cchc_connect.spreadsheets import (
    Column,
    ColumnType,
    Row,
    Value,
    read_spreadsheet,
    write_spreadsheet,
    xlsx as xlsx_sheets,
)
from tests.drop_folder.packing import zipped
from tests.quick import scaled

COLUMNS = [Column("nội dung"), Column("diện tích", ColumnType.NUMBER), Column("ngày", ColumnType.DAY)]
KINDS = ["a.csv", "a.xlsx"]
DANGEROUS = tuple("=+-@\t\r＝＋－＠")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
starts = st.sampled_from([*DANGEROUS, "'", "''", "'=", " =", "\u200b+", "\n", "_x000D_", "_x", "#N/A", "﹢", "⁺", ""])
hostile_texts = st.builds(str.__add__, starts, texts)
numbers = st.integers(-(10**15) + 1, 10**15 - 1) | st.decimals(-(10**9), 10**9, places=5, allow_nan=False)
rows = st.tuples(st.none() | hostile_texts, st.none() | numbers, st.none() | st.dates())


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which temporary files are created."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def texts_in(path: Path) -> list[str]:
    """Return every text cell below the header, as a spreadsheet program reads it."""
    if path.suffix == ".csv":
        content = path.read_bytes().decode("utf-8-sig")
        return [line[0] for line in list(csv.reader(io.StringIO(content, newline="")))[1:]]
    sheet: Any = openpyxl.load_workbook(path).worksheets[0]
    return [str(cell.value) for row in sheet.iter_rows(min_row=2) for cell in row if cell.data_type in {"s", "f"}]


def reread(path: Path, columns: Sequence[Column], written: Sequence[Row]) -> list[tuple[Value, ...]]:
    assert write_spreadsheet(path, columns, written, replace=True) == len(written)
    return [tuple(row) for row in read_spreadsheet(path, columns)]


@pytest.mark.parametrize("name", KINDS)
@given(written=st.lists(rows, max_size=3))
@settings(max_examples=scaled(60))
def test_what_was_written_is_what_is_read_and_nothing_begins_a_formula(
    tmp_path_factory: pytest.TempPathFactory, name: str, written: list[Row]
) -> None:
    path = tmp_path_factory.getbasetemp() / name

    assert reread(path, COLUMNS, written) == [row for row in written if row != (None, None, None)]
    assert [text for text in texts_in(path) if text.startswith(DANGEROUS)] == []


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("+84912000111", "'+84912000111"),
        ("-381.9", "'-381.9"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("＝1+1", "'＝1+1"),
        ("－1", "'－1"),
        (" =1+1", "' =1+1"),
        ("'", "''"),
        ("'=1", "''=1"),
        ("", "'"),
        ("12 Lê Lợi, P. Phú Hòa", "12 Lê Lợi, P. Phú Hòa"),
        ("#N/A", "#N/A"),
        ("0912000111", "0912000111"),
    ],
)
def test_a_text_stands_in_its_cell_as_text(tmp_path: Path, name: str, text: str, cell: str) -> None:
    path = tmp_path / name

    assert reread(path, [Column("a")], [(text,)]) == [(text,)]
    assert texts_in(path) == [cell]


@pytest.mark.parametrize("name", KINDS)
def test_numbers_and_days_stay_what_they_are(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    written: list[Row] = [
        ("a", -5, date(2026, 7, 1)),
        ("b", Decimal("-381.90"), date(1899, 12, 31)),
        ("c", Decimal("1E-7"), date(1900, 2, 28)),
        ("d", 999_999_999_999_999, date(9999, 12, 31)),
    ]

    assert reread(path, COLUMNS, written) == written
    if name == "a.xlsx":
        sheet: Any = openpyxl.load_workbook(path).worksheets[0]
        assert [cell.data_type for cell in sheet[2]] == ["s", "n", "d"]
    else:
        assert b"\r\na,-5,2026-07-01\r\n" in path.read_bytes()


def test_a_csv_file_begins_with_the_mark_by_which_excel_knows_utf_8(tmp_path: Path) -> None:
    write_spreadsheet(tmp_path / "a.csv", [Column("thửa đất")], [])

    assert (tmp_path / "a.csv").read_bytes() == "\ufeffthửa đất\r\n".encode()


def test_what_xml_cannot_hold_is_spelt_as_excel_spells_it(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"

    assert reread(path, [Column("a")], [("x\x00\x0b\r\n\x1f\uffff",), ("_x000D_",)]) == [
        ("x\x00\x0b\r\n\x1f\uffff",),
        ("_x000D_",),
    ]
    assert texts_in(path) == ["x_x0000__x000B__x000D_\n_x001F__xFFFF_", "_x005F_x000D_"]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        (("\ud800", 1, None), "nội dung", "signs"),
        (("x" * 32_768, 1, None), "nội dung", "long"),
        (("=" + "x" * 32_767, 1, None), "nội dung", "long"),
        ((1, 1, None), "nội dung", "no_text"),
        (("x", "1", None), "diện tích", "no_number"),
        (("x", True, None), "diện tích", "no_number"),
        (("x", Decimal("NaN"), None), "diện tích", "no_number"),
        (("x", Decimal("Infinity"), None), "diện tích", "no_number"),
        (("x", 10**16 + 1, None), "diện tích", "digits"),
        (("x", Decimal("0.1234567890123456"), None), "diện tích", "digits"),
        (("x", Decimal("1E+301"), None), "diện tích", "digits"),
        (("x", 1, "2026-07-01"), "ngày", "no_day"),
        (("x", 1, datetime(2026, 7, 1)), "ngày", "no_day"),  # noqa: DTZ001  # what is wrong with it
    ],
)
def test_a_value_that_a_sheet_would_change_is_refused_with_its_row_and_column(
    tmp_path: Path, temporary: Path, name: str, row: Row, column: str, rule: str
) -> None:
    with pytest.raises(Rejected) as raised:
        write_spreadsheet(tmp_path / name, COLUMNS, [("a", 1, None), row])

    assert (raised.value.code, raised.value.context["row"], raised.value.context["column"]) == (
        "spreadsheet.cell_unwritable",
        3,
        column,
    )
    assert getattr(raised.value.context["problem"], "code", "") == f"spreadsheet_cell.{rule}"
    assert list(tmp_path.iterdir()) == list(temporary.iterdir()) == []


@pytest.mark.parametrize("name", KINDS)
def test_a_row_of_another_width_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Rejected) as raised:
        write_spreadsheet(tmp_path / name, COLUMNS, [("a", 1)])

    assert (raised.value.code, raised.value.context["row"]) == ("spreadsheet.row_length", 2)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"old")

    with pytest.raises(FileExistsError):
        write_spreadsheet(path, COLUMNS, [])
    assert path.read_bytes() == b"old"
    with pytest.raises(Rejected):
        write_spreadsheet(path, COLUMNS, [("a",)], replace=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    assert reread(path, COLUMNS, [("a", 1, None)]) == [("a", 1, None)]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        write_spreadsheet(tmp_path / "a.ods", COLUMNS, [])

    assert raised.value.code == "spreadsheet.format_unknown"


def test_without_its_extra_a_workbook_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    monkeypatch.delitem(sys.modules, "cchc_connect.spreadsheets.xlsx", raising=False)

    with pytest.raises(ConfigurationError) as raised:
        write_spreadsheet(tmp_path / "a.xlsx", COLUMNS, [])

    assert raised.value.code == "extra.files"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("nội dung;diện tích;ngày\r\n", "spreadsheet.header_mismatch"),
        ("", "spreadsheet.header_mismatch"),
        ("nội dung,diện tích,ngày\r\na,1\r\n", "spreadsheet.row_length"),
        ("nội dung,diện tích,ngày\r\na,1,2,3\r\n", "spreadsheet.row_length"),
        ("nội dung,diện tích,ngày\r\na,mười,\r\n", "spreadsheet.cell_unreadable"),
        ('nội dung,diện tích,ngày\r\na,"1,5",\r\n', "spreadsheet.cell_unreadable"),
        ("nội dung,diện tích,ngày\r\na,nan,\r\n", "spreadsheet.cell_unreadable"),
        ("nội dung,diện tích,ngày\r\na,1,01/07/2026\r\n", "spreadsheet.cell_unreadable"),
        ('nội dung,diện tích,ngày\r\n"a,1,\r\n', "spreadsheet.damaged"),
        ('nội dung,diện tích,ngày\r\n"a"b,1,\r\n', "spreadsheet.damaged"),
        ("nội dung,diện tích,ngày\r\n" + "x" * 200_000 + ",1,\r\n", "spreadsheet.damaged"),
    ],
)
def test_a_csv_file_that_was_not_written_so_is_refused(tmp_path: Path, content: str, code: str) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + content.encode())

    with pytest.raises(Rejected) as raised:
        list(read_spreadsheet(tmp_path / "a.csv", COLUMNS))

    assert raised.value.code == code
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


def test_a_cell_that_is_too_long_is_refused_wherever_longer_ones_are_allowed(tmp_path: Path) -> None:
    """The limit of the module csv is one of the whole process; reading an agency's file raises it."""
    (tmp_path / "a.csv").write_text("nội dung,diện tích,ngày\r\n" + "x" * 200_000 + ",1,\r\n", "utf-8-sig")
    previous = csv.field_size_limit(1_000_000)

    try:
        with pytest.raises(Rejected) as raised:
            list(read_spreadsheet(tmp_path / "a.csv", COLUMNS))
    finally:
        csv.field_size_limit(previous)

    assert raised.value.code == "spreadsheet.damaged"


def test_a_csv_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("nội dung".encode("utf-16"))

    with pytest.raises(Rejected) as raised:
        list(read_spreadsheet(tmp_path / "a.csv", COLUMNS))

    assert raised.value.code == "spreadsheet.damaged"


def workbook(path: Path, *cells: Any) -> Path:
    made = openpyxl.Workbook()
    sheet: Any = made.active
    sheet.append([column.name for column in COLUMNS])
    sheet.append(cells)
    made.save(path)
    return path


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (("=1+1", 1, None), "spreadsheet.cell_unreadable"),
        ((912000111, 1, None), "spreadsheet.cell_unreadable"),
        (("a", "1", None), "spreadsheet.cell_unreadable"),
        (("a", True, None), "spreadsheet.cell_unreadable"),
        (("a", "#N/A", None), "spreadsheet.cell_unreadable"),
        (("a", 1, "01/07/2026"), "spreadsheet.cell_unreadable"),
        (("a", 1, 46204), "spreadsheet.cell_unreadable"),
        (("a", 1, None, "b"), "spreadsheet.row_length"),
    ],
)
def test_a_workbook_that_was_not_written_so_is_refused(tmp_path: Path, cells: tuple[Any, ...], code: str) -> None:
    path = workbook(tmp_path / "a.xlsx", *cells)

    with pytest.raises(Rejected) as raised:
        list(read_spreadsheet(path, COLUMNS))

    assert raised.value.code == code


def with_part(path: Path, part: str, content: bytes) -> bytes:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return zipped(parts | {part: content})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_workbook_whose_parts_declare_entities_is_refused(tmp_path: Path, encoding: str) -> None:
    path = workbook(tmp_path / "a.xlsx", "a", 1, None)
    hostile = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'.encode(encoding)
    path.write_bytes(with_part(path, "xl/sharedStrings.xml", hostile))

    with pytest.raises(Rejected) as raised:
        list(read_spreadsheet(path, COLUMNS))

    assert raised.value.code == "spreadsheet.damaged"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "drop_folder.damaged"),
        (b"x" * 100, "drop_folder.damaged"),
        (zipped({"a": b"x"}), "spreadsheet.damaged"),
        (zipped({"xl/worksheets/sheet1.xml": bytes(8 << 20)}), "drop_folder.limit_exceeded"),
        (zipped({"../a": b"x"}), "drop_folder.name_refused"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)

    with pytest.raises(Rejected) as raised:
        list(read_spreadsheet(tmp_path / "a.xlsx", COLUMNS))

    assert raised.value.code == code


def test_rows_that_are_far_down_are_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell in a very high row would make openpyxl create all rows above it."""
    monkeypatch.setattr(xlsx_sheets, "MAX_ROWS", 1000)
    path = workbook(tmp_path / "a.xlsx", "a", 1, None)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    distant = re.sub(rb'r="([A-C]?)2"', rb'r="\g<1>9999999999"', sheet)
    path.write_bytes(with_part(path, "xl/worksheets/sheet1.xml", distant))

    with pytest.raises(Rejected) as raised:
        for _ in read_spreadsheet(path, COLUMNS):
            pass

    assert raised.value.code == "spreadsheet.too_many_rows"
