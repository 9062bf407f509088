"""Nothing is lost.

A page's records, its cursor, its quarantine, its history and its counters commit in one transaction; after a
kill -9 anywhere the next run goes on from the last committed page.
"""

import random
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import pytest

from cchc_connect import Adapter, HttpRequest, HttpResponse, RunEnvironment, Unreachable
from cchc_connect.cli.demo_config import ONE_STOP_PASSWORD, PORTAL_PASSWORD, passwords_of_doubles
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.sync.connector import connect
from cchc_connect.sync.report import RunStatus
from cchc_connect.sync.run_environment import TransportOpener
from cchc_connect.testing import Agencies
from cchc_connect.testing.doubles.ogc_features import ITEMS
from cchc_connect.testing.doubles.portal_inbox import PortalInbox
from cchc_connect.transport import RequestsTransport
from tests.crashes.fork_server import KILLED, ForkServer
from tests.databases import DATABASE_KINDS, new_address
from tests.promises.setting import ProvinceSetting, small_world

KILLS_A_BATCH = 25
PAGE_SIZE = 4

Places = Callable[[], AbstractContextManager[str]]
"""Gives the URL of a new database of one kind."""


class Ground:
    """A setting for killing runs: a small province that is pulled in many pages, each of them a commit."""

    def __init__(self, agencies: Agencies, nursery: ForkServer, places: Places) -> None:
        self.nursery = nursery
        self._agencies = agencies
        self._places = places
        self.content, self.seconds = self._undisturbed()
        """What an undisturbed run leaves, and its duration in seconds."""

    @contextmanager
    def trial(self) -> Generator[ProvinceSetting, None, None]:
        """Give the province with a new database and an empty portal."""
        self._agencies.national_portal.inbox = PortalInbox()
        with self._places() as address:
            yield many_pages(self._agencies, address)

    def _undisturbed(self) -> tuple[Mapping[str, object], float]:
        with self.trial() as province:
            started = time.monotonic()
            assert self.nursery.run(province.address) == 0
            return province.content(), time.monotonic() - started


def many_pages(agencies: Agencies, address: str) -> ProvinceSetting:
    """Return a province whose sources have more pages than they need."""
    province = ProvinceSetting(agencies, address)
    for name in ("land-registry", "one-stop"):
        province.tables["connections"][name]["options"]["page_size"] = PAGE_SIZE
    return province


@pytest.fixture(scope="module", params=DATABASE_KINDS)
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Give the setting with databases of one kind."""

    def databases() -> AbstractContextManager[str]:
        return new_address(request.param, tmp_path_factory.mktemp("place"))

    with Agencies(small_world()) as agencies, passwords_of_doubles(agencies), databases() as warm:
        nursery = ForkServer(many_pages(agencies, warm).tables, (), [ONE_STOP_PASSWORD, PORTAL_PASSWORD])
        with nursery:
            yield Ground(agencies, nursery, databases)


def kill_and_finish(ground: Ground, moments: random.Random, kills: int) -> None:
    """Kill runs at random moments; after each let another run finish, and compare the content."""
    for trial in range(kills):
        with ground.trial() as province:
            ended = ground.nursery.run(province.address, kill_after_s=moments.uniform(0, ground.seconds))
            province.sync()

            assert ended in {KILLED, 0}
            assert province.content() == ground.content, f"trial {trial}"
            assert province.is_complete()


def test_a_run_killed_at_any_moment_is_finished_by_the_next(ground: Ground) -> None:
    """After kill -9 at a random moment and another run, the database is that of an undisturbed run."""
    kill_and_finish(ground, random.Random(0), 3)


@pytest.mark.long
@pytest.mark.parametrize("batch", range(1, 5))
def test_a_hundred_killed_runs_are_finished_by_the_next(ground: Ground, batch: int) -> None:
    """The same at a hundred random moments."""
    kill_and_finish(ground, random.Random(batch), KILLS_A_BATCH)


def test_everything_the_sources_hold_is_in_the_tables_or_in_quarantine(province: ProvinceSetting) -> None:
    """After a run, the rows and the quarantine of each record type together are what the agencies hold."""
    province.sync()

    assert province.is_complete()


def test_a_source_that_breaks_in_the_middle_is_resumed_there(province: ProvinceSetting) -> None:
    """Nothing is lost and nothing is fetched again: the next run asks for the page that failed."""
    province.tables["connections"]["land-registry"]["options"]["page_size"] = PAGE_SIZE
    broken = province.sync(RunEnvironment(open_transport=breaking_after(2)))
    requests_before = province.agencies.land_registry.request_counts[ITEMS]

    province.sync()

    assert {line.outcome for line in broken.lines if line.name == "land-registry"} == {RunStatus.FAILED}
    assert province.agencies.land_registry.request_counts[ITEMS] - requests_before == 2
    assert province.is_complete()


def breaking_after(pages: int) -> TransportOpener:
    """Return a function that connects as usual; connections to land registries break after `pages` requests."""

    def connect_breaking(name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float) -> RequestsTransport:
        transport = connect(name, table, adapter, deadline_s)
        if table.adapter == "ogc_features":
            send_unbroken, remaining = transport.send, iter(range(pages))

            def send(request: HttpRequest) -> HttpResponse:
                if next(remaining, None) is None:
                    raise Unreachable("transport.unreachable", connection=name)
                return send_unbroken(request)

            transport.send = send  # type: ignore[method-assign]  # the transport breaks for any request
        return transport

    return connect_breaking
