"""XLSX as agencies send it: title rows, merged and hidden parts, formulas and errors, dates of both calendars."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from cchc_connect.errors import Rejected
from cchc_connect.foreign_tables import PassedOver, TableForm, TableRow, open_table
from cchc_connect.messages import Message

WHERE = Message("drop_folder_location.file", {"file": "thua.xlsx"})
FORM = TableForm(names=[("Số tờ",), ("Số thửa",), ("Diện tích",)], key_names=["Số tờ", "Số thửa"])
HEADINGS = ["STT", "Số tờ", "Số thửa", "Diện tích", "Ngày cấp"]


def content_of(fill: Callable[[Any, Any], None]) -> bytes:
    workbook = Workbook()
    fill(workbook, workbook.active)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def read_counted(content: bytes, form: TableForm = FORM) -> tuple[list[TableRow], PassedOver]:
    with open_table(io.BytesIO(content), "thua.xlsx", form, WHERE) as table:
        rows = [row for chunk in table.chunks(2) for row in chunk if isinstance(row, TableRow)]
        return rows, table.passed_over


def read(content: bytes, form: TableForm = FORM) -> list[TableRow]:
    return read_counted(content, form)[0]


def test_a_workbook_is_not_parsed_again_after_its_check() -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        for target in (sheet, workbook.create_sheet("Tờ 2")):
            target.append(HEADINGS)
            for number in range(5):
                target.append([number, 1, number, "=1/0" if number == 3 else 2.5, date(2026, 4, 2)])

    file = io.BytesIO(content_of(fill))
    with open_table(file, "thua.xlsx", FORM, WHERE) as table:
        file.truncate(0)
        readings = [[row for chunk in table.chunks(3) for row in chunk] for _ in range(2)]

    assert readings[0] == readings[1]
    assert [row["Số thửa"] for row in readings[0]] == [*range(5), *range(5)]
    assert readings[0][3]["Diện tích"] == {"error": "formula_without_value"}


def test_title_rows_merged_headings_totals_and_signatures_are_passed_over_and_counted() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet["A1"] = "DANH SÁCH THỬA ĐẤT"
        sheet.merge_cells("A1:E1")
        for row in (
            ["STT", "Thửa đất", None, None, "Ngày cấp"],
            [None, "Số tờ", "Số thửa", "Diện tích", None],
            ["(1)", "(2)", "(3)", "(4)", "(5)"],
            [1, 1, 12, 228.4, date(2026, 4, 2)],
            ["Tổng cộng", None, None, 228.4, None],
            [None, None, None, "Phú Lợi, ngày 02 tháng 4 năm 2026", None],
        ):
            sheet.append(row)
        sheet.merge_cells("B2:D2")

    content = content_of(fill)
    rows, passed_over = read_counted(content)

    assert rows == [{"STT": 1, "Số tờ": 1, "Số thửa": 12, "Diện tích": 228.4, "Ngày cấp": "2026-04-02"}]
    assert rows[0].line == 5
    assert passed_over == PassedOver(titles=1, numbered=1, totals=1, signatures=1)


def test_sheets_with_the_headings_are_read_and_hidden_ones_and_others_are_told() -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        for target, number in ((sheet, 1), (workbook.create_sheet("Tờ 2"), 2)):
            target.append(HEADINGS[1:4] if number == 2 else HEADINGS[3:0:-1])
            target.append([number, 12, 5])
        workbook.create_sheet("Ghi chú").append(["Không có gì"])
        hidden = workbook.create_sheet("Danh mục")
        hidden.sheet_state = "hidden"
        hidden.append(HEADINGS)
        hidden.append([1, 9, 9, 9, None])
        sheet.append([7, 13, 2])
        sheet.row_dimensions[3].hidden = True

    content = content_of(fill)
    rows, passed_over = read_counted(content)

    assert [(row["Số tờ"], row["Số thửa"], row["Diện tích"]) for row in rows] == [(5, 12, 1), (2, 13, 7), (2, 12, 5)]
    assert passed_over == PassedOver(hidden_rows=1, hidden_sheets=1, other_sheets=1)
    named = TableForm(names=FORM.names, key_names=FORM.key_names, sheets=["danh muc"])
    assert [row["Số thửa"] for row in read(content, named)] == [9]


def test_formulas_without_a_value_and_errors_are_unreadable_and_never_nothing() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.append(HEADINGS)
        sheet.append([1, 1, 12, "=B2*2", None])
        sheet.append([2, 1, 13, "#N/A", None])

    rows = read(content_of(fill))

    assert [row["Diện tích"] for row in rows] == [{"error": "formula_without_value"}, {"error": "#N/A"}]
    assert rows[0]["Ngày cấp"] is None


def test_dates_percent_and_long_numbers_are_what_a_person_sees() -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        workbook.epoch = CALENDAR_MAC_1904
        sheet.append([*HEADINGS, "Tỷ lệ", "Mã"])
        sheet.append([1, 1.0, 12, 5, datetime(2026, 4, 2, 8, 30), 0.125, 1234567890123456])  # noqa: DTZ001  # as workbooks have it
        sheet["F2"].number_format = "0.0%"

    [row] = read(content_of(fill))

    assert row["Ngày cấp"] == "2026-04-02T08:30:00"
    assert row["Tỷ lệ"] == "12,5%"
    assert row["Số tờ"] == 1
    assert row["Mã"] == {"rounded": "1234567890123456"}


def test_empty_cells_are_filled_where_that_is_declared_and_nowhere_else() -> None:
    """Merged or not, as in CSV."""

    def fill(_: Any, sheet: Any) -> None:
        sheet.append(HEADINGS)
        for row in ([1, 4, 12, 5, None], [2, None, 13, 6, None], [3, None, 14, 7, None]):
            sheet.append(row)
        sheet.merge_cells("B2:B3")

    content = content_of(fill)
    declared = TableForm(names=FORM.names, key_names=["Số thửa"], fill_down=["Số tờ"])

    assert [row["Số tờ"] for row in read(content, declared)] == [4, 4, 4]
    assert [row["Số tờ"] for row in read(content, FORM)] == [4, None, None]


def test_cells_beyond_the_headings_are_refused_with_their_row() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.append(HEADINGS)
        sheet.append([1, 1, 12, 5, None, "thừa"])

    with pytest.raises(Rejected, match="row 2 has cells beyond the 5 columns"):
        read(content_of(fill))


def test_an_error_beyond_the_headings_is_refused_as_a_text_is() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.append(HEADINGS)
        sheet.append([1, 1, 12, 5, None, "#REF!"])

    with pytest.raises(Rejected, match="row 2 has cells beyond the 5 columns"):
        read(content_of(fill))


def test_a_workbook_with_macros_or_a_bomb_is_refused() -> None:
    content = io.BytesIO(content_of(lambda _, sheet: sheet.append(HEADINGS)))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/vbaProject.bin", b"")
    bomb = io.BytesIO(content_of(lambda _, sheet: sheet.append(HEADINGS)))
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/a.xml", b" " * 40_000_000)

    with pytest.raises(Rejected, match="macros"):
        read(content.getvalue())
    with pytest.raises(Rejected):
        read(bomb.getvalue())
