"""Computes the report of a set of indicators for a period and an agency."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from cchc_connect.database.names import require_known
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake
from cchc_connect.kpi.agencies import Nodes
from cchc_connect.kpi.as_of import RowsAt, rows_at
from cchc_connect.kpi.counting import (
    CaseCounts,
    CountsByAgency,
    ProcedureStates,
    carried_out,
    counted_by_agency,
    procedure_states,
)
from cchc_connect.kpi.coverage import TimeCoverage, coverage_of, stock_of
from cchc_connect.kpi.indicator_sets import Formula, Indicator, IndicatorSet, indicator_set
from cchc_connect.kpi.instants import DAY_S, seconds_of_day
from cchc_connect.kpi.report import (
    NOT_ENOUGH,
    TOO_FEW,
    Counts,
    GroupScore,
    KpiFigure,
    KpiReport,
    KpiRow,
)
from cchc_connect.kpi.statements import statements_of
from cchc_connect.kpi.targets import KpiTarget, stored_targets, target_of
from cchc_schemas.working_days import DayKind

MOST_UNKNOWN = Decimal(20)
"""Percent of unknown cases above which a figure says that its data are not sufficient."""

_WHOLE, _TWO_PLACES = Decimal(100), Decimal("0.01")
_UNIT_S = {"hour": 3600, "day": DAY_S, "working_day": DAY_S}


def compute(  # noqa: PLR0913  # what is asked of which set, for whom and when
    database: SharedDatabase,
    set_id: str,
    *,
    start: date,
    end: date,
    agency: str | None = None,
    each: bool = False,
    as_of: int | None = None,
    days: Mapping[date, DayKind] | None = None,
    connected: Mapping[str, CountsByAgency] | None = None,
) -> KpiReport:
    """Return the report of a set of indicators. The rows follow the change feed first.

    Args:
        database: the shared database.
        set_id: `cchc-2021-2030`, `qd-766-2022`.
        start: first Vietnamese day of the period.
        end: first Vietnamese day after it.
        agency: code of an agency, for which rows are made with everything below it; None: the whole province.
        each: with a figure of every agency for every indicator beside.
        as_of: sequence of the change feed; None: its end.
        days: holidays and days that make up for them; None: those of the records' package.
        connected: counts of databases by formula (`connected`, `shared`) and owner; None: not counted.

    Raises:
        UsageMistake: there is no such set or agency, the period is empty, or the feed has not come so far.
        NotFound: versions that held at that sequence were purged.
    """
    chosen = indicator_set(set_id)
    if start >= end:
        raise UsageMistake("kpi.period_empty", start=start, end=end)
    with rows_at(database, as_of, days) as at:
        work = _Work.read(at, chosen, start, end, connected or {})
        return _report(work, at, chosen, (start, end), _nodes(work, agency, each=each))


def _nodes(work: "_Work", agency: str | None, *, each: bool) -> Sequence[str | None]:
    """Return for which agencies figures are made, the one of the report first; None: the whole province."""
    if agency is not None:
        require_known("kpi.agency_unknown", work.nodes.code(agency), work.agencies)
        agency = work.nodes.code(agency)
    nodes: list[str | None] = [agency]
    if each:
        nodes += [None, *work.agencies]
    return list(dict.fromkeys(nodes))


def _report(
    work: "_Work", at: RowsAt, chosen: IndicatorSet, period: tuple[date, date], nodes: Sequence[str | None]
) -> KpiReport:
    """Return the report with the rows of the first node, and the figures of all."""
    (start, end), agency, all_targets = period, nodes[0], stored_targets(at.shared)
    members = None if agency is None else work.nodes.members(agency, as_now=False)
    seconds = seconds_of_day(start), seconds_of_day(end)
    stock, coverage = stock_of(at.rows, *seconds, members), coverage_of(at.rows, *seconds, members)
    figures = [work.figure(indicator, node) for node in nodes for indicator in chosen.indicators.values()]
    year = (end - timedelta(days=1)).year
    headline = dict(zip(chosen.indicators, figures[: len(chosen.indicators)], strict=True))
    row_of = _RowMaker(work, at, all_targets, year, agency, coverage)
    rows = tuple(row_of.row(indicator, headline[indicator.id]) for indicator in chosen.indicators.values())
    return KpiReport(
        set_id=chosen.id,
        version=chosen.version,
        act=chosen.act,
        number=chosen.number,
        name=chosen.name,
        agency=agency,
        start=start,
        end=end,
        as_of=at.sequence,
        as_of_at=at.stored_at,
        run_id=at.run_id,
        rows=rows,
        figures=tuple(figures),
        groups=tuple(_scores(chosen, rows)),
        stock=stock,
    )


@dataclass(frozen=True)
class _Work:
    """Everything that was counted, from which the figures of all nodes are made."""

    nodes: Nodes
    agencies: Sequence[str]
    counts_by_indicator: Mapping[str, CountsByAgency]
    states: Mapping[str, ProcedureStates]
    everything: frozenset[str]
    by_agency: Mapping[str, frozenset[str]]

    @classmethod
    def read(
        cls, at: RowsAt, chosen: IndicatorSet, start: date, end: date, connected: Mapping[str, CountsByAgency]
    ) -> "_Work":
        """Count."""
        indicators = [each for each in chosen.indicators.values() if each.population]
        seconds = seconds_of_day(start), seconds_of_day(end)
        counted = counted_by_agency(at.rows, indicators, *seconds)
        databases = {
            each.id: connected[each.formula.value]
            for each in chosen.indicators.values()
            if each.formula.value in connected
        }
        counts_by_indicator = {**counted, **databases}
        nodes = Nodes(at.rows, at.today)
        everything, by_agency = carried_out(at.rows)
        named = {agency for each in counts_by_indicator.values() for agency in each} | set(by_agency)
        states = procedure_states(at.rows, indicators, *seconds)
        return cls(nodes, nodes.all_of(named), counts_by_indicator, states, everything, by_agency)

    def figure(self, indicator: Indicator, node: str | None) -> KpiFigure:
        """Return the figure of a node."""
        if indicator.missing or (indicator.id not in self.counts_by_indicator and indicator.id not in self.states):
            missing = indicator.missing or indicator.needs
            return KpiFigure(
                indicator=indicator.id,
                agency=node,
                numerator=0,
                denominator=0,
                unknown=0,
                value=None,
                missing_fields=missing,
            )
        counts = _counts(indicator, self._case_counts(indicator, node, as_now=False))
        is_unknown = not counts.denominator and bool(counts.unknown)
        as_now = None if node is None else _counts(indicator, self._case_counts(indicator, node, as_now=True))
        return KpiFigure(
            indicator=indicator.id,
            agency=node,
            numerator=counts.numerator,
            denominator=counts.denominator,
            unknown=counts.unknown,
            value=counts.value,
            missing_fields=indicator.needs if is_unknown else (),
            as_now=as_now,
            warnings=_warnings(indicator, counts),
        )

    def _case_counts(self, indicator: Indicator, node: str | None, *, as_now: bool) -> CaseCounts:
        members = None if node is None else self.nodes.members(node, as_now=as_now)
        if indicator.id in self.states:
            return self.states[indicator.id].case_counts(self._procedures(members), members)
        of_agencies = self.counts_by_indicator[indicator.id]
        names = of_agencies if members is None else members & of_agencies.keys()
        return sum((of_agencies[name] for name in names), CaseCounts())

    def _procedures(self, members: frozenset[str] | None) -> frozenset[str]:
        if members is None:
            return self.everything
        return frozenset[str]().union(*(self.by_agency.get(name, frozenset()) for name in members))


@dataclass(frozen=True)
class _RowMaker:
    """Makes the lines of the report out of figures."""

    work: _Work
    at: RowsAt
    all_targets: Sequence[KpiTarget]
    year: int
    agency: str | None
    coverage: TimeCoverage

    def row(self, indicator: Indicator, figure: KpiFigure) -> KpiRow:
        """Return the line of an indicator."""
        goal = target_of(self.all_targets, indicator.id, self.agency, self.year)
        target = indicator.target if goal is None else goal.value
        is_rate = indicator.formula not in {Formula.COUNT, Formula.MEAN}
        has_value = figure.value is not None and is_rate and target is not None
        distance = figure.value - target if has_value and figure.value is not None and target is not None else None
        lacking = _lacking(figure, target) if has_value and target is not None else None
        unit = indicator.unit or ("count" if indicator.formula is Formula.COUNT else "percent")
        return KpiRow(
            indicator=indicator.id,
            name=indicator.name,
            group=indicator.group,
            unit=unit,
            figure=figure,
            points=_points(indicator, figure),
            maximum=indicator.maximum,
            target=target,
            target_source=None if goal is None else goal.source,
            lacks_target=target is None and any(each.indicator == indicator.id for each in self.all_targets),
            distance=distance,
            lacking=lacking,
            beside=indicator.beside,
            statements=statements_of(indicator, figure, self.at, self.coverage),
        )


def _counts(indicator: Indicator, case_counts: CaseCounts) -> Counts:
    numerator, value = case_counts.numerator, None
    if indicator.formula is Formula.MINUS_BOTH:
        numerator = max(0, case_counts.numerator - case_counts.second)
    if indicator.formula is Formula.COUNT:
        value = Decimal(numerator)
    elif case_counts.denominator and indicator.unit is not None:
        value = _rounded(Decimal(numerator) / (case_counts.denominator * _UNIT_S[indicator.unit]))
    elif case_counts.denominator:
        value = _rounded(_WHOLE * numerator / case_counts.denominator)
    return Counts(numerator=numerator, denominator=case_counts.denominator, unknown=case_counts.unknown, value=value)


def _warnings(indicator: Indicator, counts: Counts) -> tuple[str, ...]:
    population = counts.denominator + counts.unknown
    is_doubtful = bool(population) and _WHOLE * counts.unknown > MOST_UNKNOWN * population
    is_few = 0 < counts.denominator < indicator.least
    return tuple(name for name, applies in ((NOT_ENOUGH, is_doubtful), (TOO_FEW, is_few)) if applies)


def _points(indicator: Indicator, figure: KpiFigure) -> Decimal | None:
    """Return the points: all of them from the target on, else in proportion; None if nothing was counted."""
    if indicator.maximum is None or not figure.denominator:
        return None
    rate = _WHOLE * figure.numerator / figure.denominator
    share = rate / _WHOLE if indicator.target is None else min(Decimal(1), rate / indicator.target)
    return _rounded(indicator.maximum * share)


def _lacking(figure: KpiFigure, target: Decimal) -> int:
    needed = (target * figure.denominator / _WHOLE).to_integral_value(ROUND_CEILING)
    return max(0, int(needed) - figure.numerator)


def _scores(chosen: IndicatorSet, rows: Sequence[KpiRow]) -> Iterator[GroupScore]:
    for group, (maximum, name) in chosen.groups.items():
        scored = [row for row in rows if row.group == group and row.points is not None]
        yield GroupScore(
            group=group,
            name=name,
            points=sum((row.points for row in scored if row.points is not None), Decimal(0)),
            available=sum(row.maximum or 0 for row in scored),
            maximum=maximum,
        )


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_TWO_PLACES, ROUND_HALF_UP)
