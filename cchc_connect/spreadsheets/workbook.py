"""Writes a workbook of several sheets with openpyxl, row by row in bounded memory; a full sheet is continued on a next.

Values are those of spreadsheets and instants besides. No text becomes a formula; a text that is longer than a cell can
hold is replaced by a sentence that says so.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any, BinaryIO, TypeAlias

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from cchc_connect.spreadsheets.tables import (
    MAX_CELL_CHARACTERS,
    MAX_ROWS,
    Value,
    escape_formula,
    escape_xml,
    fits_number,
)
from cchc_connect.spreadsheets.xlsx import FIRST_DAY, sheet_name, text_cell

CellValue: TypeAlias = Value | datetime
"""Value of a cell; an instant without offset, as the reader's clock shows it."""


class WorkbookFile:
    """A workbook that is being written."""

    def __init__(self, day_format: str, too_long: str, max_rows: int = MAX_ROWS) -> None:
        """Start without sheets.

        Args:
            day_format: how days are shown, in Excel's form: "yyyy-mm-dd".
            too_long: the sentence in place of a text that no cell can hold.
            max_rows: rows of a sheet below its headings.
        """
        self._workbook = Workbook(write_only=True)
        self._day_format = day_format
        self._too_long = too_long
        self._max_rows = max_rows
        self._titles = set[str]()
        self.replaced_texts = 0
        """Number of texts that were too long."""

    def sheet(self, title: str, headings: Sequence[str]) -> "SheetWriter":
        """Begin a sheet with its headings."""
        return SheetWriter(self, title, headings)

    def save(self, file: BinaryIO) -> None:
        """Write the workbook."""
        self._workbook.save(file)

    def discard(self) -> None:
        """Remove the temporary files of a workbook that is not to be saved."""
        with TemporaryFile() as nowhere:
            self._workbook.save(nowhere)  # openpyxl removes its temporary files only when it saves

    def new_sheet(self, title: str, headings: Sequence[str]) -> Any:
        """Create a sheet; a name that is taken or too long gets a number."""
        number, name = 1, sheet_name(title, "")
        while name.casefold() in self._titles:
            number += 1
            name = sheet_name(title, f" ({number})")
        self._titles.add(name.casefold())
        sheet: Any = self._workbook.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.append([text_cell(sheet, escape_formula(heading)) for heading in headings])
        return sheet

    def cell(self, sheet: Any, value: CellValue) -> Any:
        """Return a value as openpyxl writes it."""
        match value:
            case str():
                return self._text(sheet, value)
            case datetime() if value.date() >= FIRST_DAY:
                return _formatted(sheet, value, f"{self._day_format} hh:mm:ss")
            case date() if not isinstance(value, datetime) and value >= FIRST_DAY:
                return _formatted(sheet, value, self._day_format)
            case date():
                return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
            case Decimal() if not fits_number(value):
                return f"{value:f}"
            case _:
                return value

    @property
    def max_rows(self) -> int:
        """Rows of a sheet below its headings."""
        return self._max_rows

    def _text(self, sheet: Any, text: str) -> Any:
        escaped = escape_formula(text)
        if len(escape_xml(escaped)) > MAX_CELL_CHARACTERS:
            self.replaced_texts += 1
            return self._too_long
        # By itself openpyxl turns texts that begin with these into formulas or errors; a plain text is written faster.
        return text_cell(sheet, escaped) if escaped[:1] in {"=", "#"} else escape_xml(escaped)


class SheetWriter:
    """One table of a workbook, on as many sheets as it needs."""

    def __init__(self, workbook: WorkbookFile, title: str, headings: Sequence[str]) -> None:
        """Begin the first sheet."""
        self._workbook = workbook
        self._title = title
        self._headings = headings
        self._sheet = workbook.new_sheet(title, headings)
        self._rows = 0

    def append(self, row: Sequence[CellValue]) -> None:
        """Write one row."""
        if self._rows == self._workbook.max_rows:
            self._sheet, self._rows = self._workbook.new_sheet(self._title, self._headings), 0
        self._sheet.append([self._workbook.cell(self._sheet, value) for value in row])
        self._rows += 1


def _formatted(sheet: Any, value: date, number_format: str) -> Any:
    cell: Any = WriteOnlyCell(sheet)
    cell.value = value
    cell.number_format = number_format
    return cell
