"""Working days (ngày làm việc): Monday to Friday without holidays, and the days that make up for some of them.

The holidays of this package reach as far as its table; later days are told by the day of the week alone. An
installation adds or corrects days by a table of its own with the same columns, each year by the notice of its province.

>>> calendar = WorkingCalendar(holidays())
>>> calendar.after(date(2026, 2, 13), 2)  # the days of Tết do not count
datetime.date(2026, 2, 24)
>>> calendar.not_before(date(2026, 9, 2))
datetime.date(2026, 9, 3)
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from cchc_schemas.package_tables import package_table
from cchc_schemas.written_tables import RowFault, TableInvalid, WrittenRow, numbered_rows

HOLIDAY_COLUMNS = ("day", "kind", "name")

_SATURDAY = 5
_DAY = timedelta(days=1)


class DayKind(StrEnum):
    """What a table says of one day."""

    OFF = "off"
    """A holiday (ngày nghỉ lễ), or a day off instead of another."""
    WORKING = "working"
    """A day at the weekend on which work is made up for (ngày làm việc bù)."""


@cache
def holidays() -> Mapping[date, DayKind]:
    """Return the days of this package that are otherwise than their day of the week says."""
    return _days(package_table("holidays").rows)


def read_holidays(text: str) -> Mapping[date, DayKind]:
    """Return the days of a table with the columns `HOLIDAY_COLUMNS`.

    Raises:
        TableInvalid: it has faults; the error contains all of them.
    """
    rows = numbered_rows(text, HOLIDAY_COLUMNS, required=("day", "kind"))
    faults = [fault for row in rows for fault in _faults(row)]
    if faults:
        raise TableInvalid(faults)
    return _days([row.cells for row in rows])


class WorkingCalendar:
    """Which days are working days, by the days that are otherwise than their day of the week says."""

    def __init__(self, days: Mapping[date, DayKind]) -> None:
        """Take the holidays and the days that make up for some of them."""
        self._days = days

    def is_working_day(self, day: date) -> bool:
        """True if offices work on a day."""
        kind = self._days.get(day)
        return day.weekday() < _SATURDAY if kind is None else kind is DayKind.WORKING

    def after(self, day: date, number: int) -> date:
        """Return the last of a number of working days that begin on the day after `day`."""
        while number > 0:
            day += _DAY
            number -= self.is_working_day(day)
        return day

    def not_before(self, day: date) -> date:
        """Return a day if it is a working day, else the next one: a term that ends on a holiday ends then.

        Source: Bộ luật Dân sự 91/2015/QH13, Điều 148.5.
        """
        while not self.is_working_day(day):
            day += _DAY
        return day


def _days(rows: Sequence[Mapping[str, str]]) -> Mapping[date, DayKind]:
    return MappingProxyType({date.fromisoformat(row["day"]): DayKind(row["kind"]) for row in rows})


def _faults(row: WrittenRow) -> Iterator[RowFault]:
    day, kind = row.cells["day"], row.cells["kind"]
    try:
        date.fromisoformat(day)
    except ValueError:
        yield RowFault(row.line, "day", "day", day)
    if kind not in set(DayKind):
        yield RowFault(row.line, "kind", "choice", kind)
