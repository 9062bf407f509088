"""Read and write tables as Excel workbooks (ECMA-376) with openpyxl.

A workbook from outside is a ZIP archive of XML files. Before openpyxl reads it, each part is unpacked within limits,
and a part that declares a document type is refused.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import chain
from tempfile import TemporaryFile
from typing import Any, BinaryIO
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from cchc_connect.drop_folder.archives import zip_members
from cchc_connect.drop_folder.names import FileLocation
from cchc_connect.drop_folder.streams import CHUNK_BYTES, DropFolderLimits, LimitCounter, Member
from cchc_connect.errors import Rejected
from cchc_connect.spreadsheets.tables import (
    MAX_ROWS,
    Column,
    ColumnType,
    Row,
    Value,
    cell_rejection,
    escape_formula,
    escape_xml,
    header_rejection,
    is_plausible,
    names_columns,
    unescape_formula,
    unescape_xml,
)
from cchc_connect.wire.xml import UnsafeXml, XmlLimits, check_xml

_DAY_FORMAT = "yyyy-mm-dd"
_MAX_TITLE = 31
"""Characters of a sheet's name in Excel."""
_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]")
_COLUMN_WIDTH, _WIDE_COLUMN_WIDTH = 20, 60
"""Widths of columns in characters; the last one has the longest texts."""
FIRST_DAY = date(1900, 3, 1)
"""Excel's calendar has a false 29 February 1900; earlier days are written as texts."""
_XML_LIMITS = XmlLimits(max_bytes=256 * 1024 * 1024, max_elements=20_000_000)
_DAMAGE_ERRORS = (
    BadZipFile,
    InvalidFileException,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    SyntaxError,
)
"""Exceptions that openpyxl raises for damaged workbooks."""


def write_xlsx(file: BinaryIO, columns: Sequence[Column], rows: Iterable[Row], title: str | None = None) -> int:
    """Write a table of checked rows, its headings fixed while the rows are scrolled; return the number of rows."""
    count = 0
    workbook = Workbook(write_only=True)
    sheet: Any = workbook.create_sheet(None if title is None else sheet_name(title))
    sheet.freeze_panes = "A2"
    for number in range(1, len(columns) + 1):
        width = _WIDE_COLUMN_WIDTH if number == len(columns) else _COLUMN_WIDTH
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([text_cell(sheet, escape_formula(column.name)) for column in columns])
    try:
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
            del row  # a later error's traceback must not hold its values
            count += 1
    except BaseException:
        with TemporaryFile() as discarded:
            workbook.save(discarded)  # openpyxl removes its temporary files only when it saves
        raise
    workbook.save(file)
    return count


def sheet_name(title: str, suffix: str = "") -> str:
    """Return the name of a sheet, as long as Excel permits, without the characters that it refuses."""
    return _NOT_IN_TITLES.sub(" ", title).strip("'")[: _MAX_TITLE - len(suffix)] + suffix


def read_xlsx(file: BinaryIO, columns: Sequence[Column], name: str) -> Iterator[Row]:
    """Yield the rows of the first sheet of a workbook that was written with these columns, without empty ones.

    Raises:
        Rejected: the file is not such a table, or is hostile; the error names the row and column.
    """
    check_parts(file, name)
    cell_rows = _cell_rows(file)
    heading = [_cell_value(cell, ColumnType.TEXT) for cell in next(cell_rows, list[Any]())]
    if not names_columns(heading, columns):
        raise header_rejection(columns, heading)
    for number, cells in enumerate(cell_rows, start=2):
        if number <= MAX_ROWS + 1 and all(cell.value is None for cell in cells):
            continue
        row = _row(cells, columns, number)
        del cells  # an error's traceback must not hold its values
        if isinstance(row, Rejected):
            raise row
        yield row


def _cell(sheet: Any, value: Value) -> Any:
    match value:
        case str():
            return text_cell(sheet, escape_formula(value))
        case date() if value < FIRST_DAY:
            return text_cell(sheet, value.isoformat())
        case date():
            cell: Any = WriteOnlyCell(sheet)
            cell.value = value
            cell.number_format = _DAY_FORMAT
            return cell
        case _:
            return value


def text_cell(sheet: Any, text: str) -> Any:
    """Return a text cell; by itself openpyxl turns some texts into formulas or errors."""
    cell: Any = WriteOnlyCell(sheet, value=escape_xml(text))
    cell.data_type = "s"
    return cell


def check_parts(file: BinaryIO, name: str) -> None:
    """Unpack and check every part of a workbook once, keeping nothing."""
    size = file.seek(0, 2)
    location = FileLocation(name)
    try:
        for _, member in zip_members(file, location, LimitCounter(DropFolderLimits(), size)):
            _check_part(member)
    except UnsafeXml:
        pass
    else:
        return
    raise Rejected("spreadsheet.damaged")


def _check_part(member: Member) -> None:
    start = member.stream.read(CHUNK_BYTES) or b""
    if start.lstrip(b"\xef\xbb\xbf\xff\xfe\x00\t\r\n ").startswith(b"<"):
        following = iter(lambda: member.stream.read(CHUNK_BYTES) or b"", b"")
        check_xml(chain([start], following), _XML_LIMITS)


def _cell_rows(file: BinaryIO) -> Iterator[list[Any]]:
    workbook: Any = run_step(partial(load_workbook, file, read_only=True))
    sheet = run_step(lambda: workbook.worksheets[0])
    sheet.reset_dimensions()  # the size that a workbook declares is not trusted
    rows = sheet.iter_rows()
    while (cells := run_step(partial(next, rows, None))) is not None:
        yield list(cells)
    workbook.close()


def run_step(step: Callable[[], Any]) -> Any:
    """Run one step of openpyxl.

    Raises:
        Rejected: the file is not a workbook. Openpyxl's own error is dropped, as it may quote the content.
    """
    try:
        return step()
    except _DAMAGE_ERRORS:
        pass
    raise Rejected("spreadsheet.damaged")


def _row(cells: list[Any], columns: Sequence[Column], number: int) -> list[Value] | Rejected:
    if number > MAX_ROWS + 1:
        return Rejected("spreadsheet.too_many_rows", most=MAX_ROWS)
    while len(cells) > len(columns) and cells[-1].value is None:
        cells.pop()
    if len(cells) > len(columns):
        return Rejected("spreadsheet.row_length", row=number, width=len(columns))
    values: list[Value] = []
    for column, cell in zip(columns, cells, strict=False):
        value = None if cell.value is None else _cell_value(cell, column.kind)
        if cell.value is not None and value is None:
            return cell_rejection("spreadsheet.cell_unreadable", f"no_{column.kind}", number, column)
        values.append(value)
    return values + [None] * (len(columns) - len(values))


def _cell_value(cell: Any, kind: ColumnType) -> Value:
    """Return the value of a cell; None if it does not fit the column kind, as a formula never does."""
    value: object = cell.value
    match kind, cell.data_type, value:
        case ColumnType.TEXT, "s", str():
            return unescape_formula(unescape_xml(value))
        case ColumnType.NUMBER, "n", int() | float():
            number = Decimal(repr(value))
            return number if is_plausible(number) else None
        case ColumnType.DAY, "d", datetime():
            return value.date()
        case ColumnType.DAY, "s", str():
            try:
                return date.fromisoformat(value)
            except ValueError:
                return None
        case _:
            return None
