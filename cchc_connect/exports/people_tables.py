"""Records as tables for people: headings, codes, days and times in the reader's language.

A part is columns of its own. A list of parts is one column of readable text in CSV, and a table of its own in XLSX.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, TypeAlias

from pydantic import BaseModel

from cchc_connect.clock import in_vietnam
from cchc_connect.exports.field_types import FieldType, field_types, has_geometry
from cchc_connect.exports.geometry_encoding import well_known_text
from cchc_connect.exports.stored_rows import ExportRow, Selection
from cchc_connect.messages import Language, Wording
from cchc_connect.record_fields import field_heading, field_name, field_value, is_code, record_term
from cchc_schemas import PartialDate

Cell: TypeAlias = str | int | Decimal | date | None
"""Value of a cell; an instant is a `datetime` without offset, in Vietnamese time."""

_COMPLETE_DAY = len("2021-09-27")
_CODES_REMEMBERED = 4096
"""Codes of a field whose names are not looked up again."""


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """One column."""

    heading: str
    value: Callable[[Any], Cell]
    """Returns the cell for the fields of a record or part, JSON-ready."""


@dataclass(frozen=True, kw_only=True)
class PartTable:
    """The table of a list of parts."""

    field: str
    """Name of the list in the record."""
    title: str
    columns: Sequence[TableColumn]


class PeopleTables:
    """The tables of one record type in one language."""

    def __init__(self, selection: Selection, language: Language, *, lists_apart: bool) -> None:
        """Make the columns.

        Args:
            selection: names the record type.
            language: language of headings and names of codes.
            lists_apart: whether a list of parts is a table of its own instead of a column of text.
        """
        self._wording = Wording(language)
        self._model = selection.record_class
        self._provenance = selection.provenance
        self._located = has_geometry(self._model)
        lists = [field for field in field_types(self._model) if field.is_list and field.part and lists_apart]
        self._columns = list(self._field_columns(self._model, "", {field.name for field in lists}))
        self.part_tables = [self._part_table(field) for field in lists]

    @property
    def headings(self) -> list[str]:
        """Headings of the main table."""
        paths = ("geometry", "geometry.crs") if self._located else ()
        fields = [column.heading for column in self._columns]
        geometry = [self._heading("", self._model, path) for path in paths]
        return [self._term("record_key"), *fields, *geometry, *map(self._term, self._provenance)]

    @property
    def title(self) -> str:
        """Name of the main table."""
        return record_term(self._model, self._wording)

    def part_headings(self, table: PartTable) -> list[str]:
        """Return the headings of the table of a list."""
        return [self._term("record_key"), self._term("number"), *(column.heading for column in table.columns)]

    def row(self, row: ExportRow) -> list[Cell]:
        """Return the cells of a record in the main table."""
        geometry: Sequence[Cell] = ()
        if self._located:
            geometry = (None if row.geometry is None else well_known_text(row.geometry), row.crs)
        provenance = (_instant(value) if name in _INSTANTS else value for name, value in row.provenance.items())
        return [row.key, *(column.value(row.fields) for column in self._columns), *geometry, *provenance]

    def part_rows(self, table: PartTable, row: ExportRow) -> Iterator[list[Cell]]:
        """Yield the cells of each part in one list of a record."""
        for number, part in enumerate(row.fields.get(table.field) or (), start=1):
            yield [row.key, number, *(column.value(part) for column in table.columns)]

    def _term(self, name: str) -> str:
        return self._wording.term("export_heading", name)

    def _part_table(self, field: FieldType) -> PartTable:
        part, title = field.part, field_name(self._model, field.name, self._wording)
        columns = () if part is None else tuple(self._field_columns(part, "", set()))
        return PartTable(field=field.name, title=title, columns=columns)

    def _field_columns(self, model: type[BaseModel], prefix: str, without: set[str]) -> Iterator[TableColumn]:
        for field in field_types(model):
            if field.name in without:
                continue
            if field.part is not None and not field.is_list:
                for column in self._field_columns(field.part, f"{prefix}{field.name}.", set()):
                    yield _inside(field.name, column)
                continue
            heading = self._heading(prefix, model, field.name)
            yield TableColumn(heading=heading, value=_of_field(field.name, self._cell_reader(model, field)))

    def _heading(self, prefix: str, model: type[BaseModel], name: str) -> str:
        if self._wording.language is not Language.VIETNAMESE:
            return f"{prefix}{name}"
        return field_heading(self._model if prefix else model, f"{prefix}{name}", self._wording)

    def _cell_reader(self, model: type[BaseModel], field: FieldType) -> Callable[[Any], Cell]:
        """Return the function from a JSON-ready value that is not None to its cell."""
        name, wording = field.name, self._wording

        def text(value: Any) -> str | None:
            return field_value(model, name, value, wording) if value != [] else None

        if field.is_list:
            return text
        kind = field.kind
        if issubclass(kind, Enum | bool) or is_code(model, name):
            return lru_cache(_CODES_REMEMBERED)(text)
        if kind is PartialDate:
            return lambda value: date.fromisoformat(value) if len(value) == _COMPLETE_DAY else text(value)
        return _READERS.get(kind, _same)


_INSTANTS = frozenset({"source_time", "changed_at"})


def cell_text(cell: Cell, language: Language) -> str | int | Decimal | None:
    """Return a cell as CSV holds it: days and instants in the form of the language."""
    if not isinstance(cell, date):
        return Decimal(f"{cell:f}") if isinstance(cell, Decimal) else cell  # never as 1E+3
    day = "%d/%m/%Y" if language is Language.VIETNAMESE else "%Y-%m-%d"
    return cell.strftime(f"{day} %H:%M:%S" if isinstance(cell, datetime) else day)


def _inside(name: str, column: TableColumn) -> TableColumn:
    return TableColumn(heading=column.heading, value=_of_field(name, column.value))


def _of_field(name: str, reader: Callable[[Any], Cell]) -> Callable[[Mapping[str, Any]], Cell]:
    def value(part: Mapping[str, Any]) -> Cell:
        stored = part.get(name)
        return None if stored is None else reader(stored)

    return value


def _instant(stored: str | None) -> datetime | None:
    """Return an instant in Vietnamese time, without offset: spreadsheets know none."""
    if stored is None:
        return None
    return in_vietnam(datetime.fromisoformat(stored)).replace(tzinfo=None)


def _same(value: Any) -> Cell:
    return value if isinstance(value, str | int) else str(value)


_READERS: Mapping[type[Any], Callable[[Any], Cell]] = {Decimal: Decimal, datetime: _instant}
