"""Tables that other programs wrote are judged alike as CSV and as XLSX."""

import unicodedata
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cchc_connect.errors import Rejected
from cchc_connect.spreadsheets import Column, ColumnType, read_spreadsheet

COLUMNS = [Column("Mã"), Column("Diện tích", ColumnType.NUMBER)]
ROW = ("00123", 1234.5)
KINDS = ["a.csv", "a.xlsx"]


def rows_of(path: Path, lines: list[tuple[Any, ...]]) -> list[list[str]]:
    if path.suffix == ".csv":
        text = "".join(",".join("" if cell is None else str(cell) for cell in line) + "\r\n" for line in lines)
        path.write_bytes(text.encode())
    else:
        workbook = openpyxl.Workbook()
        for line in lines:
            workbook.worksheets[0].append(line)
        workbook.save(path)
    return [[str(cell) for cell in row] for row in read_spreadsheet(path, COLUMNS)]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "lines",
    [
        [(unicodedata.normalize("NFD", "Mã"), unicodedata.normalize("NFD", "Diện tích")), ROW],
        [("Mã", "Diện tích", None, None), (*ROW, None, None)],
        [("Mã", "Diện tích"), (), ROW, (), ()],
        [("Mã", "Diện tích"), (None, None), ROW, (None, None, None)],
    ],
    ids=["decomposed heading", "empty columns", "empty lines", "rows without a value"],
)
def test_the_row_is_read(tmp_path: Path, name: str, lines: list[tuple[Any, ...]]) -> None:
    assert rows_of(tmp_path / name, lines) == [["00123", "1234.5"]]


@pytest.mark.parametrize("name", KINDS)
def test_an_error_counts_the_rows_that_are_passed_over(tmp_path: Path, name: str) -> None:
    with pytest.raises(Rejected) as refused:
        rows_of(tmp_path / name, [("Mã", "Diện tích"), (None, None), ("00123", "much")])

    assert refused.value.context["row"] == 3


@pytest.mark.parametrize("number", ["9" * 10_000, "1E999999999", "1E400", "-1E-400"])
def test_a_number_that_no_measurement_has_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(Rejected):
        rows_of(tmp_path / "a.csv", [("Mã", "Diện tích"), ("00123", number)])
