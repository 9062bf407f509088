"""Reads CSV from outside: the separator is recognised by the headings, and every fault has its line.

A file is checked as a whole before its first row is used. Most files are so regular that the bytes show it: lines with
the same number of separators, quotes around whole cells. Others are read through once before.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from itertools import accumulate, islice
from typing import Any, BinaryIO, Self, cast, get_args

from cchc_connect.foreign_tables.form_rows import FillDown, RecordRows
from cchc_connect.foreign_tables.forms import (
    FaultList,
    PassedOver,
    Separator,
    TableForm,
    TableRow,
    refused,
)
from cchc_connect.foreign_tables.headings import MAX_ROWS_ABOVE, Headings, find_headings, note_heading_faults
from cchc_connect.foreign_tables.regular_lines import RegularLines
from cchc_connect.messages import Message

_BLOCK_BYTES = 128 * 1024
_MAX_QUOTED_BYTES = 128 * _BLOCK_BYTES
"""Bytes within which quotes must be closed; a file where they are not is read through by the slower way."""
MAX_CELL = 32 * 1024 * 1024
"""Characters of one cell: the boundary of a commune has several hundred thousand."""
_FIRST_ROWS = 20
"""Rows below headings that are looked at one by one."""
_SEPARATORS: tuple[Separator, ...] = get_args(Separator)
_LINE_END = re.compile(r"\r\n|\r|\n")
_OTHER_LINE_END = re.compile(rb"\r(?!\n)")
_FIELD_LIMIT = "field limit"
"""In the error of Python's reader for a cell that is too long."""
_ROUNDED = re.compile(r"-?\d(?:[.,]\d+)?E\+\d{1,2}")
"""A long number that a spreadsheet program wrote with fewer digits."""


class CsvTable:
    """One CSV file, checked."""

    def __init__(self, file: BinaryIO, form: TableForm, where: Message) -> None:
        """Find separator and headings, and check the whole file.

        Args:
            file: the file as UTF-8 in NFC without a mark, seekable.
            form: what is declared of it.
            where: the file, for messages.

        Raises:
            Rejected: it is no such table; the error names every fault with its line.
        """
        self._file = file
        self._form = form
        self._where = where
        self._separator: Separator
        self._start, self._separator, self.headings = self._recognised()
        faults = FaultList()
        if not form.columns:
            note_heading_faults(self.headings, form, self.headings.row + 1, faults)
            faults.check(where)
        self._has_rounded, self._is_regular = False, True
        self.passed_over = PassedOver()
        self._check_bytes()
        if not self._is_regular:
            for _ in self._records(PassedOver(), faults, 1000):
                pass
            faults.check(where)

    def chunks(self, size: int) -> Iterator[list[TableRow]]:
        """Yield the records, `size` at a time. `passed_over` counts what is none as far as it was read."""
        self.passed_over = PassedOver(titles=self.headings.first_row)
        faults = FaultList()
        yield from self._rows(self.passed_over, faults, size)
        faults.check(self._where)

    def _recognised(self) -> tuple[int, Separator, Headings]:
        """Return where the table begins, its separator and its headings.

        Raises:
            Rejected: no separator gives the headings.
        """
        self._file.seek(0)
        first_line = self._file.readline(100).strip().decode("utf-8", "replace")
        start, declared = 0, self._form.separator
        if first_line.lower().startswith("sep=") and first_line[4:5] in _SEPARATORS:
            start, declared = self._file.tell(), declared or cast("Separator", first_line[4:5])
        if self._form.columns:
            columns = tuple(self._form.columns)
            return (
                start,
                declared or self._separator_by_width(start),
                Headings(-1, 0, columns, frozenset(columns), columns),
            )
        tried: tuple[Separator, ...] = (declared,) if declared else _SEPARATORS
        candidates: list[tuple[Separator, Headings]] = [
            (separator, headings)
            for separator in tried
            if (headings := find_headings(self._first_rows(start, separator), self._form)) is not None
        ]
        if not candidates:
            names = [alternatives[0] for alternatives in self._form.names] or list(self._form.optional_names)
            raise refused(self._where, "no_headings", names=names, rows=MAX_ROWS_ABOVE)
        separator, headings = max(candidates, key=lambda candidate: len(candidate[1].matched))
        return start, separator, headings

    def _separator_by_width(self, start: int) -> Separator:
        """Return the separator of a table without headings: the one that gives the declared number of columns.

        Raises:
            Rejected: none or several do.
        """
        width = len(self._form.columns)
        fitting: list[Separator] = [
            separator
            for separator in _SEPARATORS
            if (rows := self._first_rows(start, separator)) and all(len(row) == width for row in rows if any(row))
        ]
        if len(fitting) != 1:
            raise refused(self._where, "no_separator", columns=width)
        return fitting[0]

    def _first_rows(self, start: int, separator: Separator) -> list[list[str]]:
        rows = list[list[str]]()
        with self._reader(start, separator) as reader, suppress(csv.Error):  # the check names the line
            rows.extend(islice(reader.rows, MAX_ROWS_ABOVE))
        return rows

    def _reader(self, start: int, separator: Separator) -> "_Reader":
        return _Reader(self._file, start, separator)

    def _rows(self, passed_over: PassedOver, faults: FaultList, size: int) -> Iterator[list[TableRow]]:
        """Yield the records in chunks; what is no record is counted, and faults are noted."""
        filler = FillDown(self.headings.names, self._form.fill_down)
        named = partial(zip, self.headings.names)
        for rows, lines in self._records(passed_over, faults, size):
            filled = map(filler.filled, rows) if filler.indexes else rows
            chunk = list(map(TableRow, map(named, filled)))
            for line, row in zip(lines, chunk, strict=True):
                row.line = line
            yield chunk

    def _records(
        self, passed_over: PassedOver, faults: FaultList, size: int
    ) -> Iterator[tuple[list[list[Any]], Sequence[int]]]:
        """Yield the cells of the records in chunks, with the line at which each begins.

        Rows of another length and unclosed quotes become faults. Most chunks are looked at as a whole.
        """
        records = RecordRows(self.headings, self._form.key_names, passed_over)
        with self._reader(self._start, self._separator) as reader:
            for _ in islice(reader.rows, self.headings.row + 1):
                pass
            length = min(size, _FIRST_ROWS)
            while True:
                rows, lines = reader.take(length, faults)
                length = size
                if not rows:
                    return
                if records.is_inside and self._are_whole(rows) and records.are_plain(rows):
                    yield rows, lines
                    continue
                cells = [
                    (cells, line)
                    for row, line in zip(rows, lines, strict=True)
                    if records.is_record(row) and (cells := self._cells(row, line, faults)) is not None
                ]
                yield [row for row, _ in cells], [line for _, line in cells]

    def _are_whole(self, rows: Sequence[Sequence[str]]) -> bool:
        """Return whether every row has a cell for each column, none beside them, and none that lost digits."""
        if self._has_rounded and any("E+" in "\0".join(row) for row in rows):
            return False
        width = self.headings.width
        if self._is_regular and width > 1:  # an empty line has as many separators as one cell
            return True
        return min(map(len, rows)) >= width and not any(any(row[width:]) for row in rows)

    def _cells(self, row: list[str], line: int, faults: FaultList) -> list[object] | None:
        """Return the cells of a row; None, and a fault, if there are more or fewer than columns."""
        width = self.headings.width
        if len(row) < width or any(row[width:]):
            faults.add("row_length", line=line, count=len(row), width=width)
            return None
        if not self._has_rounded:
            return list(row[:width])
        return [{"rounded": cell} if _ROUNDED.fullmatch(cell) else cell for cell in row[:width]]

    def _check_bytes(self) -> None:
        """See in the bytes whether every row has as many cells as there are columns, and every quote is closed.

        `_is_regular` tells whether that is so; `_has_rounded`, whether a cell may have lost digits.
        """
        self._file.seek(0)
        lines = RegularLines(self._separator.encode(), self.headings.width)
        lines_above = self.headings.row + 1 + (self._start > 0)
        for block in _blocks(self._file):
            below, lines_above = _below(block, lines_above)
            self._has_rounded |= b"+" in block and b"E+" in block  # one sign is found much faster than two
            self._is_regular &= _OTHER_LINE_END.search(block) is None
            self._is_regular &= len(block) <= min(MAX_CELL, csv.field_size_limit())
            self._is_regular = self._is_regular and lines.are_all_of(below)


class _Reader:
    """A CSV reader over a file that stays open, with the line that each row begins at."""

    def __init__(self, file: BinaryIO, start: int, separator: Separator) -> None:
        file.seek(start)
        self._text = TextIOWrapper(file, encoding="utf-8", newline="")
        csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))
        self._reader = csv.reader(self._text, delimiter=separator, strict=True)
        self._lines_before = 1 if start else 0
        self.rows: Iterator[list[str]] = self._reader

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._text.detach()

    @property
    def line(self) -> int:
        """Return the number of lines that were read."""
        return self._lines_before + self._reader.line_num

    def take(self, size: int, faults: FaultList) -> tuple[list[list[str]], Sequence[int]]:
        """Return the next rows, and the line at which each begins.

        An unclosed quote and a cell that is too long become a fault; the rows end there.
        """
        first_line, rows = self.line + 1, list[list[str]]()
        try:
            rows.extend(islice(self.rows, size))
        except csv.Error as error:  # the rows before it were added
            line = _lines_of(rows, first_line)[-1]
            if _FIELD_LIMIT in str(error):
                faults.add("cell_too_long", line=line, limit=csv.field_size_limit())
            else:
                faults.add("quote_unclosed", line=line)
            self.rows = iter(())
        if self.line - first_line + 1 == len(rows):
            return rows, range(first_line, self.line + 1)
        return rows, _lines_of(rows, first_line)[:-1]


def _lines_of(rows: Sequence[list[str]], first_line: int) -> list[int]:
    """Return the line at which each row begins, and the line after the last one."""
    return list(accumulate((1 + _line_ends("\0".join(row)) for row in rows), initial=first_line))


def _below(block: bytes, lines: int) -> tuple[bytes, int]:
    """Return a block without its first `lines` lines, and how many of them are still to come."""
    at = 0
    while lines and at < len(block):
        end = block.find(b"\n", at)
        at, lines = (len(block) if end < 0 else end + 1), lines - 1
    return block[at:], lines


def _line_ends(text: str) -> int:
    return len(_LINE_END.findall(text)) if "\n" in text or "\r" in text else 0


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file in blocks that end at a line outside of quotes, as far as that is not too far."""
    rest = b""
    while block := file.read(_BLOCK_BYTES):
        block = rest + block
        cut = block.rfind(b"\n") + 1
        is_open = b'"' in block and block.count(b'"', 0, cut) % 2
        if not cut or (is_open and len(block) < _MAX_QUOTED_BYTES):
            rest = block
            continue
        rest = block[cut:]
        yield block[:cut]
    if rest:
        yield rest
