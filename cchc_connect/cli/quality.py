"""`quality`: points of each agency, what costs them, the named checks that records break, and the trend of a year."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cchc_connect.cli.arguments import open_existing
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.fault_texts import rule_text
from cchc_connect.cli.formatting import local_number
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.errors import UsageMistake
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.quality.counted import NotedRule
from cchc_connect.quality.scores import (
    PartScore,
    QualityMonth,
    QualityPart,
    QualityReport,
    QualityScore,
    quality,
    quality_trend,
)
from cchc_schemas import Fault

SHOWN_CHECKS = 20
"""Named checks that the table shows; JSON has all of them."""


def show_quality(command: CommandContext, agency: str | None, *, with_trend: bool) -> ExitCode:
    """Show the quality of all agencies, or of one with its worst findings and, if wanted, its trend.

    Raises:
        UsageMistake: there is no such agency, or a trend without one.
        NotFound: there is no shared database.
    """
    if with_trend and agency is None:
        raise UsageMistake("quality.trend_without_agency")
    config, console = Config.load(command.config), command.console
    with open_existing(config.database.url_with_password) as database:
        report = quality(database, config)
        months = quality_trend(database, config, agency) if with_trend and agency is not None else None
    agencies = [score for score in report.agencies if agency in {None, score.agency}]
    if agency is not None and not agencies:
        meant = suggestion(agency, [score.agency for score in report.agencies])
        raise UsageMistake("quality.no_agency", agency=agency, suggestion=meant)
    console.document(quality_document(report, agency, months))
    if not agencies:
        console.message("quality_view.none")
        return ExitCode.DONE
    show_scores(report, agencies, console)
    if agency is not None:
        show_findings(agencies[0], console)
    show_checks([rule for score in agencies for rule in score.rules], console)
    if months is not None:
        _show_trend(agency or "", months, console)
    return ExitCode.DONE


def quality_document(
    report: QualityReport, agency: str | None = None, months: Sequence[QualityMonth] | None = None
) -> dict[str, Any]:
    """Return the report, JSON-ready; of one agency if it is named."""
    document = {
        "at": to_timestamp_text(report.at),
        "agencies": [_document(score) for score in report.agencies if agency in {None, score.agency}],
        "scores": [_document(score) for score in report.scores if agency in {None, score.agency}],
    }
    if months is not None:
        document["trend"] = [{"month": each.month, **_document(each.score)} for each in months]
    return document


def show_scores(report: QualityReport, agencies: Sequence[QualityScore], console: Console) -> None:
    """Write a table of the scores of agencies and of their record types."""
    console.heading("quality_view.agencies")
    rows = list[tuple[object, ...]]()
    for total in agencies:
        members = [score for score in report.scores if score.agency == total.agency]
        rows += [_row(score, console) for score in (total, *members)]
    headings = ["quality_view.agency", "quality_view.record_type", "quality_view.points", "quality_view.possible"]
    headings += [f"quality_part.{part.value}" for part in QualityPart]
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=2))


def show_findings(score: QualityScore, console: Console) -> None:
    """Write the score of an agency in a sentence, and what costs points, the worst first."""
    points = local_number(score.points, console.language)
    console.message("quality_view.on", agency=score.agency, points=points, possible=score.possible, full=score.full)
    connection = score.connections[0] if score.connections else "NAME"
    for part in filter(_rounded, score.worst):
        console.message(
            f"quality_finding.{part.part.value}",
            part=console.term("quality_part", part.part.value),
            number=part.total - part.good,
            hours=(part.total - part.good) // 3600,
            lost=local_number(_rounded(part), console.language),
            connection=connection,
        )
    if any(part.part is QualityPart.VALID for part in score.worst):
        console.message("quality_view.send", connection=connection)


def show_checks(rules: Sequence[NotedRule], console: Console, *, number: int = SHOWN_CHECKS) -> None:
    """Write the named checks that records break, those that matter and are frequent first."""
    if not rules:
        return
    console.heading("quality_view.checks")
    ordered = sorted(rules, key=lambda noted: (noted.severity == "info", -noted.records, noted.connection, noted.rule))
    rows = [
        (
            noted.connection,
            console.term("record_name", noted.record_type),
            noted.rule,
            rule_text(Fault("", noted.rule), console),
            console.term("severity", noted.severity.value),
            noted.example,
            noted.records,
        )
        for noted in ordered[:number]
    ]
    columns = ("connection", "record_type", "rule", "meaning", "severity", "example", "records")
    headings = [f"quality_view.{name}" for name in columns]
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=len(columns) - 1))


def _show_trend(agency: str, months: Sequence[QualityMonth], console: Console) -> None:
    console.heading("quality_view.trend", agency=agency)
    if not months:
        console.message("quality_view.no_trend")
        return
    rows = [(each.month, *_row(each.score, console)[2:]) for each in months]
    headings = ["quality_view.month", "quality_view.points", "quality_view.possible"]
    headings += [f"quality_part.{part.value}" for part in QualityPart]
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=1))


def _row(score: QualityScore, console: Console) -> tuple[object, ...]:
    by_part = {part.part: part for part in score.parts}
    record_type = (
        console.term("record_name", score.record_type) if score.record_type else console.text("quality_view.every_type")
    )
    reached = [
        local_number(_reached(by_part[name]), console.language) if name in by_part else "-" for name in QualityPart
    ]
    return (score.agency, record_type, local_number(score.points, console.language), score.possible, *reached)


def _reached(part: PartScore) -> Decimal:
    return Decimal(part.weight) - _rounded(part)


def _rounded(part: PartScore) -> Decimal:
    exact = Decimal(part.lost.numerator) / Decimal(part.lost.denominator)
    return exact.quantize(Decimal("0.1"), ROUND_HALF_UP)


def _document(score: QualityScore) -> dict[str, Any]:
    return {
        "agency": score.agency,
        "record_type": score.record_type,
        "points": str(score.points),
        "possible": score.possible,
        "full": score.full,
        "parts": {
            part.part.value: {"good": part.good, "total": part.total, "weight": part.weight} for part in score.parts
        },
        "checks": [
            {
                "connection": noted.connection,
                "record_type": noted.record_type,
                "rule": noted.rule,
                "severity": noted.severity.value,
                "records": noted.records,
                "example": noted.example,
            }
            for noted in score.rules
        ],
    }
