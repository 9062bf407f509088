"""Nothing is lost.

A page's records, its cursor, its quarantine, its history and its counters commit in one transaction; after a
kill -9 anywhere the next run goes on from the last committed page.
"""

import os
import random
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager

import pytest

from cchc_connect import Adapter, HttpRequest, HttpResponse, Surroundings, Unreachable
from cchc_connect.cli.demo_config import ONE_STOP_PASSWORD, PORTAL_PASSWORD, double_secrets
from cchc_connect.config import ConnectionTable
from cchc_connect.sync.connect import connect
from cchc_connect.sync.report import Outcome
from cchc_connect.sync.run import Connect
from cchc_connect.testing import Agencies
from cchc_connect.testing.ogc_features import ITEMS
from cchc_connect.transport import RequestsTransport
from tests.databases import KINDS, new_address
from tests.promises.province import Province, small_world, sync_in_process, workers

KILLS_A_BATCH = 25
PAGE_SIZE = 10

Places = Callable[[], AbstractContextManager[str]]
"""Gives addresses of new databases of one kind."""

Expected = tuple[Mapping[str, object], float]
"""What a run that nobody kills leaves, and how many seconds it takes."""


def secrets() -> dict[str, str]:
    return {name: os.environ[name] for name in (ONE_STOP_PASSWORD, PORTAL_PASSWORD)}


def run_to_the_end(province: Province) -> float:
    """Run in a process of its own; return how many seconds it took."""
    started = time.monotonic()
    process = workers().Process(target=sync_in_process, args=(province.tables, secrets()))
    process.start()
    process.join()
    assert process.exitcode == 0
    process.close()
    return time.monotonic() - started


def run_and_kill(province: Province, after_s: float) -> None:
    """Run in a process of its own and kill it with SIGKILL after some time."""
    process = workers().Process(target=sync_in_process, args=(province.tables, secrets()))
    process.start()
    process.join(after_s)
    process.kill()
    process.join()
    process.close()


@pytest.fixture(scope="module", params=KINDS)
def places(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Give what makes new databases of one kind."""

    def place() -> AbstractContextManager[str]:
        return new_address(request.param, tmp_path_factory.mktemp("place"))

    return place


@contextmanager
def many_pages(address: str) -> Generator[Province, None, None]:
    """Give a small province that is pulled in many pages, each of them a commit."""
    with Agencies(small_world()) as agencies, double_secrets(agencies):
        province = Province(agencies, address)
        for name in ("land-registry", "one-stop"):
            province.tables["connections"][name]["options"]["page_size"] = PAGE_SIZE
        yield province


@pytest.fixture(scope="module")
def undisturbed(places: Places) -> Expected:
    """Give what a run that nobody kills leaves, and how long it takes."""
    seconds, contents = list[float](), list[Mapping[str, object]]()
    for _ in range(2):
        with places() as address, many_pages(address) as province:
            seconds.append(run_to_the_end(province))
            contents.append(province.content())
    return contents[-1], min(seconds)


def kill_and_finish(moments: random.Random, kills: int, expected: Expected, places: Places) -> None:
    """Kill runs at random moments; after each let the next run finish, and compare what is there."""
    content, seconds = expected
    for trial in range(kills):
        with places() as address, many_pages(address) as province:
            run_and_kill(province, moments.uniform(0, seconds))
            run_to_the_end(province)

            assert province.content() == content, f"trial {trial}"
            assert province.is_complete()


def test_a_run_killed_at_any_moment_is_finished_by_the_next(undisturbed: Expected, places: Places) -> None:
    """Nothing is lost: kill -9 at a random moment, run again, and the database is the same each time."""
    kill_and_finish(random.Random(0), 4, undisturbed, places)


@pytest.mark.long
@pytest.mark.parametrize("batch", range(1, 5))
def test_a_hundred_killed_runs_are_finished_by_the_next(batch: int, undisturbed: Expected, places: Places) -> None:
    """Nothing is lost, at length: a hundred random moments."""
    kill_and_finish(random.Random(batch), KILLS_A_BATCH, undisturbed, places)


def test_what_the_sources_hold_is_in_the_tables_or_in_quarantine(province: Province) -> None:
    """After a run each record type's rows and quarantine together are what the agencies hold."""
    province.sync()

    assert province.is_complete()


def test_a_source_that_breaks_in_its_middle_is_taken_up_there(province: Province) -> None:
    """Nothing is lost and nothing is fetched again: the next run asks for the page that did not come."""
    province.tables["connections"]["land-registry"]["options"]["page_size"] = 10
    broken = province.sync(Surroundings(connect=breaking_after(2)))
    asked = province.agencies.land_registry.requests_seen[ITEMS]

    province.sync()

    assert {line.outcome for line in broken.lines if line.name == "land-registry"} == {Outcome.FAILED}
    assert province.agencies.land_registry.requests_seen[ITEMS] - asked == 2
    assert province.is_complete()


def breaking_after(pages: int) -> Connect:
    """Return what connects as usual, but whose lines to land registries break after some pages."""

    def connecting(name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float) -> RequestsTransport:
        transport = connect(name, table, adapter, deadline_s)
        if table.adapter == "ogc_features":
            whole, answers = transport.send, iter(range(pages))

            def send(request: HttpRequest) -> HttpResponse:
                if next(answers, None) is None:
                    raise Unreachable("transport.unreachable", connection=name)
                return whole(request)

            transport.send = send  # type: ignore[method-assign]  # the line itself breaks, whatever is asked
        return transport

    return connecting
