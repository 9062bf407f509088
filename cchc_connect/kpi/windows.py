"""The period that is asked about, answers of three values, and when a dossier ended by the pauses that count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, case, null

from cchc_connect.database.kpi_tables import kpi_fact
from cchc_connect.kpi.ends import CLOSING, STOPPED

Truth: TypeAlias = bool | None
Fact: TypeAlias = Mapping[str, Any]
"""A row by column name."""

ALL_PAUSES = (5, 6, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiWindow:
    """What is asked about: the seconds from `start` on and before `end`, and which pauses count."""

    start: int
    end: int
    pauses: tuple[int, ...] = (5,)

    @property
    def counts_all(self) -> bool:
        """Whether payment and stops suspend the time too; then a stop is no end."""
        return self.pauses == ALL_PAUSES


def either(*answers: Truth) -> Truth:
    """Return whether one holds: true as soon as one is true, else unknown as soon as one is unknown."""
    return True if True in answers else None if None in answers else False


_f = kpi_fact.c


def ended_column(window: KpiWindow) -> ColumnElement[Any]:
    """Return when a dossier ended, by pauses in which a stop may be no end."""
    return case((_f.status != STOPPED, _f.ended), else_=null()) if window.counts_all else _f.ended


def end_second(row: Fact, window: KpiWindow) -> int | None:
    """Return the same for one row."""
    return None if window.counts_all and row["status"] == STOPPED else row["ended"]


def closing_statuses(window: KpiWindow) -> Sequence[int]:
    """Return the statuses in which a dossier ends."""
    return sorted(CLOSING - {STOPPED} if window.counts_all else CLOSING)
