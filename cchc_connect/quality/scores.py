"""Quality score of agencies (điểm chất lượng dữ liệu): points by published weights, and what each part is made of.

The weights are data (`weights.toml`, `[quality]` of `cchc.toml`). A part of which nothing is known is left out, and the
score says of how many points it is: "61.5 on 80 of 100". Parts of several record types are added before they are
weighed; shares are never averaged.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from importlib.resources import files

from sqlalchemy import func, select

from cchc_connect.clock import SystemClock, as_instant, in_vietnam, to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.database.bulk import insert_rows
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import quality_month, run
from cchc_connect.monitoring.freshness import read_histories
from cchc_connect.quality.counted import Counted, NotedRule, Provided, counted_quality, named_checks

TIMELY_PERIOD = timedelta(days=30)
"""Time before now in which data should have been fresh."""

MIN_RECORDED_S = 3600
"""Seconds of opening hours that must have been recorded before something is said of how timely the data is."""

TREND_MONTHS = 12


class QualityPart(StrEnum):
    """One part of the score."""

    VALID = "valid"
    """Items that are no fault: not in quarantine (hợp lệ)."""
    COMPLETE = "complete"
    """Fields that agreements grant and that are filled (đầy đủ)."""
    CONSISTENT = "consistent"
    """Records without a warning of a named check (nhất quán)."""
    AGREED = "agreed"
    """Records without open discrepancy, where another agency sends values too (thống nhất)."""
    UNIQUE = "unique"
    """Records that a source has once (không trùng)."""
    TIMELY = "timely"
    """Seconds of the last 30 days in which the data was fresh (kịp thời)."""


@dataclass(frozen=True, kw_only=True)
class PartScore:
    """One part: what is good of how many."""

    part: QualityPart
    good: int
    total: int
    weight: int

    @property
    def lost(self) -> Fraction:
        """Return how many points are lost."""
        return self.weight * Fraction(self.total - self.good, self.total)


@dataclass(frozen=True, kw_only=True)
class QualityScore:
    """The score of an agency, or of its records of one type."""

    agency: str
    record_type: str
    """"" for all record types together."""
    connections: tuple[str, ...]
    parts: tuple[PartScore, ...]
    """Those of which something is known, in the order of the weights."""
    full: int
    """Sum of all weights: 100 unless cchc.toml says otherwise."""
    rules: tuple[NotedRule, ...] = ()

    @property
    def possible(self) -> int:
        """Return the points of the parts of which something is known."""
        return sum(part.weight for part in self.parts)

    @property
    def points(self) -> Decimal:
        """Return the points, rounded once, half up, to one decimal; on `possible` of `full` points."""
        reached = self.possible - sum((part.lost for part in self.parts), Fraction())
        exact = Decimal(reached.numerator) / Decimal(reached.denominator)
        return exact.quantize(Decimal("0.1"), ROUND_HALF_UP)

    @property
    def worst(self) -> tuple[PartScore, ...]:
        """Return the parts that lose points, the most first."""
        return tuple(sorted((part for part in self.parts if part.lost), key=lambda part: -part.lost))


@dataclass(frozen=True, kw_only=True)
class QualityReport:
    """The scores of all agencies at an instant."""

    at: datetime
    scores: tuple[QualityScore, ...]
    """Of each agency and record type."""
    checks: tuple[NotedRule, ...]
    """Named checks that records break, the most frequent first."""

    @property
    def agencies(self) -> tuple[QualityScore, ...]:
        """Return the score of each agency over all its record types."""
        names = sorted({score.agency for score in self.scores})
        return tuple(_added(name, [score for score in self.scores if score.agency == name]) for name in names)


@dataclass(frozen=True, kw_only=True)
class QualityMonth:
    """The score of an agency at the end of a Vietnamese month."""

    month: str
    """As in "2026-11"."""
    score: QualityScore


def weights_of(config: Config) -> Mapping[QualityPart, int]:
    """Return the points of each part: those of the package, replaced by those of `[quality]`."""
    replaced: Mapping[str, int] = {str(name): points for name, points in config.quality.weights.items()}
    return {QualityPart(name): replaced.get(name, points) for name, points in _package_weights().items()}


def quality(database: SharedDatabase, config: Config, *, at: datetime | None = None) -> QualityReport:
    """Return the quality of the records of every agency.

    Args:
        database: the shared database.
        config: the loaded configuration.
        at: instant (aware) before which 30 days of freshness count, and at which discrepancies are old; None: now.

    Raises:
        DatabaseUnusable: the database failed.
    """
    moment = at or SystemClock().now()
    counted = _counted(database, config, (moment - TIMELY_PERIOD, moment))
    weights = weights_of(config)
    return QualityReport(
        at=moment,
        scores=tuple(_score(provided, values, weights) for provided, values in sorted(counted.items())),
        checks=tuple(named_checks(counted)),
    )


def store_quality_month(database: SharedDatabase, config: Config, *, at: datetime | None = None) -> str | None:
    """Store the quality at the end of the month before, if that is not stored yet and a run was in it.

    `sync` calls it after each run, so the first run of a month stores the month before. Return the month, as in
    "2026-11"; None if nothing was stored.

    Args:
        database: the shared database.
        config: the loaded configuration.
        at: the present instant (aware); None: now.

    Raises:
        DatabaseUnusable: the database failed.
    """
    today = in_vietnam(at or SystemClock().now()).date()
    end = as_instant(today.replace(day=1))
    last = in_vietnam(end - timedelta(seconds=1)).date()
    month = f"{last:%Y-%m}"
    with database.reading() as connection:
        latest = connection.execute(select(func.max(quality_month.c.month))).scalar()
        before = select(func.count()).select_from(run).where(run.c.started_at < to_timestamp_text(end))
        if (latest or "") >= month or not connection.execute(before).scalar_one():
            return None
    counted = _counted(database, config, (as_instant(last.replace(day=1)), end))
    rows = [
        (month, *provided, part.value, good, total)
        for provided, values in counted.items()
        for part, (good, total) in _shares(values).items()
    ]
    with database.writing() as connection:
        insert_rows(connection, quality_month, rows)
    return month


def quality_trend(database: SharedDatabase, config: Config, agency: str) -> list[QualityMonth]:
    """Return the scores of an agency at the end of the last twelve months that are stored, the earliest first.

    They are weighed by the weights of today.

    Raises:
        DatabaseUnusable: the database failed.
    """
    of_agency = quality_month.c.agency == agency
    months = select(quality_month.c.month).where(of_agency).distinct().order_by(quality_month.c.month.desc())
    added = (func.sum(quality_month.c.good), func.sum(quality_month.c.total))
    query = select(quality_month.c.month, quality_month.c.part, *added).where(of_agency)
    with database.reading() as connection:
        latest = list(connection.execute(months.limit(TREND_MONTHS)).scalars())
        grouped = query.where(quality_month.c.month.in_(latest)).group_by(quality_month.c.month, quality_month.c.part)
        rows = connection.execute(grouped).all()
    weights = weights_of(config)
    return [
        QualityMonth(
            month=month,
            score=_made(
                (agency, ""),
                {QualityPart(part): (int(good), int(total)) for at, part, good, total in rows if at == month},
                weights,
            ),
        )
        for month in sorted(latest)
    ]


def _counted(database: SharedDatabase, config: Config, period: tuple[datetime, datetime]) -> dict[Provided, Counted]:
    with database.reading_directly() as direct:
        histories = read_histories(direct)
    with database.reading() as connection:
        return counted_quality(connection, config, histories, period)


@cache
def _package_weights() -> Mapping[str, int]:
    return tomllib.loads((files("cchc_connect.quality") / "weights.toml").read_text(encoding="utf-8"))


def _shares(values: Counted) -> Mapping[QualityPart, tuple[int, int]]:
    """Return of each part what is good of how many; a part of which nothing is known is left out."""
    records = values.records
    shares = {
        QualityPart.VALID: (records, records + values.quarantined),
        QualityPart.COMPLETE: (values.filled, values.granted),
        QualityPart.CONSISTENT: (records - values.noted, records),
        QualityPart.AGREED: (max(0, records - values.discrepancies), records if values.compared else 0),
        QualityPart.UNIQUE: (max(0, records - values.duplicates), records),
        QualityPart.TIMELY: (values.fresh_s, values.due_s if values.due_s >= MIN_RECORDED_S else 0),
    }
    return {part: share for part, share in shares.items() if share[1]}


def _score(provided: Provided, values: Counted, weights: Mapping[QualityPart, int]) -> QualityScore:
    return _made(provided, _shares(values), weights, tuple(sorted(values.connections)), tuple(values.rules))


def _made(
    provided: Provided,
    shares: Mapping[QualityPart, tuple[int, int]],
    weights: Mapping[QualityPart, int],
    connections: tuple[str, ...] = (),
    rules: tuple[NotedRule, ...] = (),
) -> QualityScore:
    agency, record_type = provided
    parts = [
        PartScore(part=part, good=shares[part][0], total=shares[part][1], weight=weight)
        for part, weight in weights.items()
        if part in shares
    ]
    return QualityScore(
        agency=agency,
        record_type=record_type,
        connections=connections,
        parts=tuple(parts),
        full=sum(weights.values()),
        rules=rules,
    )


def _added(agency: str, scores: Iterable[QualityScore]) -> QualityScore:
    """Return the score of an agency over its record types: what is good is added, and so is of how many."""
    members = list(scores)
    weights = {part.part: part.weight for score in members for part in score.parts}
    shares = {
        name: (
            sum(part.good for score in members for part in score.parts if part.part is name),
            sum(part.total for score in members for part in score.parts if part.part is name),
        )
        for name in QualityPart
        if name in weights
    }
    ordered = {name: weights[name] for name in QualityPart if name in weights}
    connections = sorted({name for score in members for name in score.connections})
    made = _made(
        (agency, ""), shares, ordered, tuple(connections), tuple(rule for each in members for rule in each.rules)
    )
    return QualityScore(
        agency=agency,
        record_type="",
        connections=made.connections,
        parts=made.parts,
        full=members[0].full,
        rules=made.rules,
    )
