"""Legal acts (văn bản) with the days on which they are in force, and purposes of sharing (mục đích).

A legal reference is versioned data and no prose: an act lapses under a system that cites it, and something replaces
it. An empty cell of the tables was not verified; it excludes nothing. An agency adds or corrects rows by a table of
its own with the same columns.

>>> legal_acts()["nd-47-2020"].in_force(date(2025, 10, 21)), legal_acts()["nd-47-2020"].in_force(date(2025, 10, 22))
(True, False)
>>> [act.number for act in replacements(legal_acts(), "nd-175-2024")]
['217/2026/NĐ-CP']
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

from cchc_schemas.package_tables import package_table
from cchc_schemas.written_tables import day_of, written_rows

ACT_COLUMNS = ("id", "number", "issued_on", "in_force_from", "in_force_to", "replaced_by", "title", "source")
PURPOSE_COLUMNS = ("code", "vi", "en")


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
    return {row["id"]: _act(row) for row in written_rows(text, ACT_COLUMNS, required=("id", "number"))}


def read_purposes(text: str) -> Mapping[str, Purpose]:
    """Return the purposes of a table with the columns `PURPOSE_COLUMNS`. Raises as `read_acts` does."""
    rows = written_rows(text, PURPOSE_COLUMNS, required=PURPOSE_COLUMNS)
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
        issued_on=day_of(row["issued_on"]),
        in_force_from=day_of(row["in_force_from"]),
        in_force_to=day_of(row["in_force_to"]),
        replaced_by=tuple(row["replaced_by"].split()),
        title=row["title"],
        source=row["source"],
    )
