"""Periods (thời hạn) within which an agency answers a request to correct its data, by the act that sets them.

A number of days is versioned data and no code. An empty cell was not found in the act: whoever asks names the day. An
agency adds or corrects rows by a table of its own with the same columns.

>>> from cchc_schemas.working_days import holidays
>>> correction_periods()["personal_data_answer"].due_on(date(2026, 2, 13), WorkingCalendar(holidays()))
datetime.date(2026, 2, 24)
>>> correction_periods()["construction_data"].days is None
True
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from cchc_schemas.package_tables import package_table
from cchc_schemas.working_days import WorkingCalendar
from cchc_schemas.written_tables import RowFault, TableInvalid, WrittenRow, numbered_rows

PERIOD_COLUMNS = ("id", "days", "unit", "act", "article", "verified", "vi", "en", "source")

_DAYS = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


class DayUnit(StrEnum):
    """How the days of a period are counted."""

    WORKING = "working"
    """Working days (ngày làm việc)."""
    CALENDAR = "calendar"
    """Every day (ngày); a period that ends on a day off ends on the next working day."""


_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"unit": frozenset(DayUnit), "verified": frozenset({"yes", "no"})}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionPeriod:
    """The period of one kind of request."""

    id: str
    """Short name of the kind: "personal_data_answer"."""
    days: int | None = None
    """None if the act was not found to name a number."""
    unit: DayUnit = DayUnit.WORKING
    act: str | None = None
    """Id of the act, as `legal_acts` has it; None if no act sets the period."""
    article: str | None = None
    """Article and clause (điều, khoản); None if they were not verified."""
    is_verified: bool = False
    """Whether the number of days was read in the act itself."""
    vi: str = ""
    en: str = ""
    source: str = ""
    """Where the row was read."""

    def due_on(self, begun: date, calendar: WorkingCalendar) -> date | None:
        """Return the last day of the period, which begins on the day after `begun`; None without a number of days."""
        if self.days is None:
            return None
        if self.unit is DayUnit.WORKING:
            return calendar.after(begun, self.days)
        return calendar.not_before(begun + timedelta(days=self.days))


@cache
def correction_periods() -> Mapping[str, CorrectionPeriod]:
    """Return the periods of this package by id."""
    return MappingProxyType({row["id"]: _period(row) for row in package_table("correction_periods").rows})


def read_periods(text: str) -> Mapping[str, CorrectionPeriod]:
    """Return the periods of a table with the columns `PERIOD_COLUMNS`; lines that begin with "#" are comments.

    Raises:
        TableInvalid: it has faults; the error contains all of them.
    """
    rows = numbered_rows(text, PERIOD_COLUMNS, required=("id",))
    faults = [fault for row in rows for fault in _faults(row)]
    if faults:
        raise TableInvalid(faults)
    return {row.cells["id"]: _period(row.cells) for row in rows}


def _faults(row: WrittenRow) -> Iterator[RowFault]:
    days = row.cells["days"]
    if days and not _DAYS.fullmatch(days):
        yield RowFault(row.line, "days", "number", days)
    for column, words in _WORDS.items():
        if row.cells[column] and row.cells[column] not in words:
            yield RowFault(row.line, column, "choice", row.cells[column])


def _period(row: Mapping[str, str]) -> CorrectionPeriod:
    return CorrectionPeriod(
        id=row["id"],
        days=int(row["days"]) if row["days"] else None,
        unit=DayUnit(row["unit"] or DayUnit.WORKING),
        act=row["act"] or None,
        article=row["article"] or None,
        is_verified=row["verified"] == "yes",
        vi=row["vi"],
        en=row["en"],
        source=row["source"],
    )
