"""What all tests share: property tests prove rules and never measure speed.

Each run tries the same examples, so that what lands was not lucky; new ones are tried with
`pytest --hypothesis-profile=explore`.
"""

import gc
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.compiled import share_compiled
from tests.databases import KINDS, address, empty_address, stop_servers
from tests.memory import make_files_in_memory
from tests.processes import unmeasured_here

__all__ = ["address", "empty_address"]

DATABASE_TESTS = Path(__file__).parent / "database"

settings.register_profile("rules", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("rules"), derandomize=False, max_examples=1000)
settings.load_profile("rules")
share_compiled()
make_files_in_memory()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run take a part of the tests that take minutes."""
    parser.addoption("--every", type=int, default=1, metavar="N", help="of the tests marked `long` only every Nth")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what `--every` leaves out."""
    long = [item for item in items if item.get_closest_marker("long")]
    left_out = set(long) - set(long[:: config.getoption("every")])
    if left_out:
        config.hook.pytest_deselected(items=sorted(left_out, key=items.index))
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """Keep the collector away from what stays to the end: it would look through every test again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Do not measure the coverage of a test that is marked `repeats`: it would take half again as long for nothing."""
    if item.get_closest_marker("repeats") is None and not _runs_again(item):
        return (yield)
    with unmeasured_here():
        return (yield)


def _runs_again(item: pytest.Item) -> bool:
    """Say whether a test walks on PostgreSQL what it walks on SQLite; what differs is walked by those of database."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return parameters.get("address") == KINDS[1] and DATABASE_TESTS not in item.path.parents


def pytest_sessionfinish() -> None:
    """Stop the database server, if a test started one."""
    stop_servers()
