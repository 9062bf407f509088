"""How much of the dossiers is known, and whether what was open, came and ended adds up to what is open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, true

from cchc_connect.database.kpi_tables import kpi_fact
from cchc_connect.kpi.predicates import PREDICATES
from cchc_connect.kpi.report import Stock
from cchc_connect.kpi.windows import KpiWindow

_f = kpi_fact.c


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeCoverage:
    """What the dossiers received or ended in a period say of their times."""

    dossiers: int
    contradictory: int
    """With instants in an order that cannot be."""
    due_kinds: Mapping[str, int]
    """Where due times come from -> dossiers."""
    pause_sources: Mapping[str, int]
    """By what pauses are known -> dossiers."""


def coverage_of(rows: Connection, start: int, end: int, agencies: frozenset[str] | None) -> TimeCoverage:
    """Return what the dossiers of agencies say; None: of everybody."""
    condition = PREDICATES["received_or_ended_in_period"].sql(KpiWindow(start=start, end=end))
    query = select(_f.due_kind, _f.pause_source, func.count(), func.sum(_f.contradictory))
    grouped = query.where(condition, _of(agencies)).group_by(_f.due_kind, _f.pause_source)
    due_kinds, pause_sources, dossiers, contradictory = dict[str, int](), dict[str, int](), 0, 0
    for kind, source, number, doubtful in rows.execute(grouped):
        due_kinds[kind] = due_kinds.get(kind, 0) + number
        pause_sources[source] = pause_sources.get(source, 0) + number
        dossiers, contradictory = dossiers + number, contradictory + int(doubtful)
    in_order = {key: due_kinds[key] for key in sorted(due_kinds)}
    sources = {key: pause_sources[key] for key in sorted(pause_sources)}
    return TimeCoverage(dossiers=dossiers, contradictory=contradictory, due_kinds=in_order, pause_sources=sources)


def stock_of(rows: Connection, start: int, end: int, agencies: frozenset[str] | None) -> Stock:
    """Return the check of the stock of agencies' received dossiers; None: of everybody's."""
    open_at_start, open_at_end = (or_(_f.ended.is_(None), _f.ended >= second) for second in (start, end))
    conditions = (
        and_(_f.received < start, open_at_start),
        and_(_f.received >= start, _f.received < end),
        and_(_f.received < end, _f.ended >= start, _f.ended < end),
        and_(_f.received < end, open_at_end),
    )
    query = select(*(_count(condition) for condition in conditions)).where(_of(agencies))
    counts = [int(count) for count in rows.execute(query).one()]
    return Stock(opening=counts[0], received=counts[1], ended=counts[2], open=counts[3])


def _of(agencies: frozenset[str] | None) -> ColumnElement[bool]:
    return true() if agencies is None else _f.agency.in_(sorted(agencies))


def _count(condition: ColumnElement[bool]) -> Any:
    return func.count(case((condition, 1)))
