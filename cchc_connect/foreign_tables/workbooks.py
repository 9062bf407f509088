"""Reads XLSX from outside: every visible sheet with the headings, hidden rows with the others.

Before openpyxl reads a workbook, each part is unpacked within limits, and checked (`spreadsheets.xlsx`). Its records
are kept while they are checked: to parse a sheet once more takes a hundred times as long.
"""

import pickle
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import IO, Any, BinaryIO, TypeAlias

from openpyxl import load_workbook
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

from cchc_connect.foreign_tables.form_rows import FillDown, RecordRows
from cchc_connect.foreign_tables.forms import FaultList, PassedOver, TableForm, TableRow
from cchc_connect.foreign_tables.headings import (
    MAX_ROWS_ABOVE,
    Headings,
    find_headings,
    note_heading_faults,
    plain_name,
)
from cchc_connect.foreign_tables.workbook_cells import SheetCells
from cchc_connect.messages import Message
from cchc_connect.spreadsheets.xlsx import check_parts, run_step

_KEPT_ROWS = 1000
"""Records that are kept together."""
_Record: TypeAlias = tuple[int, list[object]]
"""Number of a row in its sheet, and its cells."""


class _Workbook:
    """What the cells of a workbook need: texts, formats, the first day of its calendar."""

    def __init__(self, file: BinaryIO) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of what it leaves out: styles, extensions
            workbook: Any = run_step(partial(load_workbook, file, read_only=True, data_only=True))
        self._archive = workbook._archive  # noqa: SLF001  # openpyxl gives hidden rows to nobody who reads by rows
        self.sheets: Sequence[Any] = [sheet for sheet in workbook.worksheets if hasattr(sheet, "_worksheet_path")]
        self.epoch = workbook.epoch
        self.date_formats = workbook._date_formats  # noqa: SLF001  # the same
        self.timedelta_formats = workbook._timedelta_formats  # noqa: SLF001  # the same
        self.shared_texts: Sequence[str] = self.sheets[0]._shared_strings if self.sheets else ()  # noqa: SLF001  # the same
        own_formats, styles = workbook._number_formats, workbook._cell_styles  # noqa: SLF001  # the same
        self.percent_styles = frozenset(
            number for number, style in enumerate(styles) if "%" in _number_format(style.numFmtId, own_formats)
        )

    def open(self, sheet: Any) -> BinaryIO:
        """Open the XML of a sheet."""
        stream: BinaryIO = self._archive.open(sheet._worksheet_path)  # noqa: SLF001  # the same
        return stream


class WorkbookTable:
    """One workbook, checked."""

    def __init__(self, file: BinaryIO, records_file: IO[bytes], form: TableForm, where: Message) -> None:
        """Find the sheets and their headings, and check every row.

        Args:
            file: the workbook, seekable.
            records_file: an empty file of this process alone, in which the records are kept.
            form: what is declared of it.
            where: the file, for messages.

        Raises:
            Rejected: it is damaged, or no such table; the error names every fault.
        """
        check_parts(file, "")
        file.seek(0)
        self._workbook = _Workbook(file)
        self._form = form
        self._records_file = records_file
        self.passed_over = PassedOver()
        self._sheets = list[tuple[Any, Headings]]()
        faults = FaultList()
        for sheet in self._wanted_sheets(faults):
            headings = self._headings(sheet)
            if headings is None:
                self.passed_over.other_sheets += 1
                continue
            note_heading_faults(headings, form, self._line(sheet, headings), faults, sheet.title)
            self._sheets.append((sheet, headings))
        if not self._sheets and not faults.number:
            names = [alternatives[0] for alternatives in form.names] or list(form.optional_names)
            faults.add("no_headings", names=names, rows=MAX_ROWS_ABOVE)
        faults.check(where)
        self.headings = self._sheets[0][1]
        for sheet, headings in self._sheets:
            records = self._records(sheet, headings, faults)
            while page := list(islice(records, _KEPT_ROWS)):
                pickle.dump(page, records_file, pickle.HIGHEST_PROTOCOL)
            pickle.dump([], records_file)
        faults.check(where)

    def chunks(self, size: int) -> Iterator[list[TableRow]]:
        """Yield the records of all sheets, `size` at a time."""
        self._records_file.seek(0)
        for _, headings in self._sheets:
            records = chain.from_iterable(iter(partial(pickle.load, self._records_file), []))
            rows = (TableRow(zip(headings.names, cells, strict=True)).at(number) for number, cells in records)
            while chunk := list(islice(rows, size)):
                yield chunk

    def _wanted_sheets(self, faults: FaultList) -> Iterator[Any]:
        """Yield the named sheets; where none are named, the visible ones."""
        by_name = {plain_name(sheet.title): sheet for sheet in self._workbook.sheets}
        for name in self._form.sheets:
            if plain_name(name) in by_name:
                yield by_name[plain_name(name)]
            else:
                titles = [sheet.title for sheet in self._workbook.sheets]
                faults.add("no_sheet", name=name, names=titles)
        if not self._form.sheets:
            for sheet in self._workbook.sheets:
                if sheet.sheet_state == "visible":
                    yield sheet
                else:
                    self.passed_over.hidden_sheets += 1

    def _headings(self, sheet: Any) -> Headings | None:
        if self._form.columns:
            names = tuple(self._form.columns)
            return Headings(-1, 0, names, frozenset(names), names)
        rows = [cells for _, cells, _ in islice(self._rows(sheet), MAX_ROWS_ABOVE)]
        return find_headings(rows, self._form)

    def _line(self, sheet: Any, headings: Headings) -> int:
        numbers = [number for number, _, _ in islice(self._rows(sheet), headings.row + 1)]
        return numbers[-1] if numbers else 1

    def _rows(self, sheet: Any) -> Iterator[tuple[int, list[object], bool]]:
        with self._workbook.open(sheet) as source:
            rows = SheetCells(source, self._workbook, self._form.decimal_sign).rows()
            while (row := run_step(partial(next, rows, None))) is not None:
                yield row

    def _records(self, sheet: Any, headings: Headings, faults: FaultList) -> Iterator[_Record]:
        """Yield the records of one sheet; a row with cells beyond the headings becomes a fault."""
        records = RecordRows(headings, self._form.key_names, self.passed_over)
        self.passed_over.titles += headings.first_row
        width = headings.width
        filler = FillDown(headings.names, self._form.fill_down)
        for number, row, is_hidden in islice(self._rows(sheet), headings.row + 1, None):
            cells = [*row, *[None] * (width - len(row))]
            if not records.is_record(cells):
                continue
            if any(cell is not None and cell != "" for cell in cells[width:]):
                faults.add("cells_beyond", line=number, sheet=sheet.title, width=width)
                continue
            self.passed_over.hidden_rows += is_hidden
            yield number, filler.filled(cells[:width])


def _number_format(number: int, own_formats: Sequence[str]) -> str:
    if number >= BUILTIN_FORMATS_MAX_SIZE:
        at = number - BUILTIN_FORMATS_MAX_SIZE
        return own_formats[at] if at < len(own_formats) else ""
    return BUILTIN_FORMATS.get(number, "")
