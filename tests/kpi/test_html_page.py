"""The page of a report: complete, escaped, and without a request to anywhere."""

from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser

import pytest

from cchc_connect import SharedDatabase
from cchc_connect.kpi import KpiReport, compute
from cchc_connect.kpi.html_page import kpi_page
from cchc_connect.messages import Language
from tests.databases import on_sqlite_only
from tests.kpi.written import BUILDING, dossier, procedure, write

pytestmark = on_sqlite_only

HOSTILE_NAME = 'Sở <script src="//x">&"\''


@pytest.fixture(params=["cchc-2021-2030", "qd-766-2022"])
def report(address: str, request: pytest.FixtureRequest) -> Iterator[KpiReport]:
    """Give a report on two dossiers, one of them in time."""
    with SharedDatabase(address, create_or_upgrade=True) as database:
        in_time = {"received_at": "01-05 08:00", "due_at": "02-01", "status": 9}
        dossiers = [
            dossier("D-1", **in_time, processed_at="01-10 08:00"),
            dossier("D-2", **in_time, processed_at="02-10 08:00"),
        ]
        write(database, [procedure(), *dossiers])
        yield compute(database, request.param, start=date(2026, 1, 1), end=date(2027, 1, 1), each=True)


class Markup(HTMLParser):
    """Notes elements, attributes and texts, and that every element is closed in its order."""

    VOID = frozenset({"meta", "rect"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.values: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [f"{name}={value}" for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("language", list(Language))
def test_every_indicator_stands_on_the_page_with_its_value_and_statements(
    report: KpiReport, language: Language
) -> None:
    markup = Markup(kpi_page(report, language))

    headings = [f"{row.indicator}. {getattr(row.name, language.value)}" for row in report.rows]
    assert [text for text in markup.texts if text in set(headings)] == headings
    statements = [getattr(each, language.value) for row in report.rows for each in row.statements]
    assert set(statements) <= set(markup.texts)
    assert markup.open == []


def test_half_on_time_is_said_with_the_sign_of_the_language(report: KpiReport) -> None:
    assert "50,00 %" in Markup(kpi_page(report, Language.VIETNAMESE)).texts
    assert "50.00 %" in Markup(kpi_page(report, Language.ENGLISH)).texts


def test_the_page_loads_nothing_and_shows_names_as_text(report: KpiReport) -> None:
    page = kpi_page(report, Language.VIETNAMESE, {BUILDING: HOSTILE_NAME})
    markup = Markup(page)

    assert {"script", "link", "img", "iframe"}.isdisjoint(markup.tags)
    assert not [value for value in markup.values if value.startswith(("src=", "href=")) or "http://" in value]
    assert f"{HOSTILE_NAME} ({BUILDING})" in "".join(markup.texts)


def test_the_same_report_gives_the_same_page(report: KpiReport) -> None:
    assert kpi_page(report, Language.VIETNAMESE) == kpi_page(report, Language.VIETNAMESE)
