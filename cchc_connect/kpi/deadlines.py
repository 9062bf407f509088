"""Whether a dossier is in time at the end of a period: comparisons of whole numbers, in SQL and in Python.

A dossier that ended before the end of the period is judged by its end, one that waits for papers by the request, and
any other by the end of the period. The limit is what held then: requests after the period change nothing of it.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, func, literal, null, or_, select, true

from cchc_connect.database.kpi_tables import kpi_fact, kpi_pause
from cchc_connect.kpi.facts import MOVED
from cchc_connect.kpi.pauses import ROUNDS
from cchc_connect.kpi.windows import ALL_PAUSES, Fact, KpiWindow, Truth, closing_statuses, end_second, ended_column

_f = kpi_fact.c


def _other_pauses(until: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the seconds that payment and stops suspended before an instant, of a dossier that is open."""
    stop = case((kpi_pause.c.stopped < until, kpi_pause.c.stopped), else_=until)
    of_fact = (kpi_pause.c.code == _f.code) & kpi_pause.c.status.in_(ALL_PAUSES[1:]) & (kpi_pause.c.started < until)
    total = select(func.coalesce(func.sum(stop - kpi_pause.c.started), 0)).where(of_fact).correlate(kpi_fact)
    return case((_f.due_kind == MOVED, 0), else_=total.scalar_subquery())


def in_time(window: KpiWindow) -> ColumnElement[bool]:
    """Return whether a dossier is in time, as a condition; null: not known."""
    ended, end = ended_column(window), window.end
    added = _f.added_all if window.counts_all else _f.added_5

    def more(until: Any) -> Any:
        return _other_pauses(until) if window.counts_all else 0

    # Ended in the period and supplied after it: to the end of the period the papers had not come.
    was_outstanding = and_(ended < end, _f.pause_source == ROUNDS, _f.supplied_1 >= end, _f.asked_2.is_(None))
    return case(
        (was_outstanding, ended <= _f.due_0 + added - _f.added_5),
        (ended < end, ended <= _f.due + added),
        (and_(_f.status.in_(closing_statuses(window)), _f.ended.is_(None)), null()),
        (or_(_f.asked_1.is_(None), _f.asked_1 >= end), _f.due_0 + more(_second(end)) >= end),
        (or_(_f.supplied_1.is_(None), _f.supplied_1 >= end), _f.asked_1 <= _f.due_0 + more(_f.asked_1)),
        else_=_f.due_1 + _f.added_1 + more(_second(end)) >= end,
    )


def _second(value: int) -> ColumnElement[Any]:

    return literal(value, BigInteger)


def is_in_time(row: Fact, window: KpiWindow) -> Truth:
    """Return whether a dossier is in time at the end of the period, other pauses than for papers left aside."""
    ended, end, due = end_second(row, window), window.end, _Seconds(row)
    if due.of("due") is None or (row["status"] in closing_statuses(window) and row["ended"] is None):
        return None
    asked_at, supplied_at = due.of("asked_1"), due.of("supplied_1")
    if ended is not None and ended < end:
        added = due.sum("added_all" if window.counts_all else "added_5")
        is_of_rounds = row["pause_source"] == ROUNDS and due.of("asked_2") is None
        if is_of_rounds and supplied_at is not None and supplied_at >= end:
            return ended <= due.sum("due_0") + added - due.sum("added_5")
        return ended <= due.sum("due") + added
    if asked_at is None or asked_at >= end:
        return end <= due.sum("due_0")
    if supplied_at is None or supplied_at >= end:
        return asked_at <= due.sum("due_0")
    return end <= due.sum("due_1", "added_1")


class _Seconds:
    """The seconds of a row."""

    def __init__(self, row: Fact) -> None:
        self._row = row

    def of(self, column: str) -> int | None:
        second: int | None = self._row[column]
        return second

    def sum(self, *columns: str) -> int:
        return sum(self.of(column) or 0 for column in columns)


def as_decree(window: KpiWindow) -> ColumnElement[bool]:
    """Return the same as QĐ 766/QĐ-TTg writes it: what has no due time is in time."""
    lacks_end = and_(_f.status.in_(closing_statuses(window)), _f.ended.is_(None))
    return case((_f.due.is_(None), true()), (lacks_end, _f.due_0 >= window.end), else_=in_time(window))


def is_as_decree(row: Fact, window: KpiWindow) -> Truth:
    """Return the same for one row."""
    if row["due"] is None:
        return True
    if row["status"] in closing_statuses(window) and row["ended"] is None:
        return window.end <= _Seconds(row).sum("due_0")
    return is_in_time(row, window)
