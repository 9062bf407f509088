"""Switching off coverage measurement, for processes that tests start and for parts of a test.

Measuring makes a process slower by more than half. It yields nothing for a process that is killed, or whose lines
other tests run in the test's own process.
"""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from coverage import Coverage

MEASURING = ("COVERAGE", "COV_")
"""Prefixes of the environment variables that make a Python process measure its coverage."""


def without_coverage(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the variables that switch on coverage measurement."""
    return {name: value for name, value in environment.items() if not name.startswith(MEASURING)}


@contextmanager
def children_without_coverage() -> Generator[None, None, None]:
    """Do not measure the coverage of processes that are started while the block runs."""
    removed = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(MEASURING)}
    try:
        yield
    finally:
        os.environ.update(removed)


@contextmanager
def without_coverage_here() -> Generator[None, None, None]:
    """Stop measuring this process's coverage while the block runs."""
    measuring = Coverage.current()
    if measuring is None:
        yield
        return
    measuring.stop()
    try:
        yield
    finally:
        measuring.start()
