"""A shared database with dossiers and parcels, and offices that receive them over a socket."""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from cchc_connect import Config, RunEnvironment, RunReport, SharedDatabase, Synchronizer
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import delivery
from cchc_connect.database.writing.incoming import PageBatch, WriteContext
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.sync.pull import Pull
from cchc_schemas import Dossier, DossierStep
from tests.cli.conftest import write_config
from tests.receiving.adapter import ENTRY_POINT, ReceivingAdapter
from tests.receiving.office import ReceivingOffice
from tests.sharing.in_force import in_force_unrecorded
from tests.simulation.adapter import installed
from tests.sync.memory_systems import (
    DossierRegister,
    ManualClock,
    NoRequestTransport,
    UnfencedRunContext,
    dossier_fields,
)

RECEIVING_ADAPTER = {ENTRY_POINT: f"tests.receiving.adapter:{ReceivingAdapter.__name__}"}

AGREEMENT, PROVIDER, CONSUMER = "agreed", "H09.1", "G22"
"""Id of the agreement that is in force, and its parties."""

FAR_FUTURE = "2027-01-01T00:00:00.000000Z"


class ReceivingSetting:
    """One database, its configuration, and two offices: `portal` and `archive`."""

    def __init__(self, address: str, offices: Mapping[str, ReceivingOffice]) -> None:
        self.address = address
        self.offices = offices
        self.options: dict[str, Any] = {}
        self.deadline_s = 10.0
        self.clock = ManualClock()
        self.routes: dict[str, dict[str, Any]] = {"publish": route()}
        self.audit: dict[str, Any] = {}

    @property
    def portal(self) -> ReceivingOffice:
        """The office to which the route leads at first."""
        return self.offices["portal"]

    @property
    def tables(self) -> dict[str, Any]:
        """The configuration."""
        connections = {
            name: {
                "adapter": ENTRY_POINT,
                "agency": CONSUMER,
                "base_url": office.base_url,
                "options": self.options,
            }
            for name, office in self.offices.items()
        }
        run = {"deadline_s": self.deadline_s}
        tables = {"connections": connections, "routes": self.routes, "database": {"url": self.address}, "run": run}
        return {**tables, "audit": self.audit}

    def database(self) -> SharedDatabase:
        """Open the database."""
        return SharedDatabase(self.address, create_or_upgrade=True)

    def agree(self) -> None:
        """Have the agreement of the routes in the database, without an entry in the audit log."""
        with self.database() as database:
            in_force_unrecorded(
                database, PROVIDER, CONSUMER, "dossier", "dossier_step", id=AGREEMENT, at=self.clock.moment
            )

    def holds(self, *items: dict[str, Any], record_type: type[Dossier | DossierStep] = Dossier) -> None:
        """Pull these items into the database."""
        with self.database() as database:
            context = UnfencedRunContext(run_id=_run_id(), database=database, clock=self.clock, token=None)
            stream = Stream(connection="desk", record_type=record_type.record_type, agency=PROVIDER)
            Pull(DossierRegister(list(items), record_type), stream, NoRequestTransport(), context).run()

    def deletes(self, *codes: str) -> None:
        """Delete these dossiers, as their source lists them as deleted."""
        with self.database() as database, database.writing() as connection:
            stream = Stream(connection="desk", record_type="dossier", agency=PROVIDER)
            write_context = WriteContext(run_id=_run_id(), now=FAR_FUTURE)
            write_page(connection, stream, PageBatch(deleted_keys=codes), write_context)

    def write_configuration(self) -> Path:
        """Write cchc.toml beside the database; return its path."""
        path = Path("cchc.toml").resolve()
        write_config(path, self.tables)
        return path

    def sync(self, *, dry_run: bool = False) -> RunReport:
        """Run once."""
        config = Config.from_tables(self.tables, Path("cchc.toml"))
        with self.database() as database:
            return Synchronizer(config, database, RunEnvironment(clock=self.clock)).synchronise(dry_run=dry_run)

    def sync_while_down(self) -> None:
        """Run once while the portal cannot be reached."""
        port, self.deadline_s = self.portal.port, 0.1
        tables = self.tables
        self.portal.stop()
        config = Config.from_tables(tables, Path("cchc.toml"))
        with self.database() as database:
            Synchronizer(config, database, RunEnvironment(clock=self.clock)).synchronise()
        self.portal.start(port=port)
        self.deadline_s = 10.0
        self.clock.advance(timedelta(hours=2))

    def deliveries(self) -> list[tuple[str, int, str, str, str]]:
        """Return route, sequence, kind, state and reason of every delivery."""
        columns = (delivery.c.route, delivery.c.sequence, delivery.c.kind, delivery.c.state, delivery.c.reason)
        with self.database() as database, database.reading() as connection:
            return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns[:2]))]


_RUNS = iter(range(1, 1_000_000))


def _run_id() -> str:
    """Return a new run id, as every run has one."""
    return f"run-{next(_RUNS)}"


def route(*record_types: str, to: str = "portal", **options: Any) -> dict[str, Any]:
    """Return the table of a route."""
    return {"from": list(record_types or ("dossier",)), "to": to, "agreement": AGREEMENT, **options}


def dossiers(*codes: str, **changed: object) -> list[dict[str, Any]]:
    """Return the items of dossiers."""
    return [dossier_fields(code, **changed) for code in codes]


@contextmanager
def receiving(address: str) -> Generator[ReceivingSetting, None, None]:
    """Give the setting while the block runs."""
    with ExitStack() as running:
        running.enter_context(installed(RECEIVING_ADAPTER))
        offices = {name: running.enter_context(ReceivingOffice()) for name in ("portal", "archive")}
        setting = ReceivingSetting(address, offices)
        setting.agree()
        yield setting
