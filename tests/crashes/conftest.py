"""Fixtures of the crash tests."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.crashes.hamlet import Hamlet, running_hamlet
from tests.memory import MEMORY

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave their coverage unmeasured: what is disturbed are processes, and whole runs are walked elsewhere."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("repeats")


@pytest.fixture(scope="session")
def hamlet() -> Iterator[Hamlet]:
    """Give a hamlet whose databases lie in memory where they can: a killed process loses no page of the system's."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder, running_hamlet(Path(folder)) as running:
        yield running
