"""Terms of procedures and time on working days, by the table of holidays."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from itertools import accumulate

from cchc_connect.kpi.instants import BEYOND_S, DAY_S, EARLIEST_S, FIRST_YEAR, OFFSET_S, day_of_second, seconds_of_day
from cchc_schemas.working_days import DayKind, WorkingCalendar

HOUR, DAY, WORKING_DAY, MONTH = "hour", "day", "working_day", "month"
"""Units of terms."""

UNIT_WORDS: Mapping[str, str] = {
    "giờ": HOUR,
    "giờ làm việc": HOUR,
    "ngày": DAY,
    "ngày lịch": DAY,
    "ngày làm việc": WORKING_DAY,
    "tháng": MONTH,
}
"""What sources write for a unit (đơn vị tính), in small letters. Source: LayThuTuc as observed, 2020-2025."""

_FIRST_DAY = date(FIRST_YEAR, 1, 1)
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Term:
    """A term (thời gian giải quyết) of one way to submit."""

    channel: int
    unit: str
    amount: Decimal


class WorkingTime:
    """Counts working days; one object for one table of holidays."""

    def __init__(self, days: Mapping[date, DayKind]) -> None:
        """Take the days that are otherwise than their day of the week says."""
        self._calendar = WorkingCalendar(days)
        self.after = self._calendar.after

    @cached_property
    def _worked(self) -> Sequence[int]:
        """How many working days came before each day of the calendar, from the first year on."""
        length = (BEYOND_S - EARLIEST_S) // DAY_S
        days = (_FIRST_DAY + timedelta(days=number) for number in range(length))
        return [0, *accumulate(int(self._calendar.is_working_day(day)) for day in days)]

    def worked_before(self, second: int) -> int:
        """Return how many seconds of working days lie between the first year and a second."""
        day, of_day = divmod(second + OFFSET_S, DAY_S)
        number = day - (EARLIEST_S + OFFSET_S) // DAY_S
        is_working = self._worked[number + 1] - self._worked[number]
        return self._worked[number] * DAY_S + is_working * of_day

    def limit(self, start: int, term: Term) -> int:
        """Return the second at which a term ends that began at `start`; the time of the day stays."""
        if term.unit == HOUR:
            return start + int(term.amount * 3600)
        if term.unit == DAY:
            return start + int(term.amount * DAY_S)
        day, of_day = day_of_second(start), (start + OFFSET_S) % DAY_S
        number = int(term.amount.to_integral_value(ROUND_CEILING))
        last = self.after(day, number) if term.unit == WORKING_DAY else _months_after(day, number)
        return seconds_of_day(last) + of_day


def _months_after(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of a month that has no such day."""
    years, month = divmod(day.month - 1 + months, _MONTHS)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))
