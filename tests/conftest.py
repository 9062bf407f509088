"""Settings and hooks of all tests. Property tests check rules and never measure speed.

Each run tries the same generated examples, so that a result is repeatable: a few each time, and with
`pytest --hypothesis-profile=all`, as `make test-long` does, all that a test asks for. New ones are tried with
`--hypothesis-profile=explore`.
"""

import gc
from collections import Counter, defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.command_signatures import share_signatures
from tests.coverage_switch import without_coverage_here
from tests.databases import DATABASE_KINDS, address, empty_address, stop_servers
from tests.quick import FULL_NUMBER
from tests.statement_cache import share_statement_cache
from tests.temporary_files import use_memory_for_temporary_files

__all__ = ["address", "empty_address"]

DATABASE_TESTS = Path(__file__).parent / "database"
CASES_ON_THE_SERVER = 1
TESTS_ON_THE_SERVER = 3
"""Of so many test functions of a module one runs on PostgreSQL each time."""

gc.disable()  # while modules are imported and tests made: all of that stays
settings.register_profile(
    "all",
    deadline=None,
    derandomize=True,
    max_examples=FULL_NUMBER,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("few", settings.get_profile("all"), max_examples=FULL_NUMBER // 10)
settings.register_profile("explore", settings.get_profile("all"), derandomize=False, max_examples=10 * FULL_NUMBER)
settings.load_profile("few")
share_statement_cache()
share_signatures()
use_memory_for_temporary_files()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--every`, which selects a part of the tests that take minutes."""
    parser.addoption("--every", type=int, default=1, metavar="N", help="of the tests marked `long` only every Nth")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave repetitions to the long tests; deselect those of them that `--every` leaves out."""
    _mark_repetitions_on_the_server(items)
    long_tests = [test for test in items if test.get_closest_marker("long")]
    left_out = set(long_tests) - set(long_tests[:: config.getoption("every")])
    if left_out:
        config.hook.pytest_deselected(items=sorted(left_out, key=items.index))
        items[:] = [test for test in items if test not in left_out]


def pytest_collection_finish() -> None:
    """Exempt everything that lives to the end from garbage collection, which would scan every test again and again."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Do not measure the coverage of a test that is marked `repeats`: measuring adds half to its time and no line."""
    if item.get_closest_marker("repeats") is None and not _runs_again(item):
        return (yield)
    with without_coverage_here():
        return (yield)


def _mark_repetitions_on_the_server(items: list[pytest.Item]) -> None:
    """Mark as long most of what tests outside `database` repeat on PostgreSQL; SQLite has all of it.

    One of three test functions of a module stays, with its first case, and what asks for every kind by itself.
    """
    cases: dict[Path, Counter[str]] = defaultdict(Counter)
    for item in items:
        if _runs_again(item) and not item.get_closest_marker("long"):
            tests = cases[item.path]
            test = item.name.partition("[")[0]
            tests[test] += 1
            is_due = _asks_for_every_kind(item) or [*tests].index(test) % TESTS_ON_THE_SERVER == 0
            if tests[test] > CASES_ON_THE_SERVER or not is_due:
                item.add_marker(pytest.mark.long)


def _asks_for_every_kind(item: pytest.Item) -> bool:
    """True if a test names the kinds of database that it runs on, because it has queries of its own."""
    return any(mark.args[0] == "address" for mark in item.iter_markers("parametrize"))


def _runs_again(item: pytest.Item) -> bool:
    """True if a test runs the same lines on PostgreSQL as on SQLite; tests of `database` run the lines that differ."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    texts = {value for value in parameters.values() if isinstance(value, str)}
    return DATABASE_KINDS[1] in texts and DATABASE_TESTS not in item.path.parents


def pytest_sessionfinish() -> None:
    """Stop the database server, if a test started one."""
    stop_servers()
