"""The end of the demonstration: the programme's indicators of the year against their targets, also as a page."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.formatting import local_number
from cchc_connect.database.reading.records import records
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.kpi.computing import compute
from cchc_connect.kpi.html_page import kpi_page
from cchc_connect.kpi.report import KpiRow
from cchc_connect.privacy.private_files import new_private_file
from cchc_schemas import Agency

PROGRAMME = "cchc-2021-2030"
PAGE_FILE = "chi-tieu.html"
YEAR = 2026
"""Year in which the invented dossiers are received."""


def show_indicators(console: Console, database: SharedDatabase, folder: Path) -> Mapping[str, Any]:
    """Show the figures that can be computed, write the page into `folder`, and return the figures JSON-ready."""
    report = compute(database, PROGRAMME, start=date(YEAR, 1, 1), end=date(YEAR + 1, 1, 1), each=True)
    names = {agency.code: agency.name for agency in records(database, Agency)}
    with new_private_file(folder / PAGE_FILE, replace=True) as file:
        file.write(kpi_page(report, console.language, names).encode())
    console.heading("demo.indicators", name=report.name.text(console.language.value), year=YEAR)
    rows = [_cells(row, console) for row in report.rows if row.figure.value is not None]
    headings = [f"kpi_view.{name}" for name in ("name", "value", "counts", "unknown", "target")]
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=1))
    missing = sum(row.figure.value is None for row in report.rows)
    console.message("demo.indicators_missing", number=missing)
    return {
        "set": report.set_id,
        "as_of": report.as_of,
        "figures": {row.indicator: _figure(row) for row in report.rows},
    }


def _cells(row: KpiRow, console: Console) -> tuple[object, ...]:
    figure, language = row.figure, console.language
    value = "-" if figure.value is None else local_number(figure.value, language)
    target = console.text("kpi_view.no_target") if row.target is None else local_number(row.target, language)
    counts = f"{figure.numerator} / {figure.denominator}"
    return row.name.text(language.value), value, counts, figure.unknown, target


def _figure(row: KpiRow) -> Mapping[str, Any]:
    figure = row.figure
    value = None if figure.value is None else str(figure.value)
    return {
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "unknown": figure.unknown,
        "value": value,
        "missing_fields": list(figure.missing_fields),
    }
