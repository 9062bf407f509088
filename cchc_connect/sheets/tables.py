"""Tables for people: columns of texts, numbers or days, and the values that fit them.

The same holds for CSV and XLSX, so that a table can be kept as either: a text is no longer and a number no more
exact than a spreadsheet program keeps it, and what is more is refused instead of being cut.
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
from cchc_connect.sheets.escapes import held, marked

Value: TypeAlias = str | int | Decimal | date | None
"""What a cell says; None: nothing. A day has no time."""

Row: TypeAlias = Sequence[Value]

MOST_ROWS = 1_048_575  # of Excel, one of them for the names of the columns
MOST_LETTERS = 32_767  # of one cell
_DIGITS = 15  # that a spreadsheet program keeps of a number
_MAGNITUDE = 300  # powers of ten


class Kind(StrEnum):
    """What the cells of a column say."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    kind: Kind = Kind.TEXT


def checked_rows(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows that can be written as they are.

    Raises:
        Rejected: a row is not as wide as the table, a value is not of its column's kind or too large for a sheet, or
            there are too many rows. It names the row, counted as a program counts them, and the column.
    """
    for number, row in enumerate(rows, start=2):
        refused = _refusal(columns, row, number)
        if refused is not None:
            del row  # no frame of a refusal's traceback holds its values
            raise refused
        yield row


def refusal(code: str, rule: str, row: int, column: Column) -> Rejected:
    """Return the error for one cell; it says nothing of its value."""
    return Rejected(code, row=row, column=column.name, problem=Phrase(f"spreadsheet_cell.{rule}"))


def _refusal(columns: Sequence[Column], row: Row, number: int) -> Rejected | None:
    if number > MOST_ROWS + 1:
        return Rejected("spreadsheet.too_many_rows", most=MOST_ROWS)
    if len(row) != len(columns):
        return Rejected("spreadsheet.row_length", row=number, width=len(columns))
    for column, value in zip(columns, row, strict=True):
        rule = None if value is None else _RULES[column.kind](value)
        if rule:
            return refusal("spreadsheet.cell_unwritable", rule, number, column)
    return None


def _text_rule(value: Value) -> str | None:
    if not isinstance(value, str):
        return "no_text"
    if any("\ud800" <= sign <= "\udfff" for sign in value):
        return "signs"
    return "long" if len(held(marked(value))) > MOST_LETTERS else None


def _number_rule(value: Value) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return "no_number"
    number = Decimal(value)
    if not number.is_finite():
        return "no_number"
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return "digits" if len(digits) > _DIGITS or abs(number.adjusted()) > _MAGNITUDE else None


def _day_rule(value: Value) -> str | None:
    return None if isinstance(value, date) and not isinstance(value, datetime) else "no_day"


_RULES: Mapping[Kind, Callable[[Value], str | None]] = MappingProxyType(
    {Kind.TEXT: _text_rule, Kind.NUMBER: _number_rule, Kind.DAY: _day_rule}
)
