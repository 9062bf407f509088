"""Metrics of the shared database as Prometheus reads them: text exposition format 0.0.4.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/. Labels are names of connections, routes, record
types, partitions and codes of agencies: nothing of a record. All are gauges, as purges delete old runs and entries.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from cchc_connect.clock import SystemClock
from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import run
from cchc_connect.monitoring.freshness import ConnectionFreshness, Freshness, freshness
from cchc_connect.monitoring.status import DatabaseStatus, status
from cchc_connect.quality.connected import ConnectedReport, connected_now
from cchc_connect.quality.scores import TIMELY_PERIOD, QualityScore, quality

UNFINISHED = "unfinished"
"""Label of runs without an end: in progress, or interrupted."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One value with its labels."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric: a gauge with its samples."""

    name: str
    help: str
    """One English sentence, as the field reads it."""
    samples: tuple[Sample, ...]

    def lines(self) -> Iterator[str]:
        """Yield the lines of the exposition format; none without samples."""
        if not self.samples:
            return
        yield f"# HELP {self.name} {_escaped_help(self.help)}"
        yield f"# TYPE {self.name} gauge"
        for sample in self.samples:
            labels = ",".join(f'{name}="{_escaped_label(text)}"' for name, text in sample.labels.items())
            yield (
                f"{self.name}{{{labels}}} {_number(sample.value)}" if labels else f"{self.name} {_number(sample.value)}"
            )


def metrics(database: SharedDatabase, config: Config, *, at: datetime | None = None) -> list[Metric]:
    """Return the metrics of the shared database.

    Args:
        database: the shared database.
        config: the loaded configuration.
        at: instant (aware); None: now.

    Raises:
        DatabaseUnusable: the database failed.
    """
    moment = at or SystemClock().now()
    state = status(database, at=moment)
    connections = freshness(database, config, moment - TIMELY_PERIOD, moment, now=moment)
    scores = quality(database, config, at=moment).agencies
    return [
        *_of_runs(database, state),
        *_of_streams(state),
        *_of_freshness(connections),
        *_of_routes(state),
        *_of_findings(state),
        *_of_quality(scores),
        *_of_connected(connected_now(database, config, at=moment)),
    ]


def metrics_text(collected: Iterable[Metric]) -> str:
    """Return metrics in the text exposition format 0.0.4; each line ends with a line feed."""
    return "".join(f"{line}\n" for metric in collected for line in metric.lines())


def _of_runs(database: SharedDatabase, state: DatabaseStatus) -> Iterator[Metric]:
    with database.reading() as connection:
        counted = connection.execute(select(run.c.outcome, func.count()).group_by(run.c.outcome)).all()
    by_outcome = {outcome or UNFINISHED: number for outcome, number in counted}
    yield _metric("runs", "Runs that are kept, by outcome.", "outcome", sorted(by_outcome.items()))
    last = state.last_run
    if last is not None and last.finished_at is not None:
        ended = last.finished_at.timestamp()
        yield _metric(
            "last_run_finished_timestamp_seconds", "End of the last run.", "outcome", [(last.status.value, ended)]
        )


def _of_streams(state: DatabaseStatus) -> Iterator[Metric]:
    for name, text, values in (
        ("records", "Live records.", [(stream, stream.live) for stream in state.streams]),
        ("quarantined", "Open quarantine entries.", [(stream, stream.quarantined) for stream in state.streams]),
        ("held", "Whether a stream is on hold.", [(stream, stream.hold is not None) for stream in state.streams]),
    ):
        samples = (
            Sample(
                labels={
                    "connection": stream.connection,
                    "record_type": stream.record_type,
                    "partition": stream.partition,
                },
                value=value,
            )
            for stream, value in values
        )
        yield Metric(name=f"cchc_{name}", help=text, samples=tuple(samples))


def _of_freshness(connections: Iterable[ConnectionFreshness]) -> Iterator[Metric]:
    recorded = [each for each in connections if each.state is not None]
    complete = [(each.connection, each.complete_at.timestamp()) for each in recorded if each.complete_at is not None]
    ages = [(each.connection, each.age_s) for each in recorded if each.age_s is not None]
    breaches = [(each.connection, each.state is Freshness.BREACH) for each in recorded]
    text = "Last complete pass of the stream that is read least."
    yield _metric("last_success_timestamp_seconds", text, "connection", complete)
    yield _metric("freshness_age_seconds", "Age of the data, in opening hours.", "connection", ages)
    text = "Greatest age by what was agreed."
    yield _metric("freshness_sla_seconds", text, "connection", [(each.connection, each.sla_s) for each in recorded])
    text = "Whether the data is older than twice the SLA, or was never read completely."
    yield _metric("freshness_breach", text, "connection", breaches)


def _of_routes(state: DatabaseStatus) -> Iterator[Metric]:
    waiting = [(route.name, route.waiting) for route in state.routes]
    yield _metric("deliveries_waiting", "Messages to be sent.", "route", waiting)
    yield _metric(
        "dead_letters", "Messages that will not be sent.", "route", [(each.name, each.dead) for each in state.routes]
    )
    yield _metric(
        "route_held",
        "Whether a route is on hold.",
        "route",
        [(each.name, each.hold is not None) for each in state.routes],
    )


def _of_findings(state: DatabaseStatus) -> Iterator[Metric]:
    open_states = Counter(open=state.open_discrepancies, overdue=state.overdue_discrepancies)
    yield _metric("discrepancies", "Discrepancies that have not ended.", "state", sorted(open_states.items()))
    requests = {name: getattr(state.corrections, name) for name in ("answered", "overdue", "waiting")}
    yield _metric("correction_requests", "Correction requests that are not closed.", "state", requests.items())
    text = "Whether every entry of the audit log fits its chain."
    yield Metric(name="cchc_audit_log_intact", help=text, samples=(Sample(labels={}, value=state.is_audit_log_intact),))


def _of_quality(scores: Iterable[QualityScore]) -> Iterator[Metric]:
    known_scores = list(scores)
    points = [(score.agency, float(score.points)) for score in known_scores]
    possible = [(score.agency, score.possible) for score in known_scores]
    yield _metric("quality_points", "Quality score of an agency's records.", "agency", points)
    yield _metric("quality_possible_points", "Points of which the score is.", "agency", possible)


def _of_connected(report: ConnectedReport) -> Iterator[Metric]:
    total = report.total
    numbers = {name: getattr(total, name) for name in ("connected", "due", "exempt", "not_due", "registered", "shared")}
    yield _metric("registered_databases", "Databases of the province's list.", "state", numbers.items())
    for name, text, numerator, denominator in (
        ("connected_ratio", "Share of the due databases that are read.", total.connected, total.due),
        ("shared_ratio", "Share of the due databases that are shared.", total.shared, total.shareable),
    ):
        samples = (Sample(labels={}, value=numerator / denominator),) if denominator else ()
        yield Metric(name=f"cchc_{name}", help=text, samples=samples)


def _metric(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    """Return a metric with one label."""
    samples = tuple(Sample(labels={label: labelled}, value=value) for labelled, value in values)
    return Metric(name=f"cchc_{name}", help=text, samples=samples)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _escaped_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _escaped_label(text: str) -> str:
    return _escaped_help(text).replace('"', '\\"')
