"""Code lists (danh mục): the meaning of each code, its source, and when it was in force."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from cchc_schemas.package_tables import package_table

CODE_LISTS = (
    "channels",
    "dossier_status",
    "fee_collection",
    "fee_kinds",
    "land_change_codes",
    "land_use_codes",
    "paper_reuse",
    "payment_status",
    "permit_kinds",
    "permit_steps",
    "service_levels",
    "submission_places",
    "tax_payment_status",
    "works_status",
)
"""The code lists of this package, by name."""


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """One row of a code list."""

    code: str
    columns: Mapping[str, str]
    """Every column of the row as text; the Vietnamese name is under "vi" or "name_vi"."""
    effective_from: date | None
    """First day in force; None if unknown or unlimited."""
    effective_to: date | None
    """Last day in force; None if unknown or still in force."""

    def in_force(self, on: date) -> bool:
        """True if the code was in force on the day `on`; an unknown date does not exclude it."""
        has_begun = self.effective_from is None or self.effective_from <= on
        return has_begun and (self.effective_to is None or on <= self.effective_to)


class CodeUnknown(LookupError):
    """A code list has no such code, or had none on that day."""

    def __init__(self, list_name: str, code: str, on: date | None) -> None:
        super().__init__(list_name, code, on)
        self.list_name = list_name
        self.code = code
        self.on = on

    def __str__(self) -> str:
        return f"{self.list_name} has no code {self.code!r}" + (f" on {self.on}" if self.on else "")


@dataclass(frozen=True, slots=True)
class CodeList:
    """A code list: its source and its entries by code; a code may have had several meanings."""

    name: str
    source: str
    entries: Mapping[str, tuple[CodeEntry, ...]]

    def __contains__(self, code: object) -> bool:
        return code in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def entry(self, code: str, on: date | None = None) -> CodeEntry:
        """Return the entry of `code` in force on the day `on`; without a day, the newest entry.

        Raises:
            CodeUnknown: the list has no such code, or had none on that day.
        """
        for entry in reversed(self.entries.get(code, ())):
            if on is None or entry.in_force(on):
                return entry
        raise CodeUnknown(self.name, code, on)


@cache
def code_list(name: str) -> CodeList:
    """Return one of `CODE_LISTS`.

    >>> code_list("dossier_status").entry("5").columns["vi"]
    'Yêu cầu bổ sung giấy tờ'
    """
    table = package_table(name)
    entries: dict[str, tuple[CodeEntry, ...]] = {}
    for row in table.rows:
        entry = CodeEntry(row["code"], row, _day(row.get("effective_from")), _day(row.get("effective_to")))
        entries[entry.code] = tuple(sorted((*entries.get(entry.code, ()), entry), key=_first_day))
    return CodeList(name, table.source, entries)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _first_day(entry: CodeEntry) -> date:
    return entry.effective_from or date.min
