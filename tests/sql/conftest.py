"""Fixtures of the tests with agencies' databases."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cchc_adapters.sql.adapter import SqlDatabase
from cchc_adapters.sql.options import SqlOptions
from cchc_adapters.sql.source import SqlSource
from cchc_connect import Item, Page, PageRequest
from tests.sql.agencies import KINDS, Agency, agency_of

CONSTANTS = {"procedure_code": {"constant": "1.004194"}, "status": {"constant": "in_process"}}

FIELDS = {"code": "ma", "applicant_name": "ten", **CONSTANTS}

Open = Callable[..., SqlSource]


@pytest.fixture(params=KINDS)
def agency(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Agency]:
    """Give the empty database of an agency; a test that uses it runs on every kind of database."""
    with agency_of(request.param, tmp_path) as created:
        yield created


@pytest.fixture
def adapters() -> Iterator[list[SqlDatabase]]:
    """Give a list of adapters that are closed after the test."""
    opened = list[SqlDatabase]()
    yield opened
    for adapter in opened:
        adapter.close()


@pytest.fixture
def open_source(agency: Agency, adapters: list[SqlDatabase]) -> Open:
    """Give a function that opens a source of dossiers in the agency's database, as another process would."""

    def opening(keys: dict[str, Any] | None = None, **options: Any) -> SqlSource:
        table = {"table": "ho_so", "key": "id", "fields": FIELDS, **(keys or {})}
        if "query" in table or "view" in table:
            table = {name: value for name, value in table.items() if name != "table"}
        checked = SqlOptions.model_validate({"url": agency.url, "sources": {"dossier": table}, **options})
        adapter = SqlDatabase(checked)
        adapters.append(adapter)
        return adapter.sources[0]

    return opening


def pages(source: SqlSource, page_request: PageRequest | None = None) -> Iterator[Page]:
    """Yield the pages of a reading."""
    page_request = page_request or PageRequest(since=None, page_token=None)
    while True:
        page = source.fetch(page_request)
        yield page
        if page.next_page_token is None:
            return
        page_request = PageRequest(since=page_request.since, page_token=page.next_page_token)


def items(source: SqlSource, page_request: PageRequest | None = None) -> list[Item]:
    """Return all items of a reading."""
    return [dict(item) for page in pages(source, page_request) for item in page.items]
