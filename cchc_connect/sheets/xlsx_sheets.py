"""Tables as workbooks of Excel (ECMA-376), written and read by openpyxl.

A workbook that comes from others is an archive of XML: before openpyxl sees it, its parts are counted as they
unfold, and none of them may declare a document type.
"""

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
from openpyxl.utils.exceptions import InvalidFileException

from cchc_connect.errors import Rejected
from cchc_connect.inbox.limits import InboxLimits
from cchc_connect.inbox.places import Place
from cchc_connect.inbox.streams import CHUNK, Budget, Member
from cchc_connect.inbox.zips import zip_members
from cchc_connect.safe_xml import UnsafeXml, XmlLimits, check_xml
from cchc_connect.sheets.escapes import held, marked, unheld, unmarked
from cchc_connect.sheets.tables import MOST_ROWS, Column, Kind, Row, Value, refusal

_DAY_FORMAT = "yyyy-mm-dd"
_FIRST_DAY = date(1900, 3, 1)
"""Before it Excel's calendar has a day that never was; earlier days are written as texts."""
_XML_LIMITS = XmlLimits(size=256 * 1024 * 1024, elements=20_000_000)
_UNREADABLE = (
    BadZipFile,
    InvalidFileException,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    SyntaxError,
)
"""What openpyxl raises over workbooks that are none."""


def write_xlsx(file: BinaryIO, columns: Sequence[Column], rows: Iterable[Row]) -> int:
    """Write a table whose rows were checked; return how many there are."""
    count = 0
    workbook = Workbook(write_only=True)
    sheet: Any = workbook.create_sheet()
    sheet.append([_text_cell(sheet, marked(column.name)) for column in columns])
    try:
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
            del row  # no frame of a later refusal's traceback holds its values
            count += 1
    except BaseException:
        with TemporaryFile() as nowhere:
            workbook.save(nowhere)  # only then openpyxl takes away what it wrote by the way
        raise
    workbook.save(file)
    return count


def read_xlsx(file: BinaryIO, columns: Sequence[Column], name: str) -> Iterator[Row]:
    """Yield the rows of the first sheet of a workbook that was written with these columns.

    Raises:
        Rejected: it is no such table, or hostile; the row and column are named.
    """
    _check(file, name)
    lines = _lines(file)
    heading = next(lines, list[Any]())
    if [_read(cell, Kind.TEXT) for cell in heading] != [column.name for column in columns]:
        raise Rejected("spreadsheet.header_mismatch", columns=", ".join(column.name for column in columns))
    for number, line in enumerate(lines, start=2):
        row = _row(line, columns, number)
        del line  # no frame of a refusal's traceback holds its values
        if isinstance(row, Rejected):
            raise row
        yield row


def _cell(sheet: Any, value: Value) -> Any:
    match value:
        case str():
            return _text_cell(sheet, marked(value))
        case date() if value < _FIRST_DAY:
            return _text_cell(sheet, value.isoformat())
        case date():
            cell: Any = WriteOnlyCell(sheet)
            cell.value = value
            cell.number_format = _DAY_FORMAT
            return cell
        case _:
            return value


def _text_cell(sheet: Any, text: str) -> Any:
    """Return a cell that is a text whatever it looks like: openpyxl makes formulas and errors of some."""
    cell: Any = WriteOnlyCell(sheet, value=held(text))
    cell.data_type = "s"
    return cell


def _check(file: BinaryIO, name: str) -> None:
    """Unfold every part of a workbook once, and keep nothing."""
    size = file.seek(0, 2)
    place = Place(name)
    try:
        for _, member in zip_members(file, place, Budget(InboxLimits(), size)):
            _check_part(member)
    except UnsafeXml:
        pass
    else:
        return
    raise Rejected("spreadsheet.damaged")


def _check_part(member: Member) -> None:
    start = member.stream.read(CHUNK) or b""
    if start.lstrip(b"\xef\xbb\xbf\xff\xfe\x00\t\r\n ").startswith(b"<"):
        rest = iter(lambda: member.stream.read(CHUNK) or b"", b"")
        check_xml(chain([start], rest), _XML_LIMITS)


def _lines(file: BinaryIO) -> Iterator[list[Any]]:
    workbook: Any = _attempted(partial(load_workbook, file, read_only=True))
    sheet = _attempted(lambda: workbook.worksheets[0])
    sheet.reset_dimensions()  # what a workbook says of its size is not to be believed
    rows = sheet.iter_rows()
    while (cells := _attempted(partial(next, rows, None))) is not None:
        yield list(cells)
    workbook.close()


def _attempted(step: Callable[[], Any]) -> Any:
    """Do one step of openpyxl.

    Raises:
        Rejected: the workbook is none. What openpyxl says of it may quote it and is left out.
    """
    try:
        return step()
    except _UNREADABLE:
        pass
    raise Rejected("spreadsheet.damaged")


def _row(line: list[Any], columns: Sequence[Column], number: int) -> list[Value] | Rejected:
    if number > MOST_ROWS + 1:
        return Rejected("spreadsheet.too_many_rows", most=MOST_ROWS)
    while len(line) > len(columns) and line[-1].value is None:
        line.pop()
    if len(line) > len(columns):
        return Rejected("spreadsheet.row_length", row=number, width=len(columns))
    values: list[Value] = []
    for column, cell in zip(columns, line, strict=False):
        value = None if cell.value is None else _read(cell, column.kind)
        if cell.value is not None and value is None:
            return refusal("spreadsheet.cell_unreadable", f"no_{column.kind}", number, column)
        values.append(value)
    return values + [None] * (len(columns) - len(values))


def _read(cell: Any, kind: Kind) -> Value:
    """Return what a cell says, None where it says nothing of that kind; a formula never does."""
    value: object = cell.value
    match kind, cell.data_type, value:
        case Kind.TEXT, "s", str():
            return unmarked(unheld(value))
        case Kind.NUMBER, "n", int() | float():
            return Decimal(repr(value))
        case Kind.DAY, "d", datetime():
            return value.date()
        case Kind.DAY, "s", str():
            try:
                return date.fromisoformat(value)
            except ValueError:
                return None
        case _:
            return None
