"""Tables that an agency writes itself, with the columns of a table of this package: every fault is found at once."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

IDENTIFIER = r"[a-z0-9][a-z0-9_-]{0,62}"
"""Pattern of the name of an act, a purpose, an agreement or a grant."""

_DAYS = ("issued_on", "in_force_from", "in_force_to")


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row of a table."""

    line: int
    """Line of the file, counted from 1."""
    column: str
    rule: str
    """`columns`, `quotes`, `identifier`, `twice`, `missing`, `day`, `days_out_of_order`, or a rule of the table."""
    value: str


class TableInvalid(ValueError):
    """A table has faults; none of its rows is used."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """One row, with the line on which it stands."""

    line: int
    cells: Mapping[str, str]


def written_rows(text: str, columns: Sequence[str], *, required: Sequence[str]) -> Sequence[Mapping[str, str]]:
    """Return the rows of a table as `numbered_rows` does, without their lines."""
    return [row.cells for row in numbered_rows(text, columns, required=required)]


def numbered_rows(text: str, columns: Sequence[str], *, required: Sequence[str]) -> Sequence[WrittenRow]:
    """Return the rows of a table; the first column names a row, and lines that begin with "#" are comments.

    Each row is a line: a quotation mark that is not closed in its line is a fault, and takes no row below with it.

    Args:
        text: the table as CSV.
        columns: its columns, in this order.
        required: columns of which every cell is filled.

    Raises:
        TableInvalid: it has faults; the error contains all of them.
    """
    numbered = [
        (number, line)
        for number, line in enumerate(unicodedata.normalize("NFC", text.removeprefix("\ufeff")).splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    first_line, heading = numbered[0] if numbered else (1, "")
    if [name.strip() for name in _cells(heading) or ()] != list(columns):
        raise TableInvalid([RowFault(first_line, "", "columns", ",".join(columns))])
    faults, rows = list[RowFault](), dict[str, WrittenRow]()
    for line, text_of_row in numbered[1:]:
        cells = _cells(text_of_row)
        if cells is None:
            faults.append(RowFault(line, "", "quotes", ""))
            continue
        if len(cells) != len(columns):
            faults.append(RowFault(line, "", "columns", ",".join(columns)))
            continue
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
        faults.extend(_row_faults(line, row, columns[0], required, rows))
        rows.setdefault(row[columns[0]], WrittenRow(line, row))
    if faults:
        raise TableInvalid(faults)
    return tuple(rows.values())


def day_of(text: str) -> date | None:
    """Return the day of a cell; None for an empty one. Raises `ValueError` for another text."""
    return date.fromisoformat(text) if text else None


def _cells(line: str) -> Sequence[str] | None:
    """Return the cells of one line; None if a quotation mark is not closed in it, or text follows a closed one."""
    try:
        return next(csv.reader([line], strict=True), ())
    except csv.Error:
        return None


def _row_faults(
    line: int, row: Mapping[str, str], key: str, required: Sequence[str], earlier: Mapping[str, object]
) -> Iterable[RowFault]:
    if row[key] and not re.fullmatch(IDENTIFIER, row[key]):
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
