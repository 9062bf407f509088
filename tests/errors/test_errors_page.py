"""docs/errors.md: complete, and true to the classes and calls of the sources."""

import re
from pathlib import Path

import pytest

from cchc_connect.messages import Language, sentences_by_code
from tests.checkout import ROOT
from tests.cli.conftest import write_config
from tests.errors.code_tables import ACTIONS, CLASSES, PAGE, WHO_BY_CODE, WHO_BY_TABLE, classes_by_code, made_page, rows

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_of_the_page_are_those_of_the_sources() -> None:
    """Make them again with `python -m tests.errors.code_tables`."""
    assert made_page(TEXT) == TEXT


def test_every_error_class_says_what_to_do_whether_to_try_again_and_who_acts() -> None:
    assert set(ACTIONS) == set(CLASSES)
    assert [name for name, cells in ACTIONS.items() if not all(cells)] == []


def test_every_code_that_an_error_is_made_with_stands_in_the_page() -> None:
    listed = set(re.findall(r"^\| `([a-z_]+\.[a-z0-9_]+)` \|", TEXT, re.MULTILINE))

    assert set(classes_by_code()) - listed == set()
    assert listed - set(sentences_by_code(Language.ENGLISH)) == set()
    assert len(listed) == len(rows())


def test_the_program_of_the_page_prints_why_a_source_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    registry = {
        "adapter": "ogc_features",
        "agency": "H09.12",
        "base_url": "http://127.0.0.1:9/",
        "options": {"collection": "parcels", "scheme": "gso-2025-07"},
    }
    write_config(Path("cchc.toml"), {"run": {"deadline_s": 1}, "connections": {"registry": registry}})
    (program,) = re.findall(r"```python\n(from cchc_connect import.*?|import sys.*?)```", TEXT, re.DOTALL)

    exec(compile(program, "errors.md", "exec"), {})  # noqa: S102  # our own page

    assert "registry land_parcel transport.never_connected" in capsys.readouterr().out


def test_who_acts_is_said_of_codes_and_tables_that_exist() -> None:
    assert set(WHO_BY_CODE) - set(rows()) == set()
    assert set(WHO_BY_TABLE) - {code.partition(".")[0] for code in rows()} == set()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]*)(?:#[^)]*)?\)", TEXT)) - {""}))
def test_a_link_leads_to_a_page(link: str) -> None:
    assert (ROOT / "docs" / link).is_file()


@pytest.mark.parametrize("anchor", re.findall(r"\]\(#([^)]*)\)", TEXT))
def test_a_link_within_the_page_leads_to_a_heading(anchor: str) -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
