"""A number that the options name and the response does not have is a fault: `check` and the kit name what there is."""

from collections.abc import Generator
from pathlib import Path

import pytest

from cchc_connect import Config
from cchc_connect.diagnostics.connections import check_connections
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.testing.kit.cases import cases_of_setup
from cchc_connect.testing.kit.rule import RuleBroken
from cchc_connect.testing.kit.setup import Setup
from tests.adapters.rest.paged_system import Desk, PagedSystem, dossiers, running_desk

PAGES = 'kind = "page", parameter = "page", size = 3, size_parameter = "size"'


@pytest.fixture
def desk(tmp_path: Path) -> Generator[Desk, None, None]:
    """Give a system of eight dossiers, which announces their number as `total`."""
    with running_desk(tmp_path) as running:
        running.system.items = dossiers(8)
        yield running


def faults(desk: Desk, paging: str) -> list[Finding]:
    findings = check_connections(Config.load(desk.configuration(f"{{ {paging} }}")))
    return [finding for finding in findings if finding.error is not None]


@pytest.mark.parametrize("key", ["total", "pages", "total_header"])
def test_a_number_that_is_not_in_the_response_is_a_fault_of_the_check(desk: Desk, key: str) -> None:
    (fault,) = faults(desk, f'{PAGES}, {key} = "data.totl"')

    assert fault.message.code == "rest.number_missing"
    assert "data.totl" in str(fault.message)
    assert ("content-length" if key == "total_header" else "stand at: total.") in str(fault.message)


def test_the_name_that_was_probably_meant_is_proposed(desk: Desk) -> None:
    (fault,) = faults(desk, f'{PAGES}, total = "totals"')

    assert "'total'" in str(fault.message)


@pytest.mark.parametrize("total", [8, None, -1])
def test_a_total_that_is_there_is_none(desk: Desk, total: int | None) -> None:
    """Also one of null, or below 0, by which systems say that they do not count."""
    desk.system.habits.shape = lambda page, _: {"total": total, "data": {"items": list(page)}}

    assert faults(desk, f'{PAGES}, total = "total"') == []


def test_a_run_goes_on_without_the_number(desk: Desk) -> None:
    pulled = desk.pull(f'{{ {PAGES}, total = "data.totl" }}')

    assert (pulled.code, len(pulled.codes)) == ("", 8)


def test_the_kit_finds_it() -> None:
    def system() -> PagedSystem:
        made = PagedSystem()
        made.items = dossiers(8)
        return made

    rule = {"property": "trang_thai", "codes": {"dang xu ly": "in_process"}}
    fields = {"code": "so", "procedure_code": "thu_tuc", "status": rule}
    paging = {"kind": "page", "parameter": "page", "size": 3, "size_parameter": "size", "total": "data.totl"}
    source = {"path": "/ho-so", "items": "data.items", "key": "id", "paging": paging, "fields": fields}
    setup = Setup(adapter="rest", system=system, options={"sources": {"dossier": source}})
    cases = cases_of_setup(setup, {}, is_thorough=False)

    with setup.opened() as bench, pytest.raises(RuleBroken, match=r"data\.totl"):
        next(case for case in cases if case.rule.name == "pages_add_up").check(bench)
