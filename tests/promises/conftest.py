"""Fixtures of the promise tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc_connect.cli.demo_config import passwords_of_doubles
from cchc_connect.testing import Agencies
from tests.promises.setting import ProvinceSetting, small_world

HERE = f"{Path(__file__).parent}/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Do not measure the coverage of promise tests: they run only lines that tests of database, sync and cli run."""
    for test in items:
        if str(test.path).startswith(HERE):
            test.add_marker("repeats")


@pytest.fixture
def province(address: str) -> Iterator[ProvinceSetting]:
    """Give a small province that the test may edit."""
    with Agencies(small_world()) as agencies, passwords_of_doubles(agencies):
        yield ProvinceSetting(agencies, address)
