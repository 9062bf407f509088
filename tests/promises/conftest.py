"""Fixtures of the promise tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc_connect.cli.demo_config import double_secrets
from cchc_connect.testing import Agencies
from tests.promises.province import Province, small_world

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave their coverage unmeasured: they keep promises by lines that the tests of database, sync and cli walk."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("repeats")


@pytest.fixture
def province(address: str) -> Iterator[Province]:
    """Give a small province of its own that a test may edit."""
    with Agencies(small_world()) as agencies, double_secrets(agencies):
        yield Province(agencies, address)
