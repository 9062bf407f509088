"""The report as one self-contained page: no script, no request to anywhere, readable on paper and on a telephone.

Every figure stands as text; the bars repeat percentages for the eye. The report has no personal data, nor has the page.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from itertools import groupby

from cchc_connect.clock import VIETNAM_TIME, from_timestamp_text
from cchc_connect.kpi.html_parts import STYLE, bar, definitions, element, number_text, table
from cchc_connect.kpi.report import NOT_ENOUGH, TOO_FEW, KpiFigure, KpiReport, KpiRow
from cchc_connect.messages import Language, render_message

_EMPTY: Mapping[str, str] = {}

_UNITS = {
    "percent": "unit_percent",
    "count": "unit_count",
    "hour": "unit_hour",
    "day": "unit_day",
    "working_day": "unit_working_day",
}

_WARNINGS = {NOT_ENOUGH: "warning_not_enough", TOO_FEW: "warning_too_few"}


def kpi_page(report: KpiReport, language: Language, agencies: Mapping[str, str] = _EMPTY) -> str:
    """Return the report as an HTML page.

    Args:
        report: the report; its `figures` of several agencies make a table under each indicator.
        language: language of the page.
        agencies: names by code, for the tables of agencies; an agency without a name is shown by its code.
    """
    return _ReportPage(report, language, agencies).text()


class _ReportPage:
    def __init__(self, report: KpiReport, language: Language, agencies: Mapping[str, str]) -> None:
        self._report = report
        self._language = language
        self._agencies = agencies
        self._figures: dict[str, list[KpiFigure]] = {}
        for figure in report.figures:
            if figure.agency is not None and figure.agency != report.agency:
                self._figures.setdefault(figure.indicator, []).append(figure)

    def text(self) -> str:
        """Return the whole page."""
        title = escape(f"{self._phrase('title')}: {self._name(self._report.name)}")
        policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        sections = f"{self._heading()}{self._summary()}{self._indicators()}{self._closing()}"
        return (
            f'<!DOCTYPE html>\n<html lang="{self._language.value}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{sections}</body>\n</html>\n"
        )

    def _heading(self) -> str:
        report = self._report
        agency = self._phrase("province") if report.agency is None else self._agency(report.agency)
        period = self._phrase("period", start=_day(report.start), end=_day(report.end - timedelta(days=1)))
        stored_at = "-" if report.as_of_at is None else _minute(report.as_of_at)
        source = self._phrase("as_of", sequence=report.as_of, at=stored_at)
        lines = [element("p", escape(line)) for line in (f"{report.number}. {agency}.", period, source)]
        return f"<header><h1>{escape(self._name(report.name))}</h1>{''.join(lines)}</header>\n"

    def _summary(self) -> str:
        """Return points by group, where the set has points, and the check of the stock."""
        report, parts = self._report, list[str]()
        if report.maximum:
            total = self._phrase(
                "points", points=self._number(report.points), available=report.available, maximum=report.maximum
            )
            parts.append(element("p", escape(total), "total"))
            header = [self._phrase(name) for name in ("group", "points_column", "available", "maximum")]
            rows = [
                [self._name(group.name), self._number(group.points), str(group.available), str(group.maximum)]
                for group in report.groups
            ]
            parts.append(table(self._phrase("groups"), header, rows))
        stock = report.stock
        parts.append(
            element(
                "p",
                escape(
                    self._phrase(
                        "stock",
                        opening=stock.opening,
                        received=stock.received,
                        ended=stock.ended,
                        open=stock.open,
                        difference=stock.difference,
                    )
                ),
            )
        )
        return f"<main>\n<section><h2>{escape(self._phrase('summary'))}</h2>{''.join(parts)}</section>\n"

    def _indicators(self) -> str:
        names = {group.group: self._name(group.name) for group in self._report.groups}
        parts = list[str]()
        for group, rows in groupby(self._report.rows, key=lambda row: row.group):
            heading = names.get(group or "", self._phrase("indicators"))
            body = "\n".join(self._indicator(row) for row in rows)
            parts.append(f"<section><h2>{escape(heading)}</h2>\n{body}</section>\n")
        return "".join(parts)

    def _indicator(self, row: KpiRow) -> str:
        """Return one indicator: its value, bar, counts, target, statements, and a table of agencies."""
        value = self._value(row)
        heading = f"{row.indicator}. {self._name(row.name)}"
        parts = [f"<h3>{escape(heading)}</h3>", element("p", escape(value), "value")]
        if row.unit == "percent" and row.figure.value is not None:
            parts.append(bar(row.figure.value, row.target, self._bar_text(row)))
        parts += [element("p", escape(self._warning(code, row)), "warning") for code in row.figure.warnings]
        parts.append(definitions(self._facts(row)))
        if figures := self._figures.get(row.indicator):
            parts.append(self._agency_table(row, figures))
        texts = [escape(self._name(each)) for each in row.statements]
        parts.append(f'<ul class="statements">{"".join(f"<li>{text}</li>" for text in texts)}</ul>')
        return f"<article>{''.join(parts)}</article>"

    def _facts(self, row: KpiRow) -> Iterable[tuple[str, str]]:
        """Yield what stands in the list under the value: label and text."""
        figure = row.figure
        if not figure.missing_fields:
            yield self._phrase("counted"), f"{figure.numerator} / {figure.denominator}"
            yield self._phrase("unknown"), str(figure.unknown)
        if row.unit == "percent":
            target = self._phrase("no_target") if row.target is None else f"{self._number(row.target)} %"
            yield self._phrase("target"), target
        if row.distance is not None:
            yield self._phrase("distance"), self._phrase("points_away", points=self._number(row.distance))
        if row.lacking is not None:
            yield self._phrase("lacking"), str(row.lacking)
        if row.maximum is not None:
            points = "-" if row.points is None else self._number(row.points)
            yield self._phrase("points_column"), f"{points} / {row.maximum}"
        if figure.as_now is not None and figure.as_now.value is not None:
            yield self._phrase("as_now"), self._number(figure.as_now.value)

    def _agency_table(self, row: KpiRow, figures: Iterable[KpiFigure]) -> str:
        header = [self._phrase(name) for name in ("agency", "value", "counted", "unknown")]
        lines = [
            [
                self._agency(figure.agency or ""),
                "-" if figure.value is None else self._number(figure.value),
                f"{figure.numerator} / {figure.denominator}",
                str(figure.unknown),
            ]
            for figure in figures
        ]
        return table(self._phrase("agencies", indicator=row.indicator), header, lines)

    def _closing(self) -> str:
        text = self._phrase("closing", set=self._report.set_id, version=self._report.version)
        return f"</main>\n<footer><p>{escape(text)}</p></footer>\n"

    def _value(self, row: KpiRow) -> str:
        figure = row.figure
        if figure.missing_fields:
            return self._phrase("missing", fields=", ".join(figure.missing_fields))
        if figure.value is None:
            return self._phrase("none_counted")
        return f"{self._number(figure.value)} {self._phrase(_UNITS[row.unit])}"

    def _bar_text(self, row: KpiRow) -> str:
        if row.target is None:
            return self._value(row)
        return f"{self._value(row)}; {self._phrase('target')} {self._number(row.target)} %"

    def _warning(self, code: str, row: KpiRow) -> str:
        return self._phrase(_WARNINGS[code], unknown=row.figure.unknown, denominator=row.figure.denominator)

    def _agency(self, code: str) -> str:
        name = self._agencies.get(code)
        return code if name is None else f"{name} ({code})"

    def _name(self, texts: object) -> str:
        text: str = getattr(texts, self._language.value)
        return text

    def _number(self, number: Decimal) -> str:
        return number_text(number, self._language)

    def _phrase(self, name: str, **values: object) -> str:
        return render_message(f"kpi_page.{name}", self._language, values)


def _minute(timestamp: str) -> str:
    return f"{from_timestamp_text(timestamp).astimezone(VIETNAM_TIME):%H:%M %d/%m/%Y}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
