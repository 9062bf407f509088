"""Tables that an agency writes beside those of this package: CSV with the same columns, whose faults are all named.

Each row is a line: a quotation mark that is not closed in its line is a fault, and takes no row below with it.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_NUMBER = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_DAYS = ("day", "issued_on", "in_force_from", "in_force_to")


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row of a table."""

    line: int
    """Line of the file, counted from 1."""
    column: str
    rule: str
    """`columns`, `quotes`, `identifier`, `twice`, `missing`, `day`, `days_out_of_order`, `number` or `choice`."""
    value: str


class TableInvalid(ValueError):
    """A table has faults; none of its rows is used."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)


def day_of(text: str) -> date | None:
    """Return the day of a cell in ISO form; None for an empty cell."""
    return date.fromisoformat(text) if text else None


def table_rows(
    text: str,
    columns: Sequence[str],
    *,
    required: Sequence[str],
    numbers: Sequence[str] = (),
    choices: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Sequence[Mapping[str, str]]:
    """Return the rows of a table with these columns, of which the first is the key; lines that begin with "#" are none.

    Args:
        text: the table.
        columns: its columns.
        required: columns without an empty cell.
        numbers: columns whose cells are empty or whole numbers from 1 to 999.
        choices: column -> what its cells may hold, unless they are empty.

    Raises:
        TableInvalid: it has faults; the error contains all of them.
    """
    faults, rows = list[RowFault](), dict[str, Mapping[str, str]]()
    for line, text_of_row in _lines(text, columns):
        cells = _cells(text_of_row)
        if cells is None:
            faults.append(RowFault(line, "", "quotes", ""))
            continue
        if len(cells) != len(columns):
            faults.append(RowFault(line, "", "columns", ",".join(columns)))
            continue
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
        faults.extend(_row_faults(line, row, columns[0], required, rows))
        faults.extend(_value_faults(line, row, numbers, choices))
        rows.setdefault(row[columns[0]], row)
    if faults:
        raise TableInvalid(faults)
    return tuple(rows.values())


def _lines(text: str, columns: Sequence[str]) -> Sequence[tuple[int, str]]:
    """Return the lines of the rows with their numbers, after the headings were checked."""
    numbered = [
        (number, line)
        for number, line in enumerate(unicodedata.normalize("NFC", text.removeprefix("\ufeff")).splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    first_line, heading = numbered[0] if numbered else (1, "")
    if [name.strip() for name in _cells(heading) or ()] != list(columns):
        raise TableInvalid([RowFault(first_line, "", "columns", ",".join(columns))])
    return numbered[1:]


def _cells(line: str) -> Sequence[str] | None:
    """Return the cells of one line; None if a quotation mark is not closed in it, or text follows a closed one."""
    try:
        return next(csv.reader([line], strict=True), ())
    except csv.Error:
        return None


def _row_faults(
    line: int, row: Mapping[str, str], key: str, required: Sequence[str], earlier: Mapping[str, object]
) -> Iterable[RowFault]:
    if row[key] and not _IDENTIFIER.fullmatch(row[key]):
        yield RowFault(line, key, "identifier", row[key])
    if row[key] in earlier:
        yield RowFault(line, key, "twice", row[key])
    for column in required:
        if not row[column]:
            yield RowFault(line, column, "missing", "")
    days = dict[str, date]()
    for column in _DAYS:
        try:
            day = day_of(row.get(column, ""))
        except ValueError:
            yield RowFault(line, column, "day", row[column])
        else:
            days |= {} if day is None else {column: day}
    if "in_force_from" in days and "in_force_to" in days and days["in_force_to"] < days["in_force_from"]:
        yield RowFault(line, "in_force_to", "days_out_of_order", row["in_force_to"])


def _value_faults(
    line: int, row: Mapping[str, str], numbers: Sequence[str], choices: Mapping[str, Sequence[str]]
) -> Iterable[RowFault]:
    for column in numbers:
        if row[column] and not _NUMBER.fullmatch(row[column]):
            yield RowFault(line, column, "number", row[column])
    for column, allowed in choices.items():
        if row[column] and row[column] not in allowed:
            yield RowFault(line, column, "choice", row[column])
