"""Read and write tables as CSV (RFC 4180): UTF-8 with a byte order mark, which Excel needs for Vietnamese."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import TextIOWrapper
from typing import BinaryIO

from cchc_connect.errors import Rejected
from cchc_connect.spreadsheets.tables import (
    MAX_ROWS,
    Column,
    ColumnType,
    Row,
    Value,
    cell_rejection,
    escape_formula,
    header_rejection,
    is_plausible,
    names_columns,
    unescape_formula,
)

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:E[+-]?[0-9]+)?", re.ASCII)
_ENCODING = "utf-8-sig"

MAX_CELL = 131_072
"""Characters of the longest cell: so many a `csv.reader` reads, unless something in the process allows more."""


@dataclass(frozen=True, kw_only=True)
class CsvStyle:
    """How columns are separated and numbers are written."""

    separator: str
    decimal_sign: str


STANDARD = CsvStyle(separator=",", decimal_sign=".")
"""As programs, and Excel under English regional settings, read it."""

VIETNAMESE_EXCEL = CsvStyle(separator=";", decimal_sign=",")
"""As Excel under Vietnamese regional settings reads it: there a comma separates no columns, and a point thousands."""


def write_csv(file: BinaryIO, columns: Sequence[Column], rows: Iterable[Row], style: CsvStyle = STANDARD) -> int:
    """Write a table; return the number of rows. The rows must have passed `tables.checked_rows`."""
    count = 0
    text = TextIOWrapper(file, encoding=_ENCODING, newline="")
    try:
        writer = csv.writer(text, delimiter=style.separator)
        writer.writerow([escape_formula(column.name) for column in columns])
        for row in rows:
            writer.writerow([_cell_text(value, style.decimal_sign) for value in row])
            del row  # a later error's traceback must not hold its values
            count += 1
    finally:
        text.detach()
    return count


def read_csv(file: BinaryIO, columns: Sequence[Column]) -> Iterator[Row]:
    """Yield the rows of a table that was written with these columns; rows without a value are passed over.

    Raises:
        Rejected: the file is not such a table; the error names the row and column.
    """
    cell_rows = _cell_rows(file)
    heading = [unescape_formula(cell) for cell in next(cell_rows, list[str]())]
    if not names_columns(heading, columns):
        raise header_rejection(columns, heading)
    for number, cells in enumerate(cell_rows, start=2):
        if number <= MAX_ROWS + 1 and not any(cells):
            continue
        row = _row(cells, columns, number)
        del cells  # an error's traceback must not hold its values
        if isinstance(row, Rejected):
            raise row
        yield row


def _cell_text(value: Value, decimal_sign: str) -> str:
    match value:
        case None:
            return ""
        case str():
            return escape_formula(value)
        case date():
            return value.isoformat()
        case _:
            return str(value).replace(".", decimal_sign)


def _cell_rows(file: BinaryIO) -> Iterator[list[str]]:
    try:
        with TextIOWrapper(file, encoding=_ENCODING, newline="") as text:
            for cells in csv.reader(text, strict=True):
                if any(len(cell) > MAX_CELL for cell in cells):
                    break
                yield cells
            else:
                return
    except (csv.Error, UnicodeError):
        pass  # these errors quote what they read
    raise Rejected("spreadsheet.damaged")


def _row(cells: list[str], columns: Sequence[Column], number: int) -> list[Value] | Rejected:
    if number > MAX_ROWS + 1:
        return Rejected("spreadsheet.too_many_rows", most=MAX_ROWS)
    while len(cells) > len(columns) and not cells[-1]:
        cells.pop()
    if len(cells) != len(columns):
        return Rejected("spreadsheet.row_length", row=number, width=len(columns))
    values: list[Value] = []
    for column, cell in zip(columns, cells, strict=True):
        value = _cell_value(cell, column.kind) if cell else None
        if cell and value is None:
            return cell_rejection("spreadsheet.cell_unreadable", f"no_{column.kind}", number, column)
        values.append(value)
    return values


def _cell_value(cell: str, kind: ColumnType) -> Value:
    """Return the value of a cell; None if it does not fit the column kind."""
    match kind:
        case ColumnType.TEXT:
            return unescape_formula(cell)
        case ColumnType.NUMBER:
            number = Decimal(cell) if _NUMBER.fullmatch(cell) else None
            return number if number is not None and is_plausible(number) else None
        case ColumnType.DAY:
            try:
                return date.fromisoformat(cell)
            except ValueError:
                return None
