"""The environment of processes that tests start and whose coverage nobody needs to measure.

Measuring makes a process slower by more than half; one that is killed, or whose lines others walk in the test's own
process, gives nothing for it.
"""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from coverage import Coverage

MEASURING = ("COVERAGE", "COV_")
"""How the variables begin that make a Python process measure its coverage."""


def unmeasured(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that does not measure its coverage."""
    return {name: value for name, value in environment.items() if not name.startswith(MEASURING)}


@contextmanager
def unmeasured_children() -> Generator[None, None, None]:
    """Let processes that are started while the block runs not measure their coverage."""
    taken = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(MEASURING)}
    try:
        yield
    finally:
        os.environ.update(taken)


@contextmanager
def unmeasured_here() -> Generator[None, None, None]:
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
