"""The tables of the documentation about adapters and rules are those of the code."""

import re
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.conformance.pages import PAGES, made_page
from tests.conformance.shipped import SHIPPED


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_table_is_the_one_that_the_code_makes(page: Path) -> None:
    """Make it again with `python -m tests.conformance.pages`."""
    assert made_page(page) == page.read_text(encoding="utf-8")


def test_the_table_of_systems_names_every_adapter_that_ships() -> None:
    text = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
    table = text.partition("| adapter | system | account |")[2].partition("\n\n")[0]

    named = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)

    assert sorted(named) == sorted(SHIPPED)
