"""Legal acts (văn bản) with the days on which they are in force, and purposes of sharing (mục đích).

A legal reference is versioned data and no prose: an act lapses under a system that cites it, and something replaces
it. An empty cell of the tables was not verified; it excludes nothing. An agency adds or corrects rows by a table of
its own with the same columns.

>>> legal_acts()["nd-47-2020"].in_force(date(2025, 10, 21)), legal_acts()["nd-47-2020"].in_force(date(2025, 10, 22))
(True, False)
>>> [act.number for act in replacements(legal_acts(), "nd-175-2024")]
['217/2026/NĐ-CP']
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

from cchc_schemas.package_tables import package_table

ACT_COLUMNS = ("id", "number", "issued_on", "in_force_from", "in_force_to", "replaced_by", "title", "source")
PURPOSE_COLUMNS = ("code", "vi", "en")

IDENTIFIER = r"[a-z0-9][a-z0-9_-]{0,62}"
"""Pattern of the name of an act, a purpose, an agreement or a grant."""
_DAYS = ("issued_on", "in_force_from", "in_force_to")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalAct:
    """One legal act (văn bản quy phạm pháp luật, quyết định)."""

    id: str
    """Short name by which agreements cite it: "nd-278-2025"."""
    number: str
    """Number as printed (số, ký hiệu)."""
    issued_on: date | None = None
    """Day of issue (ngày ban hành); None if it was not verified."""
    in_force_from: date | None = None
    """First day in force (ngày có hiệu lực); None if it was not verified."""
    in_force_to: date | None = None
    """Last day in force (ngày hết hiệu lực), which still counts; None if it is in force or that was not verified."""
    replaced_by: tuple[str, ...] = ()
    """Names of the acts that replaced it (văn bản thay thế)."""
    title: str = ""
    """Title in Vietnamese (trích yếu); empty if it was not verified."""
    source: str = ""
    """Where the row was read."""

    def in_force(self, on: date) -> bool:
        """True if the act is in force on the day `on`; a day that was not verified does not exclude it."""
        has_begun = self.in_force_from is None or self.in_force_from <= on
        return has_begun and (self.in_force_to is None or on <= self.in_force_to)


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose of sharing (mục đích khai thác)."""

    code: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row of a table of acts or purposes."""

    line: int
    """Line of the file, counted from 1."""
    column: str
    rule: str
    """`columns`, `quotes`, `identifier`, `twice`, `missing`, `day` or `days_out_of_order`."""
    value: str


class TableInvalid(ValueError):
    """A table of acts or purposes has faults; none of its rows is used."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)


@cache
def legal_acts() -> Mapping[str, LegalAct]:
    """Return the legal acts of this package by id."""
    return MappingProxyType({row["id"]: _act(row) for row in package_table("legal_acts").rows})


@cache
def purposes() -> Mapping[str, Purpose]:
    """Return the purposes of this package by code."""
    rows = package_table("purposes").rows
    return MappingProxyType({row["code"]: Purpose(row["code"], row["vi"], row["en"]) for row in rows})


def read_acts(text: str) -> Mapping[str, LegalAct]:
    """Return the acts of a table with the columns `ACT_COLUMNS`; lines that begin with "#" are comments.

    Each row is a line: a quotation mark that is not closed in its line is a fault, and takes no row below with it.

    Raises:
        TableInvalid: it has faults; the error contains all of them.
    """
    return {row["id"]: _act(row) for row in _rows(text, ACT_COLUMNS, required=("id", "number"))}


def read_purposes(text: str) -> Mapping[str, Purpose]:
    """Return the purposes of a table with the columns `PURPOSE_COLUMNS`. Raises as `read_acts` does."""
    rows = _rows(text, PURPOSE_COLUMNS, required=PURPOSE_COLUMNS)
    return {row["code"]: Purpose(row["code"], row["vi"], row["en"]) for row in rows}


def replacements(acts: Mapping[str, LegalAct], act: str) -> Sequence[LegalAct]:
    """Return what replaced an act, and what replaced that, in this order; empty if nothing is known to."""
    found_acts = dict[str, LegalAct]()
    waiting = list(acts[act].replaced_by) if act in acts else []
    while waiting:
        name = waiting.pop(0)
        if name in acts and name not in found_acts and name != act:
            found_acts[name] = acts[name]
            waiting.extend(acts[name].replaced_by)
    return tuple(found_acts.values())


def _act(row: Mapping[str, str]) -> LegalAct:
    return LegalAct(
        id=row["id"],
        number=row["number"],
        issued_on=_day(row["issued_on"]),
        in_force_from=_day(row["in_force_from"]),
        in_force_to=_day(row["in_force_to"]),
        replaced_by=tuple(row["replaced_by"].split()),
        title=row["title"],
        source=row["source"],
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _rows(text: str, columns: Sequence[str], *, required: Sequence[str]) -> Sequence[Mapping[str, str]]:
    numbered = [
        (number, line)
        for number, line in enumerate(unicodedata.normalize("NFC", text.removeprefix("\ufeff")).splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    first_line, heading = numbered[0] if numbered else (1, "")
    if [name.strip() for name in _cells(heading) or ()] != list(columns):
        raise TableInvalid([RowFault(first_line, "", "columns", ",".join(columns))])
    faults, rows = list[RowFault](), dict[str, Mapping[str, str]]()
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
        rows.setdefault(row[columns[0]], row)
    if faults:
        raise TableInvalid(faults)
    return tuple(rows.values())


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
            day = _day(row.get(column, ""))
        except ValueError:
            yield RowFault(line, column, "day", row[column])
        else:
            days |= {} if day is None else {column: day}
    if "in_force_from" in days and "in_force_to" in days and days["in_force_to"] < days["in_force_from"]:
        yield RowFault(line, "in_force_to", "days_out_of_order", row["in_force_to"])
