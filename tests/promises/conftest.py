"""Fixtures of the promise tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc_connect.cli.demo_config import double_secrets
from cchc_connect.testing import Agencies
from tests.promises.province import Province, small_world

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure on SQLite only: what PostgreSQL has of its own is measured in the tests of database and sync."""
    for item in items:
        if HERE in item.path.parents and "[postgres" in item.name:
            item.add_marker("repeats")


@pytest.fixture
def province(address: str) -> Iterator[Province]:
    """Give a small province of its own that a test may edit."""
    with Agencies(small_world()) as agencies, double_secrets(agencies):
        yield Province(agencies, address)
