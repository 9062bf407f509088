"""Counts for figures: one statement for all indicators of one table, whole numbers by agency, and their addition.

Numerators and denominators are added over the tree of agencies; rates never are. A procedure counts once at every node.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, case, func, literal, or_, select, true

from cchc_connect.database.kpi_tables import kpi_fact, kpi_feedback, kpi_procedure, kpi_procedure_agency, kpi_rating
from cchc_connect.kpi.indicator_sets import Formula, Grain, Indicator
from cchc_connect.kpi.predicates import PREDICATES, Predicate
from cchc_connect.kpi.windows import KpiWindow

_AGENCY: Mapping[Grain, tuple[Table, Any]] = {
    Grain.DOSSIER: (kpi_fact, kpi_fact.c.agency),
    Grain.FEEDBACK: (kpi_feedback, kpi_feedback.c.agency),
    Grain.RATING: (kpi_rating, kpi_rating.c.agency),
}


@dataclass(frozen=True, slots=True)
class CaseCounts:
    """What was counted: numerator, denominator, unknown, and for some formulas a second numerator."""

    numerator: int = 0
    denominator: int = 0
    unknown: int = 0
    second: int = 0

    def __add__(self, added: "CaseCounts") -> "CaseCounts":
        return CaseCounts(
            self.numerator + added.numerator,
            self.denominator + added.denominator,
            self.unknown + added.unknown,
            self.second + added.second,
        )


CountsByAgency = Mapping[str | None, CaseCounts]
"""Agency as facts name it (None: none) -> its case_counts."""


def counted_by_agency(
    connection: Connection, indicators: Sequence[Indicator], start: int, end: int
) -> Mapping[str, CountsByAgency]:
    """Return by indicator what each agency has of it; of those that are counted by rows with an agency."""
    counts_by_indicator = dict[str, CountsByAgency]()
    for grain in _AGENCY:
        of_grain = [each for each in indicators if each.grain is grain and not each.used_by]
        if of_grain:
            counts_by_indicator.update(_counted(connection, grain, of_grain, start, end))
    return counts_by_indicator


def _counted(
    connection: Connection, grain: Grain, indicators: Sequence[Indicator], start: int, end: int
) -> Mapping[str, CountsByAgency]:
    table, agency = _AGENCY[grain]
    columns = list[ColumnElement[Any]]()
    for indicator in indicators:
        columns += _counts(indicator, KpiWindow(start=start, end=end, pauses=indicator.pauses))
    query = select(agency, *columns).group_by(agency)
    if table is kpi_fact:
        query = query.where(PREDICATES["received_or_ended_in_period"].sql(KpiWindow(start=start, end=end)))
    counts_by_indicator: dict[str, dict[str | None, CaseCounts]] = {indicator.id: {} for indicator in indicators}
    for row in connection.execute(query):
        counts = map(int, row[1:])  # PostgreSQL adds whole numbers to decimals
        for indicator in indicators:
            counts_by_indicator[indicator.id][row[0]] = _counted_of(indicator, counts)
    return counts_by_indicator


_SHIFT = 2**31
"""What one case beside the numerator adds: a number of 64 bits has room for two counts."""


def _counted_of(indicator: Indicator, counts: Iterator[int]) -> CaseCounts:
    """Return the counts of an indicator out of its columns; see `_counts`."""
    first, possible, second = next(counts), next(counts), next(counts)
    if indicator.formula is Formula.MEAN:
        return CaseCounts(first, possible, next(counts))
    complement, numerator = divmod(first, _SHIFT)
    denominator = numerator + complement
    return CaseCounts(numerator, denominator, possible - denominator, second)


def state_of(
    indicator: Indicator, window: KpiWindow
) -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    """Return three conditions of an indicator: in the numerator, in the denominator, unknown."""
    population = condition_of_all(indicator.population, window)
    if indicator.formula is Formula.COUNT:
        return population, population, population.is_(None)
    if indicator.formula is Formula.MEAN:
        spent, unit = kpi_fact.c.spent_5, kpi_fact.c.unit
        is_measured = and_(population, unit == indicator.unit, spent.is_not(None))
        return is_measured, is_measured, and_(population, unit == indicator.unit, spent.is_(None))
    numerator = condition_of_all(indicator.numerator, window)
    return (
        and_(population, numerator),
        and_(population, numerator.is_not(None)),
        or_(population.is_(None), and_(population, numerator.is_(None))),
    )


def _counts(indicator: Indicator, window: KpiWindow) -> Sequence[ColumnElement[Any]]:
    """Return the columns of an indicator.

    Of a mean they are the seconds, the cases, nothing, and the unknown; else numerator and complement in one number,
    all cases that may be counted, and the second numerator. Each condition is judged once for a row.
    """
    numerator, denominator, unknown = state_of(indicator, window)
    if indicator.formula is Formula.MEAN:
        seconds = func.coalesce(func.sum(case((numerator, kpi_fact.c.spent_5), else_=0)), 0)
        return seconds, _count(denominator), literal(0), _count(unknown)
    population = condition_of_all(indicator.population, window)
    of_population = condition_of_all(indicator.numerator, window)
    state = case((of_population, 1), (~of_population, _SHIFT), else_=0)
    together = func.coalesce(func.sum(case((population, state), else_=0)), 0)
    possible = _count(or_(population, population.is_(None)))
    second: ColumnElement[int] = literal(0)
    if indicator.second:
        second = _count(and_(denominator, condition_of_all(indicator.second, window)))
    return together, possible, second


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def condition_of_all(predicates: Iterable[Predicate], window: KpiWindow) -> ColumnElement[bool]:
    """Return the condition that all predicates hold; of none it is true."""
    return and_(true(), *(predicate.sql(window) for predicate in predicates)).self_group()


@dataclass(frozen=True, slots=True)
class ProcedureStates:
    """Of one indicator on procedures: each procedure's state, by what each node counts it once."""

    in_numerator: frozenset[str]
    in_denominator: frozenset[str]
    unknown: frozenset[str]
    used: Mapping[str | None, Mapping[str, bool]] | None
    """Agency of dossiers -> procedures with such a dossier, False: perhaps with one; None: not by dossiers."""

    def case_counts(self, procedures: frozenset[str], agencies: frozenset[str] | None) -> CaseCounts:
        """Return the case_counts of a node; see `lists`."""
        numerator, complement, unknown = self.lists(procedures, agencies)
        return CaseCounts(len(numerator), len(numerator) + len(complement), len(unknown))

    def lists(
        self, procedures: frozenset[str], agencies: frozenset[str] | None
    ) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """Return the procedures of a node in the numerator, in the denominator alone, and unknown.

        Args:
            procedures: the procedures that the node's agencies carry out.
            agencies: the codes of these agencies in facts; None: everybody's.
        """
        denominator, unknown = self.in_denominator & procedures, self.unknown & procedures
        numerator = self.in_numerator & procedures
        if self.used is not None:
            of_node = [each for agency, each in self.used.items() if agencies is None or agency in agencies]
            surely = {procedure for each in of_node for procedure, is_sure in each.items() if is_sure}
            perhaps = {procedure for each in of_node for procedure in each} - surely
            numerator, unknown = denominator & surely, unknown | (denominator & perhaps)
            denominator -= perhaps
        return numerator, denominator - numerator, unknown


def procedure_states(
    connection: Connection, indicators: Sequence[Indicator], start: int, end: int
) -> Mapping[str, ProcedureStates]:
    """Return the states of all procedures for those indicators that count procedures."""
    states = dict[str, ProcedureStates]()
    for indicator in indicators:
        if indicator.grain is not Grain.PROCEDURE:
            continue
        window = KpiWindow(start=start, end=end, pauses=indicator.pauses)
        numerator, denominator, unknown = state_of(indicator, window)
        query = select(kpi_procedure.c.code, *(case((each, 1), else_=0) for each in (numerator, denominator, unknown)))
        rows = connection.execute(query).all()
        sets = [frozenset(row[0] for row in rows if row[number]) for number in (1, 2, 3)]
        used = _used(connection, indicator, window) if indicator.used_by else None
        states[indicator.id] = ProcedureStates(sets[0], sets[1], sets[2], used)
    return states


def _used(connection: Connection, indicator: Indicator, window: KpiWindow) -> Mapping[str | None, Mapping[str, bool]]:
    condition = condition_of_all(indicator.used_by, window)
    surely = func.max(case((condition, 1), else_=0))
    is_possible = or_(condition, condition.is_(None))
    query = select(kpi_fact.c.agency, kpi_fact.c.procedure, surely).where(is_possible)
    used_there = dict[str | None, dict[str, bool]]()
    for agency, procedure, is_sure in connection.execute(query.group_by(kpi_fact.c.agency, kpi_fact.c.procedure)):
        used_there.setdefault(agency, {})[procedure] = bool(is_sure)
    return used_there


def carried_out(connection: Connection) -> tuple[frozenset[str], Mapping[str, frozenset[str]]]:
    """Return all procedures, and those that each agency carries out."""
    everything = frozenset(connection.execute(select(kpi_procedure.c.code)).scalars())
    by_agency = dict[str, set[str]]()
    for procedure, agency in connection.execute(select(kpi_procedure_agency)):
        by_agency.setdefault(agency, set()).add(procedure)
    return everything, {agency: frozenset(procedures) for agency, procedures in by_agency.items()}
