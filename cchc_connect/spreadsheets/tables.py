"""Columns, rows and values of a spreadsheet, with the limits that hold for CSV and XLSX alike.

A spreadsheet program shortens long texts and rounds long numbers; such values are refused instead.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from cchc_connect.errors import Rejected
from cchc_connect.messages import Phrase
from cchc_connect.spreadsheets.escapes import held, marked

Value: TypeAlias = str | int | Decimal | date | None
"""Value of a cell; None for an empty one. A day has no time."""

Row: TypeAlias = Sequence[Value]

MOST_ROWS = 1_048_575  # Excel's limit less the header row
MOST_LETTERS = 32_767  # Excel's limit for the characters of one cell
_MAX_DIGITS = 15  # significant digits that spreadsheet programs keep
_MAX_EXPONENT = 300  # largest power of ten, positive or negative


class Kind(StrEnum):
    """Type of a column's cells."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    kind: Kind = Kind.TEXT


def checked_rows(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows after checking that they can be written unchanged.

    Raises:
        Rejected: a row has another number of cells than the table has columns, a value is not of its column's kind
            or too large for a spreadsheet, or there are too many rows. The error names the row, counted as
            spreadsheet programs count (the header is row 1), and the column.
    """
    for number, row in enumerate(rows, start=2):
        error = _refusal(columns, row, number)
        if error is not None:
            del row  # an error's traceback must not hold its values
            raise error
        yield row


def refusal(code: str, rule: str, row: int, column: Column) -> Rejected:
    """Return the error for one cell; it does not contain the value."""
    return Rejected(code, row=row, column=column.name, problem=Phrase(f"sheet_cell.{rule}"))


def _refusal(columns: Sequence[Column], row: Row, number: int) -> Rejected | None:
    if number > MOST_ROWS + 1:
        return Rejected("sheet.too_long", most=MOST_ROWS)
    if len(row) != len(columns):
        return Rejected("sheet.ragged", row=number, width=len(columns))
    for column, value in zip(columns, row, strict=True):
        rule = None if value is None else _RULES[column.kind](value)
        if rule:
            return refusal("sheet.unwritable", rule, number, column)
    return None


def _text_rule(value: Value) -> str | None:
    if not isinstance(value, str):
        return "no_text"
    if any("\ud800" <= character <= "\udfff" for character in value):
        return "signs"
    return "long" if len(held(marked(value))) > MOST_LETTERS else None


def _number_rule(value: Value) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return "no_number"
    number = Decimal(value)
    if not number.is_finite():
        return "no_number"
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return "digits" if len(digits) > _MAX_DIGITS or abs(number.adjusted()) > _MAX_EXPONENT else None


def _day_rule(value: Value) -> str | None:
    return None if isinstance(value, date) and not isinstance(value, datetime) else "no_day"


_RULES: Mapping[Kind, Callable[[Value], str | None]] = MappingProxyType(
    {Kind.TEXT: _text_rule, Kind.NUMBER: _number_rule, Kind.DAY: _day_rule}
)
