"""The cases behind a figure: codes of what is in the numerator, of what is not, and of what is unknown, in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, select, true

from cchc_connect.database.names import require_known
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake
from cchc_connect.kpi.agencies import Nodes
from cchc_connect.kpi.as_of import rows_at
from cchc_connect.kpi.counting import carried_out, condition_of_all, procedure_states, state_of
from cchc_connect.kpi.indicator_sets import Formula, Grain, Indicator, indicator_set
from cchc_connect.kpi.instants import seconds_of_day
from cchc_connect.kpi.windows import KpiWindow
from cchc_schemas.working_days import DayKind


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiCases:
    """Codes of the cases of one figure, each list in order."""

    indicator: str
    agency: str | None
    as_of: int
    numerator: tuple[str, ...]
    complement: tuple[str, ...]
    """In the denominator and not in the numerator."""
    unknown: tuple[str, ...]


def cases(  # noqa: PLR0913  # which figure of which set, for whom and when
    database: SharedDatabase,
    set_id: str,
    indicator: str,
    *,
    start: date,
    end: date,
    agency: str | None = None,
    as_of: int | None = None,
    days: Mapping[date, DayKind] | None = None,
) -> KpiCases:
    """Return the cases of a figure; of dossiers, procedures, feedback or ratings, by what the indicator counts.

    A figure that takes off late and complained dossiers has neither in its numerator here.

    Raises:
        UsageMistake: there is no such set, indicator or agency, or no record counts for the indicator.
        NotFound: versions that held at that sequence were purged.
    """
    chosen = indicator_set(set_id).indicator(indicator)
    _require_counted(chosen, start, end)
    with rows_at(database, as_of, days) as at:
        nodes = Nodes(at.rows, at.today)
        members = None
        if agency is not None:
            agency = nodes.code(agency)
            require_known("kpi.agency_unknown", agency, _agencies(at.rows, chosen, nodes))
            members = nodes.members(agency, as_now=False)
        period = seconds_of_day(start), seconds_of_day(end)
        lists = (_of_procedures if chosen.grain is Grain.PROCEDURE else _of_rows)(at.rows, chosen, period, members)
        numerator, complement, unknown = (tuple(sorted(codes)) for codes in lists)
        return KpiCases(
            indicator=indicator,
            agency=agency,
            as_of=at.sequence,
            numerator=numerator,
            complement=complement,
            unknown=unknown,
        )


def _require_counted(indicator: Indicator, start: date, end: date) -> None:
    if indicator.missing or not indicator.population:
        fields = ", ".join(indicator.missing or indicator.needs)
        raise UsageMistake("kpi.no_cases", indicator=indicator.id, fields=fields)
    if start >= end:
        raise UsageMistake("kpi.period_empty", start=start, end=end)


Lists = tuple[frozenset[str], frozenset[str], frozenset[str]]


def _of_rows(rows: Connection, indicator: Indicator, period: tuple[int, int], members: frozenset[str] | None) -> Lists:
    window = KpiWindow(start=period[0], end=period[1], pauses=indicator.pauses)
    numerator, denominator, unknown = state_of(indicator, window)
    if indicator.formula is Formula.MINUS_BOTH:
        numerator = numerator & ~condition_of_all(indicator.second, window)
    table = indicator.population[0].table
    state: ColumnElement[Any] = case((numerator, 0), (denominator, 1), (unknown, 2), else_=3)
    of_agency = true() if members is None else table.c.agency.in_(sorted(members))
    codes: dict[int, set[str]] = {number: set() for number in range(4)}
    for row in rows.execute(select(table.c.code, state).where(of_agency)).all():
        codes[int(row[1])].add(str(row[0]))
    return frozenset(codes[0]), frozenset(codes[1]), frozenset(codes[2])


def _of_procedures(
    rows: Connection, indicator: Indicator, period: tuple[int, int], members: frozenset[str] | None
) -> Lists:
    everything, by_agency = carried_out(rows)
    procedures = everything
    if members is not None:
        procedures = frozenset[str]().union(*(by_agency.get(name, frozenset()) for name in members))
    return procedure_states(rows, [indicator], *period)[indicator.id].lists(procedures, members)


def _agencies(rows: Connection, indicator: Indicator, nodes: Nodes) -> list[str]:
    if indicator.grain is Grain.PROCEDURE:
        return nodes.all_of(carried_out(rows)[1])
    agency = indicator.population[0].table.c.agency
    return nodes.all_of(rows.execute(select(agency).distinct()).scalars())
