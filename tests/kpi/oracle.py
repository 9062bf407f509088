"""The oracle: every indicator counted by a plain loop over dossiers, procedures and ratings, at every agency."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain

from cchc_schemas import Feedback, Satisfaction, SatisfactionRating
from tests.kpi.histories import DossierHistory, World
from tests.kpi.oracle_course import course_of, second
from tests.kpi.oracle_indicators import (
    DOSSIERS,
    MEANS,
    NEVER_BELOW_ZERO,
    PROCEDURES,
    Judgement,
    Period,
    Subject,
    is_within,
)

PROVINCE_TOTAL = None
PROGRAMME = "cchc-2021-2030"

_Place = tuple[Period, str, str | None]
_Nodes = tuple[str | None, ...]


@dataclass(slots=True)
class Tally:
    """Counts of one indicator at one node of the agency tree."""

    numerator: int = 0
    denominator: int = 0
    unknown: int = 0

    def add(self, judgement: Judgement) -> None:
        population, numerator = judgement
        if population is None or (population and numerator is None):
            self.unknown += 1
        elif population and numerator is not None:
            self.denominator += 1
            self.numerator += numerator


@dataclass(frozen=True, slots=True)
class Expected:
    """One figure as it must be."""

    numerator: int
    denominator: int
    unknown: int
    value: Decimal | None


@dataclass(slots=True)
class Oracle:
    """Counts the figures of one set over some periods at every node of the agency tree."""

    set_id: str
    periods: Sequence[Period]
    world: World
    _tallies: dict[_Place, Tally] = field(default_factory=dict[_Place, Tally])
    _complaints: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    _nodes: dict[str, _Nodes] = field(default_factory=dict[str, _Nodes])

    def __post_init__(self) -> None:
        parents = {agency.code: agency.parent_code for agency in self.world.agencies}
        self._nodes = {code: (PROVINCE_TOTAL, *_upwards(parents, code)) for code in parents}
        for period in self.periods:
            for node in (PROVINCE_TOTAL, *parents):
                for indicator in self.indicators:
                    self._tallies[period, indicator, node] = Tally()
        for code, at in _complaints(self.world.feedback, self.world.ratings):
            self._complaints.setdefault(code, []).append(at)
        self._count_procedures()
        self._count_ratings()

    @property
    def indicators(self) -> tuple[str, ...]:
        survey = ("survey",) if self.set_id == PROGRAMME else ()
        return (*DOSSIERS[self.set_id], *PROCEDURES[self.set_id], *survey)

    def count(self, histories: Iterable[DossierHistory]) -> None:
        """Count dossiers; deleted ones do not count."""
        procedures = {procedure.code: procedure for procedure in self.world.procedures}
        spans = [(period, period.seconds) for period in self.periods]
        for history in histories:
            if history.is_deleted:
                continue
            dossier, procedure = history.current, procedures.get(history.current.procedure_code)
            complaints = self._complaints.get(dossier.code, ())
            subject = Subject(dossier, course_of(history, procedure), procedure, complaints)
            for period, seconds in spans:
                for indicator, judge in DOSSIERS[self.set_id].items():
                    self._add(period, indicator, self.nodes(dossier.agency_code), judge(subject, seconds))

    def nodes(self, agency: str | None) -> tuple[str | None, ...]:
        """Return where a dossier counts: the total, its agency and those above; without an agency the total only."""
        return (PROVINCE_TOTAL,) if agency is None else self._nodes.get(agency, (PROVINCE_TOTAL,))

    def figures(self, period: Period) -> dict[tuple[str, str | None], Expected]:
        """Return the figures of a period by indicator and agency."""
        return {
            (indicator, agency): _figure(indicator, tally)
            for (of_period, indicator, agency), tally in self._tallies.items()
            if of_period == period
        }

    def _add(self, period: Period, indicator: str, nodes: Iterable[str | None], judgement: Judgement) -> None:
        if judgement[0] is not False:
            for node in nodes:
                self._tallies[period, indicator, node].add(judgement)

    def _count_procedures(self) -> None:
        """Count each procedure once at every node: at its agencies, and those above them."""
        for procedure in self.world.procedures:
            codes = [agency.code for agency in procedure.executing_agencies if agency.code in self._nodes]
            nodes = dict.fromkeys(chain((PROVINCE_TOTAL,), *(self._nodes[code or ""] for code in codes)))
            for period in self.periods:
                last_day = date.fromordinal(period.end.toordinal() - 1)
                for indicator, judge in PROCEDURES[self.set_id].items():
                    self._add(period, indicator, nodes, judge(procedure, last_day))

    def _count_ratings(self) -> None:
        """Survey: very satisfied and satisfied ÷ ratings of the period."""
        for rating in self.world.ratings if self.set_id == PROGRAMME else ():
            at, overall = second(rating.at), rating.overall
            for period in self.periods:
                is_in = None if at is None else is_within(at, period.seconds)
                is_content = None if overall is None else overall is not Satisfaction.DISSATISFIED
                self._add(period, "survey", self.nodes(rating.agency_code), (is_in, is_content))


def _upwards(parents: Mapping[str, str | None], code: str | None) -> Iterator[str]:
    while code is not None:
        yield code
        code = parents.get(code)


def _complaints(feedback: Iterable[Feedback], ratings: Iterable[SatisfactionRating]) -> Iterator[tuple[str, int]]:
    for each in feedback:
        at = second(each.received_at)
        if each.dossier_code is not None and at is not None:
            yield each.dossier_code, at
    for rating in ratings:
        at = second(rating.at)
        if rating.dossier_code is not None and rating.is_liked is False and at is not None:
            yield rating.dossier_code, at


def _figure(indicator: str, tally: Tally) -> Expected:
    numerator = max(0, tally.numerator) if indicator in NEVER_BELOW_ZERO else tally.numerator
    factor = Decimal(1) / MEANS[indicator] if indicator in MEANS else Decimal(100)
    value = rounded(numerator * factor / tally.denominator) if tally.denominator else None
    return Expected(numerator, tally.denominator, tally.unknown, value)


def rounded(exact: Decimal) -> Decimal:
    """Half up, two places, once at the end."""
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
