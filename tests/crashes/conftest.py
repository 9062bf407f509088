"""Fixtures of the crash tests."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.crashes.small_province import SmallProvince, running_small_province
from tests.temporary_files import MEMORY_FOLDER

HERE = f"{Path(__file__).parent}/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Do not measure the coverage of crash tests: they disturb processes, and other tests run the same lines."""
    for test in items:
        if str(test.path).startswith(HERE):
            test.add_marker("repeats")


@pytest.fixture(scope="session")
def hamlet() -> Iterator[SmallProvince]:
    """Give a hamlet, its databases in memory if possible: a killed process loses nothing that it had written."""
    with (
        TemporaryDirectory(dir=MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None) as folder,
        running_small_province(Path(folder)) as running,
    ):
        yield running
