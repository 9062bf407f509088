"""Settings and hooks of all tests. Property tests check rules and never measure speed.

Each run tries the same generated examples, so that a result is repeatable; new examples are tried with
`pytest --hypothesis-profile=explore`.
"""

import gc
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.coverage_switch import without_coverage_here
from tests.databases import DATABASE_KINDS, address, empty_address, stop_servers
from tests.statement_cache import share_statement_cache
from tests.temporary_files import use_memory_for_temporary_files

__all__ = ["address", "empty_address"]

DATABASE_TESTS = Path(__file__).parent / "database"

settings.register_profile("rules", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("rules"), derandomize=False, max_examples=1000)
settings.load_profile("rules")
share_statement_cache()
use_memory_for_temporary_files()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--every`, which selects a part of the tests that take minutes."""
    parser.addoption("--every", type=int, default=1, metavar="N", help="of the tests marked `long` only every Nth")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the long tests that `--every` leaves out."""
    long_tests = [test for test in items if test.get_closest_marker("long")]
    left_out = set(long_tests) - set(long_tests[:: config.getoption("every")])
    if left_out:
        config.hook.pytest_deselected(items=sorted(left_out, key=items.index))
        items[:] = [test for test in items if test not in left_out]


def pytest_collection_finish() -> None:
    """Exempt everything that lives to the end from garbage collection, which would scan every test again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Do not measure the coverage of a test that is marked `repeats`: measuring adds half to its time and no line."""
    if item.get_closest_marker("repeats") is None and not _runs_again(item):
        return (yield)
    with without_coverage_here():
        return (yield)


def _runs_again(item: pytest.Item) -> bool:
    """True if a test runs the same lines on PostgreSQL as on SQLite; tests of `database` run the lines that differ."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return parameters.get("address") == DATABASE_KINDS[1] and DATABASE_TESTS not in item.path.parents


def pytest_sessionfinish() -> None:
    """Stop the database server, if a test started one."""
    stop_servers()
