"""`kpi report`: the figures of a set of indicators for a period, as a table, as JSON, or as a CSV file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.corrections import typed_day
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_date, local_number
from cchc_connect.cli.kpi_connected import connected_counts
from cchc_connect.cli.written_files import require_writable_name, writing_file
from cchc_connect.config.file import Config
from cchc_connect.database.reading.records import records
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.kpi.computing import compute
from cchc_connect.kpi.html_page import kpi_page
from cchc_connect.kpi.report import Counts, KpiFigure, KpiReport, KpiRow
from cchc_connect.privacy.private_files import new_private_file
from cchc_connect.spreadsheets.files import write_spreadsheet
from cchc_connect.spreadsheets.tables import Column
from cchc_schemas import Agency

NOTHING = "-"

HEADINGS = tuple(
    f"kpi_view.{name}"
    for name in ("id", "name", "value", "counts", "unknown", "target", "distance", "lacking", "points")
)
NUMBERS_FROM = 2

FILE_COLUMNS = (
    *("set", "version", "agency", "from", "to", "as_of", "indicator", "name", "numerator", "denominator", "unknown"),
    *("value", "unit", "points", "maximum", "target", "distance", "lacking", "missing_fields", "warnings"),
)


@dataclass(frozen=True, kw_only=True)
class PeriodOptions:
    """Of which set, for whom and when, as it was typed."""

    set_id: str
    start: str
    end: str
    agency: str | None
    as_of: int | None

    def days(self) -> tuple[date, date]:
        """Return the first day of the period, and the first one after it.

        Raises:
            UsageMistake: one of them is no day.
        """
        start, end = typed_day(self.start, "--from"), typed_day(self.end, "--to")
        return start or date.min, end or date.max


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """Files that are written beside what is shown."""

    csv: Path | None = None
    html: Path | None = None

    @property
    def paths(self) -> list[Path]:
        """Return those that are written."""
        return [path for path in (self.csv, self.html) if path is not None]


def report(
    command: CommandContext, database: str | None, options: PeriodOptions, files: ReportFiles, *, each: bool
) -> ExitCode:
    """Show the report of a period.

    Raises:
        UsageMistake: there is no such set or agency, the period is empty, or a day cannot be read.
        NotFound: versions that held at the sequence were purged.
        CannotCreate: the file exists already, or cannot be written.
    """
    for path in files.paths:
        require_writable_name(path)
    config = None if database is not None else Config.load(command.config)
    with existing_database(command, database) as opened:
        computed = _computed(opened, config, options, each=each)
        names = {each.code: each.name for each in records(opened, Agency)} if files.html is not None else {}
    console = command.console
    if files.csv is not None:
        with writing_file(files.csv):
            _write(files.csv, computed, console)
    if files.html is not None:
        page = kpi_page(computed, console.language, names)
        with writing_file(files.html), new_private_file(files.html) as file:
            file.write(page.encode())
    console.document(computed.to_document())
    _show(computed, console)
    if each:
        _show_each(computed, console)
    for path in files.paths:
        console.message("kpi_view.written", path=path, rows=len(computed.figures))
    if config is None:
        console.message("kpi_view.needs_configuration")
    _advise(computed, console)
    return ExitCode.DONE


def _computed(opened: SharedDatabase, config: Config | None, options: PeriodOptions, *, each: bool) -> KpiReport:
    """Compute the report; which databases are connected and shared is in it if there is a configuration."""
    start, end = options.days()
    return compute(
        opened,
        options.set_id,
        start=start,
        end=end,
        agency=options.agency,
        each=each,
        as_of=options.as_of,
        connected=None if config is None or start >= end else connected_counts(opened, config, start, end),
    )


def _show(computed: KpiReport, console: Console) -> None:
    last = computed.end - timedelta(days=1)
    days = {"start": local_date(computed.start, console.language), "last": local_date(last, console.language)}
    name = computed.name.text(console.language.value)
    code = "kpi_view.of_province" if computed.agency is None else "kpi_view.of_agency"
    console.heading(code, name=name, agency=computed.agency, **days)
    rows = [_cells(row, console) for row in computed.rows]
    console.table(OutputTable(headings=HEADINGS, rows=rows, numbers_from=NUMBERS_FROM))
    console.line()
    for row in computed.rows:
        for line in _remarks(row, console):
            console.line(line, hanging=2)
    if computed.maximum:
        for group in computed.groups:
            words = {"group": group.name.text(console.language.value), "available": group.available}
            points = local_number(group.points, console.language)
            console.message("kpi_view.group", points=points, maximum=group.maximum, **words)
        points = local_number(computed.points, console.language)
        console.message("kpi_view.points_total", points=points, available=computed.available, maximum=computed.maximum)
    stock = computed.stock
    code = "kpi_view.stock" if stock.difference == 0 else "kpi_view.stock_differs"
    numbers = {"opening": stock.opening, "received": stock.received, "ended": stock.ended, "open": stock.open}
    console.message(code, **numbers, difference=stock.difference)
    console.message("kpi_view.source", sequence=computed.as_of, at=computed.as_of_at or NOTHING)


def _cells(row: KpiRow, console: Console) -> Sequence[object]:
    figure, language = row.figure, console.language
    target = console.text("kpi_view.no_target") if row.lacks_target else _number(row.target, console)
    points = NOTHING if row.maximum is None else f"{_number(row.points, console)} / {row.maximum}"
    name = row.name.text(language.value)
    distance, lacking = _number(row.distance, console), NOTHING if row.lacking is None else row.lacking
    return (
        row.indicator,
        name,
        _value(figure, console),
        _counts(figure, row),
        figure.unknown,
        target,
        distance,
        lacking,
        points,
    )


def _counts(figure: KpiFigure, row: KpiRow) -> str:
    """Return numerator and denominator; of a mean and of a count only how many cases there are."""
    if figure.missing_fields:
        return NOTHING
    is_rate = row.unit == "percent"
    return f"{figure.numerator} / {figure.denominator}" if is_rate else str(figure.denominator)


def _value(figure: KpiFigure | Counts, console: Console) -> str:
    if isinstance(figure, KpiFigure) and figure.missing_fields:
        return console.text("kpi_view.not_computed")
    return _number(figure.value, console)


def _number(value: Decimal | None, console: Console) -> str:
    return NOTHING if value is None else local_number(value, console.language)


def _remarks(row: KpiRow, console: Console) -> list[str]:
    """Return what must be known of a figure: what is missing, what is too little, which target was not set."""
    remarks = list[str]()
    if row.figure.missing_fields:
        fields = ", ".join(row.figure.missing_fields)
        return [console.text("kpi_view.missing", indicator=row.indicator, fields=fields)]
    remarks += [console.text(f"kpi_view.{name}", indicator=row.indicator) for name in row.figure.warnings]
    return remarks


def _show_each(computed: KpiReport, console: Console) -> None:
    names = ("agency", "id", "value", "counts", "unknown", "as_now")
    headings = tuple(f"kpi_view.{name}" for name in names)
    of = {row.indicator: row for row in computed.rows}
    rows = [
        (
            figure.agency,
            figure.indicator,
            _value(figure, console),
            _counts(figure, of[figure.indicator]),
            figure.unknown,
            NOTHING if figure.as_now is None else _value(figure.as_now, console),
        )
        for figure in computed.figures
        if figure.agency is not None and (figure.denominator or figure.unknown)
    ]
    console.line()
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=2))


def _advise(computed: KpiReport, console: Console) -> None:
    example = next((row for row in computed.rows if row.figure.denominator), computed.rows[0]).indicator
    days = {"start": computed.start.isoformat(), "end": computed.end.isoformat()}
    console.message("kpi_view.see_cases", indicator=example, set=computed.set_id, **days)
    console.message("kpi_view.see_explanation", indicator=example, set=computed.set_id)


def _write(path: Path, computed: KpiReport, console: Console) -> None:
    """Write the figures into a CSV file: a line for each figure."""
    by_indicator = {row.indicator: row for row in computed.rows}
    columns = [Column(name) for name in FILE_COLUMNS]
    rows = (_file_row(computed, figure, by_indicator[figure.indicator], console) for figure in computed.figures)
    write_spreadsheet(path, columns, rows)


def _file_row(computed: KpiReport, figure: KpiFigure, row: KpiRow, console: Console) -> Sequence[str | None]:
    is_headline = figure.agency == computed.agency
    of_row = (row.points, row.maximum, row.target, row.distance, row.lacking)
    values = (
        *(computed.set_id, computed.version, figure.agency, computed.start, computed.end, computed.as_of),
        *(figure.indicator, row.name.text(console.language.value)),
        *(figure.numerator, figure.denominator, figure.unknown, figure.value, row.unit),
        *(of_row if is_headline else (None, row.maximum, None, None, None)),
        *(" ".join(figure.missing_fields), " ".join(figure.warnings)),
    )
    return [None if value is None else str(value) for value in values]
