"""Where one rule examines an adapter: its connection to a running system, and an empty shared database for each run."""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cchc_connect.adapter import Adapter, Page, PageRequest, Source, Target
from cchc_connect.clock import SystemClock, VietnameseClock
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.database.reading.records import records
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.http import HttpRequest, HttpResponse
from cchc_connect.local_sources.contract import LocalSystem
from cchc_connect.sync.adapter_calls import fetch_page
from cchc_connect.sync.connector import TransportFactory, endpoint_for
from cchc_connect.sync.local_transport import LocalTransport
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.report import RunReport
from cchc_connect.sync.run_environment import RunEnvironment
from cchc_connect.sync.synchronizer import Synchronizer
from cchc_connect.testing.kit.agreement import InventedAgreement, put_in_force
from cchc_connect.testing.kit.relay import Relay
from cchc_connect.testing.kit.watched import PageWatch, WatchedConfig
from cchc_connect.transport import Policy, RequestsTransport, Transport, TransportEnvironment
from cchc_schemas import to_document

CONNECTION = "system"
"""Name of the connection in the kit's own configuration."""

PROGRAM_CONNECTION = "program"
"""Name of the connection whose records are sent to the system's targets."""

ROUTE = "to-system"
"""Name of the route to these targets."""

AGREEMENT = "conformance"
"""Id of the agreement by which the route sends; it grants all that may be sent."""

SENDING_AGENCY = "000.00.99.H09"
"""Code of the agency whose records are sent."""

LONG_PAUSE = timedelta(hours=25)
"""Longer than any pause that a failure causes or that a system may ask for."""

QUICK_POLICY = Policy(deadline_s=4.0, connect_timeout_s=1.0, read_timeout_s=2.0, backoff_base_s=0.001)
"""Limits of a call to a system on this machine: short waits, so that a fault is over soon."""

OnResponse = Callable[[HttpRequest, HttpResponse], None]
"""Sees each request with its response."""

Holdings = Mapping[str, Mapping[str, Any]]
"""Documents of the live records of one type, by record key."""


class LaterClock(SystemClock):
    """The clocks of this machine, of which the wall clock is ahead."""

    def __init__(self, ahead: timedelta) -> None:
        """Show times that are so much later."""
        self._ahead = ahead

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""
        return super().now() + self._ahead


@dataclass(kw_only=True)
class Bench:
    """Where one rule examines an adapter."""

    config: WatchedConfig
    name: str = CONNECTION
    """Name of the examined connection."""
    folder: Path
    """Folder of its own for databases and files."""
    system: Any = None
    """The running system under test; None if it is an agency's own."""
    relay: Relay | None = None
    """Stands between engine and system; None for a system without HTTP, and for an agency's own."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Secrets of the connection's account."""
    policy: Policy | None = QUICK_POLICY
    """Limits of a call; None: those of a run."""
    limits: SharedDatabase | None = field(default=None, repr=False)
    """Has the rate limit that all calls share; None: there is none."""
    shown: dict[object, object] = field(default_factory=dict[object, object], repr=False)
    """Listings that were shown and may be looked at again, where an agency's own system is examined."""
    pause: timedelta = timedelta(0)
    """Time that passes between two runs: so long that a circuit breaker, which failed runs open, is closed again."""
    ahead: timedelta = timedelta(0)
    """How far its clock is ahead of this machine's, for the pauses so far."""
    databases: int = 0
    """Number of databases that were made."""
    _opened: ExitStack = field(default_factory=ExitStack, repr=False)

    @property
    def spares_the_system(self) -> bool:
        """Whether it is an agency's own system, from which a listing is asked for once."""
        return self.policy is None

    def adapter(self) -> Adapter:
        """Return a new adapter, as another process would make it."""
        adapter = self.config.adapter(self.name)
        if isinstance(adapter, LocalSystem):
            self._opened.callback(adapter.close)
        return adapter

    def close(self) -> None:
        """Close what adapters without HTTP hold open."""
        self._opened.close()

    def source(self, record_type: str) -> Source:
        """Return the source of a record type, of a new adapter."""
        return next(source for source in self.adapter().sources if source.record_type.record_type == record_type)

    def target(self, record_type: str) -> Target:
        """Return the target of a record type, of a new adapter."""
        return next(target for target in self.adapter().targets if target.record_type.record_type == record_type)

    @contextmanager
    def transport(self) -> Generator[Transport, None, None]:
        """Open a transport to the system."""
        table, adapter = self.config.connections[self.name], self.adapter()
        if isinstance(adapter, LocalSystem):
            yield LocalTransport(self.name, table, adapter, VietnameseClock(SystemClock()))
            return
        with self.open_transport(self.name, table, adapter, self.config.run.deadline_s) as transport:
            yield transport

    def page(
        self, transport: Transport, source: Source, page_request: PageRequest, on_response: OnResponse | None = None
    ) -> Page:
        """Fetch one page, with the checks of the engine. Raises as `fetch_page` does."""
        return fetch_page(transport, source, page_request, self.name, on_response)

    @contextmanager
    def database(self) -> Generator[SharedDatabase, None, None]:
        """Open a new shared database, in which the agreement of the route is in force."""
        self.databases += 1
        path = self.folder / f"shared-{self.databases}.db"
        with SharedDatabase(f"sqlite:///{path}", create_or_upgrade=True) as database:
            if ROUTE in self.config.routes:
                self._agree(database)
            yield database

    def _agree(self, database: SharedDatabase) -> None:
        route = self.config.routes[ROUTE]
        consumer = self.config.connections[route.to].agency
        invented = InventedAgreement(id=AGREEMENT, provider=SENDING_AGENCY, consumer=consumer, records=route.records)
        put_in_force(database, invented)

    def run(
        self,
        database: SharedDatabase,
        record_type: str,
        *,
        watch: PageWatch | None = None,
        everything: bool = False,
    ) -> RunReport:
        """Pull one source as a scheduled run does, without threads.

        Args:
            database: the shared database.
            record_type: record type of the source.
            watch: sees its pages.
            everything: list the source completely.
        """
        self.config.watch(pages=watch)
        self.ahead += self.pause
        environment = RunEnvironment(prefetch=0, open_transport=self.open_transport, clock=LaterClock(self.ahead))
        try:
            pull_range = PullRange(record_type=record_type, everything=everything)
            return Synchronizer(self.config, database, environment).pull(self.name, pull_range)
        finally:
            self.config.watch()

    def holdings(self, database: SharedDatabase, source: Source) -> Holdings:
        """Return what the shared database has of a source's record type."""
        return {record.key: to_document(record) for record in records(database, source.record_type)}

    def open_transport(
        self, name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float
    ) -> AbstractContextManager[Transport]:
        """Open a transport; see `TransportOpener`."""
        if self.policy is None:
            return TransportFactory(self.limits)(name, table, adapter, deadline_s)
        return RequestsTransport(endpoint_for(name, table, adapter), self.policy, TransportEnvironment())


@contextmanager
def configured_bench(config: WatchedConfig, name: str) -> Generator[Bench, None, None]:
    """Give the bench at which an agency's own system is examined: its limits hold, its requests are few.

    Args:
        config: the agency's configuration.
        name: name of the connection.
    """
    with temporary_folder() as folder:
        url = f"sqlite:///{folder / 'limits.db'}"
        with SharedDatabase(url, create_or_upgrade=True) as limits:
            bench = Bench(config=config, name=name, folder=folder, policy=None, limits=limits)
            try:
                yield bench
            finally:
                bench.close()


@contextmanager
def temporary_folder() -> Generator[Path, None, None]:
    """Give a folder while the block runs."""
    with TemporaryDirectory(prefix="conformance-") as name:
        yield Path(name)
