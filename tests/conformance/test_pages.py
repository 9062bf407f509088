"""The tables of the documentation about adapters and rules are those of the code."""

from pathlib import Path

import pytest

from tests.conformance.pages import PAGES, made_page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_table_is_the_one_that_the_code_makes(page: Path) -> None:
    """Make it again with `python -m tests.conformance.pages`."""
    assert made_page(page) == page.read_text(encoding="utf-8")
