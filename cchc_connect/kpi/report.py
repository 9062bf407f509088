"""The report on indicators: plain values without personal data, the same bytes for the same contents."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from cchc_connect.kpi.indicator_sets import TwoLanguages

NOT_ENOUGH, TOO_FEW = "not_enough", "too_few"
"""Warnings: more than 20 % are unknown; too few cases to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Counts of a figure, and its value."""

    numerator: int
    denominator: int
    unknown: int
    """In neither: nobody stated what is asked about."""
    value: Decimal | None
    """Percent, or hours, days, working days; None if nothing was counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiFigure:
    """Figure of one indicator for one agency with what is below it."""

    indicator: str
    agency: str | None
    """Code of the agency; None: the whole province."""
    numerator: int
    denominator: int
    unknown: int
    value: Decimal | None
    missing_fields: tuple[str, ...] = ()
    """Fields without which it cannot be computed; then there is no value."""
    as_now: Counts | None = None
    """The same with what the agency took over from others since; None for the whole province."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiStatement:
    """One of the five statements beside a figure: source, check, coverage, limits, actions."""

    kind: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiRow:
    """One line of the report: a figure of its agency with points, target and what is missing to it."""

    indicator: str
    name: TwoLanguages
    group: str | None
    unit: str
    """`percent`, `count`, `hour`, `day` or `working_day`."""
    figure: KpiFigure
    points: Decimal | None
    maximum: int | None
    target: Decimal | None
    """Percent; None: none was set for the year."""
    target_source: str | None
    lacks_target: bool = False
    """Whether targets are set for other years and none for this one (chưa giao chỉ tiêu)."""
    distance: Decimal | None
    """Percentage points above the target, negative below it."""
    lacking: int | None
    """Cases more that the target would need; 0 if it is reached."""
    beside: tuple[str, ...]
    statements: tuple[KpiStatement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Check of the stock: what was open before, came, ended, and is open."""

    opening: int
    received: int
    ended: int
    open: int

    @property
    def difference(self) -> int:
        """By how many the equation does not hold; 0 where no dossier ended before it was received."""
        return self.opening + self.received - self.ended - self.open


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScore:
    """Points of a group of indicators."""

    group: str
    name: TwoLanguages
    points: Decimal
    available: int
    """Points at most of what could be computed."""
    maximum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiReport:
    """Report of a set of indicators for a period: rows of one agency, and figures of all that were asked for."""

    set_id: str
    version: int
    act: str
    number: str
    name: TwoLanguages
    agency: str | None
    start: date
    end: date
    """First local day that is not in the period any more."""
    as_of: int
    """Sequence of the change feed that it was computed from."""
    as_of_at: str | None
    """When that change was stored, UTC."""
    run_id: str | None
    """Run that stored it."""
    rows: tuple[KpiRow, ...]
    figures: tuple[KpiFigure, ...]
    groups: tuple[GroupScore, ...]
    stock: Stock

    @property
    def points(self) -> Decimal:
        """Points in all."""
        return sum((group.points for group in self.groups), Decimal(0))

    @property
    def available(self) -> int:
        """Points at most of everything that could be computed: "on 98 of 100"."""
        return sum(group.available for group in self.groups)

    @property
    def maximum(self) -> int:
        """Points at most of the set."""
        return sum(group.maximum for group in self.groups)

    def row(self, indicator: str) -> KpiRow:
        """Return the line of an indicator; raises `KeyError` if there is none."""
        return {row.indicator: row for row in self.rows}[indicator]

    def to_document(self) -> Mapping[str, Any]:
        """Return it as JSON-ready values; decimals are text."""
        totals = {"points": self.points, "available": self.available, "maximum": self.maximum}
        document: Mapping[str, Any] = _plain({**asdict(self), **totals, "stock_difference": self.stock.difference})
        return document

    def to_json(self) -> str:
        """Return it as JSON, the same text for the same report."""
        return json.dumps(self.to_document(), ensure_ascii=False, sort_keys=True, indent=1)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in cast("list[Any]", value)]
    return str(value) if isinstance(value, Decimal | date) else value
