"""Columns, rows and values of a spreadsheet, with the limits that hold for CSV and XLSX alike.

A spreadsheet program shortens long texts and rounds long numbers; such values are refused instead.

Texts are escaped so that none begins a formula and each is read back unchanged: spreadsheet programs read a text that
begins with = + - @ as a formula, and a formula can start programs or send the neighbouring cells (OWASP, CSV Injection;
CWE-1236). An apostrophe before such a text prevents that. A text that begins with an apostrophe gets one as well, so
that reading can remove it.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from cchc_connect.errors import Rejected
from cchc_connect.messages import Message

MAX_ROWS = 1_048_575  # Excel's limit less the header row
MAX_CELL_CHARACTERS = 32_767  # Excel's limit for the characters of one cell
_MAX_DIGITS = 15  # significant digits that spreadsheet programs keep
_MOST_READ = 100  # digits of a number that is read
_MAX_EXPONENT = 300  # largest power of ten, positive or negative

_FORMULA_STARTS = frozenset("=+-@")
_SKIPPED_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode categories that programs skip before they look at the first character."""
_CONTROL_STARTS = frozenset("\t\r\n")
_APOSTROPHE = "'"

# XML 1.0 cannot hold these, and turns a carriage return into a line feed (ECMA-376 part 1, 22.9.2.19).
_XML_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_XML_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


Value: TypeAlias = str | int | Decimal | date | None
"""Value of a cell; None for an empty one. A day has no time."""

Row: TypeAlias = Sequence[Value]


class ColumnType(StrEnum):
    """Type of a column's cells."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    kind: ColumnType = ColumnType.TEXT


def checked_rows(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows after checking that they can be written unchanged.

    Raises:
        Rejected: a row has another number of cells than the table has columns, a value is not of its column's kind
            or too large for a spreadsheet, or there are too many rows. The error names the row, counted as
            spreadsheet programs count (the header is row 1), and the column.
    """
    for number, row in enumerate(rows, start=2):
        error = _row_error(columns, row, number)
        if error is not None:
            del row  # an error's traceback must not hold its values
            raise error
        yield row


def cell_rejection(code: str, rule: str, row: int, column: Column) -> Rejected:
    """Return the error for one cell; it does not contain the value."""
    return Rejected(code, row=row, column=column.name, problem=Message(f"spreadsheet_cell.{rule}"))


def header_rejection(columns: Sequence[Column], heading: Collection[object]) -> Rejected:
    """Return the error for a first row with the cells `heading`; it names the columns that are missing, and no cell."""
    names = [column.name for column in columns]
    cell_texts = {one_form(cell) for cell in heading}
    missing = [name for name in names if one_form(name) not in cell_texts]
    return Rejected("spreadsheet.header_mismatch", columns=", ".join(names), missing=", ".join(missing) or None)


def names_columns(heading: Sequence[object], columns: Sequence[Column]) -> bool:
    """True if a first row names the columns; empty cells after them and other forms of the same letters do not count.

    A name that was typed on a Mac has its marks as letters of their own (NFD) and looks the same.
    """
    written = [one_form(cell) for cell in heading]
    while written and not written[-1]:
        written.pop()
    return written == [one_form(column.name) for column in columns]


def one_form(cell: object) -> str:
    """Return a text in Unicode normalization form C; "" for an empty cell."""
    return "" if cell is None else unicodedata.normalize("NFC", str(cell))


def is_plausible(number: Decimal) -> bool:
    """True if a number may stand in a spreadsheet: finite, and not so long or large that it takes long to handle."""
    return (
        number.is_finite() and abs(number.adjusted()) <= _MAX_EXPONENT and len(number.as_tuple().digits) <= _MOST_READ
    )


def escape_formula(text: str) -> str:
    """Return a text as it is written to a cell; an empty text becomes an apostrophe, as an empty cell is read as None.

    >>> escape_formula("+84912000111"), escape_formula("'=1"), escape_formula("12 Lê Lợi")
    ("'+84912000111", "''=1", '12 Lê Lợi')
    """
    return _APOSTROPHE + text if not text or text.startswith(_APOSTROPHE) or starts_formula(text) else text


def unescape_formula(cell: str) -> str:
    """Return the text that `escape_formula` escaped."""
    return cell.removeprefix(_APOSTROPHE)


def starts_formula(text: str) -> bool:
    """True if a program may read the text as a formula; full-width and small forms of the characters count too."""
    if text[:1] in _CONTROL_STARTS:
        return True
    first = next((character for character in text if unicodedata.category(character) not in _SKIPPED_CATEGORIES), "")
    return unicodedata.normalize("NFKC", first)[:1] in _FORMULA_STARTS


def fits_number(number: Decimal) -> bool:
    """True if spreadsheet programs keep every digit of a finite number."""
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return len(digits) <= _MAX_DIGITS and abs(number.adjusted()) <= _MAX_EXPONENT


def escape_xml(text: str) -> str:
    r"""Return a text as the XML of a workbook holds it; `_x000D_` stands for a character XML cannot hold.

    >>> escape_xml("a\rb"), escape_xml("_x000D_")
    ('a_x000D_b', '_x005F_x000D_')
    """
    return _XML_FORBIDDEN.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def unescape_xml(text: str) -> str:
    """Return the text that `escape_xml` escaped."""
    return _XML_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def _row_error(columns: Sequence[Column], row: Row, number: int) -> Rejected | None:
    if number > MAX_ROWS + 1:
        return Rejected("spreadsheet.too_many_rows", most=MAX_ROWS)
    if len(row) != len(columns):
        return Rejected("spreadsheet.row_length", row=number, width=len(columns))
    for column, value in zip(columns, row, strict=True):
        rule = None if value is None else _RULES[column.kind](value)
        if rule:
            return cell_rejection("spreadsheet.cell_unwritable", rule, number, column)
    return None


def _text_rule(value: Value) -> str | None:
    if not isinstance(value, str):
        return "no_text"
    if any("\ud800" <= character <= "\udfff" for character in value):
        return "signs"
    return "long" if len(escape_xml(escape_formula(value))) > MAX_CELL_CHARACTERS else None


def _number_rule(value: Value) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return "no_number"
    number = Decimal(value)
    if not number.is_finite():
        return "no_number"
    return None if fits_number(number) else "digits"


def _day_rule(value: Value) -> str | None:
    return None if isinstance(value, date) and not isinstance(value, datetime) else "no_day"


_RULES: Mapping[ColumnType, Callable[[Value], str | None]] = MappingProxyType(
    {ColumnType.TEXT: _text_rule, ColumnType.NUMBER: _number_rule, ColumnType.DAY: _day_rule}
)
