"""Reads the cells of one sheet of a workbook: their values, or an object that no reader takes for a value.

Dates, times and percent are as a person sees them; of another number the value counts: 79, also where "00079" is shown.

A formula without a stored value, an error and a number that lost digits are such objects: `{"error": "#REF!"}`. They
are unreadable, which is not the same as empty.
"""

import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO, Literal
from xml.etree.ElementTree import Element

from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from cchc_connect.spreadsheets.tables import unescape_xml

_MAX_EXACT = 10**15
"""Numbers of more digits are rounded by spreadsheet programs."""


class SheetCells(WorkSheetParser):
    """The rows of one sheet, each with its number, its cells and whether it is hidden."""

    def __init__(self, source: BinaryIO, workbook: Any, decimal_sign: Literal[",", "."]) -> None:
        """Take the XML of a sheet, and the workbook with its texts and formats."""
        super().__init__(
            source,
            workbook.shared_texts,
            data_only=True,
            epoch=workbook.epoch,
            date_formats=workbook.date_formats,
            timedelta_formats=workbook.timedelta_formats,
        )
        self._percent_styles: frozenset[int] = workbook.percent_styles
        self._decimal_sign = decimal_sign

    def rows(self) -> Iterator[tuple[int, list[object], bool]]:
        """Yield number, cells and hiddenness of each row that has cells; an empty cell is None."""
        for number, parsed in self.parse():
            dimension: Any = self.row_dimensions.pop(str(number), None) or {}
            cells: list[object] = [None] * max((cell["column"] for cell in parsed), default=0)
            for cell in parsed:
                cells[cell["column"] - 1] = cell["value"]
            yield number, cells, dimension.get("hidden") in {"1", "true"}

    def parse_cell(self, element: Element) -> Any:
        """Return a cell with its value as an item has it."""
        cell: dict[str, Any] = super().parse_cell(element)  # pyright: ignore[reportUnknownMemberType]  # openpyxl has no types of its own
        value = cell["value"]
        if value is None:
            if element.find(FORMULA_TAG) is not None and element.get("t") != "str":
                cell["value"] = {"error": "formula_without_value"}
        elif cell["data_type"] == "e":
            cell["value"] = {"error": str(value)}
        else:
            cell["value"] = self._plain_value(value, cell["style_id"])
        return cell

    def parse_formatting(self, element: Any) -> None:
        """Leave out how cells are coloured."""

    def parse_extensions(self, element: Any) -> None:
        """Leave out what later versions of the program add."""

    def _plain_value(self, value: Any, style: int) -> object:
        match value:
            case str():
                text = unescape_xml(value)
                return text if text.isascii() else unicodedata.normalize("NFC", text)
            case bool():
                return value
            case datetime():
                return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="seconds")
            case date() | time():
                return value.isoformat()
            case int() | float():
                return self._number(value, style)
            case _:
                return str(value)

    def _number(self, number: float, style: int) -> object:
        if abs(number) >= _MAX_EXACT:
            return {"rounded": repr(number)}
        if style in self._percent_styles:
            percent = (Decimal(repr(number)) * 100).normalize()
            return f"{percent:f}%".replace(".", self._decimal_sign)
        return int(number) if number == int(number) else number
