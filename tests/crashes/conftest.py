"""Fixtures of the crash tests."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.crashes.hamlet import Hamlet, running_hamlet

MEMORY = Path("/dev/shm")  # noqa: S108  # the folder made there has a name that nobody can foresee


@pytest.fixture(scope="session")
def hamlet() -> Iterator[Hamlet]:
    """Give a hamlet whose databases lie in memory where they can: a killed process loses no page of the system's."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder, running_hamlet(Path(folder)) as running:
        yield running
