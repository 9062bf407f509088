"""The setting of the crash tests: a province so small that a run takes a tenth of a second."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from cchc_connect import RunEnvironment, SharedDatabase, Synchronizer
from cchc_connect.cli.demo_config import ONE_STOP_PASSWORD, PORTAL_PASSWORD, passwords_of_doubles
from cchc_connect.sync.report import RunStatus
from cchc_connect.testing import Agencies, World
from cchc_connect.testing.doubles.portal_inbox import PortalInbox
from cchc_connect.testing.kit.agreement import put_routes_in_force
from tests.crashes.fork_server import ForkServer
from tests.crashes.losses import Holding, Losses, contradictions, holding, losses
from tests.promises.setting import ProvinceSetting

SELECTED = ("land-registry", "one-stop", "to-portal")
"""A source that lists changes, a source that is read completely, and a route."""

PAGE_SIZE = 4


class SmallProvince(ProvinceSetting):
    """Test doubles for many trials, each with a new database and an empty portal."""

    def __init__(self, agencies: Agencies, folder: Path) -> None:
        super().__init__(agencies, f"sqlite:///{folder / 'first.db'}")
        for name in ("land-registry", "one-stop"):
            self.tables["connections"][name]["options"]["page_size"] = PAGE_SIZE
        self._folder = folder
        self._trials = 0
        self._loaded = self.config
        self.undisturbed = self.run_undisturbed(self.new_trial())

    def fork_server(self) -> ForkServer:
        """Return a nursery whose processes run over the hamlet."""
        warm_up = {"url": f"sqlite:///{self._folder / 'warm.db'}"}
        self.agree(warm_up["url"])
        return ForkServer({**self.tables, "database": warm_up}, SELECTED, [ONE_STOP_PASSWORD, PORTAL_PASSWORD])

    def new_trial(self) -> str:
        """Empty the portal; return the URL of a new SQLite database that has the agreement of the route."""
        for leftover in self._folder.glob(f"{self.latest.name}*"):
            leftover.unlink()
        self.agencies.national_portal.inbox = PortalInbox()
        self._trials += 1
        url = f"sqlite:///{self.latest}"
        self.agree(url)
        return url

    def agree(self, url: str) -> None:
        """Have the agreement of the route in force in a database, which is created if it does not exist."""
        with SharedDatabase(url, create_or_upgrade=True) as database:
            put_routes_in_force(self._loaded, database)

    @property
    def latest(self) -> Path:
        """The file of the latest trial's database."""
        return self._folder / f"trial{self._trials}.db"

    def run_undisturbed(self, url: str) -> Holding:
        """Run once; return what the run leaves."""
        with SharedDatabase(url, create_or_upgrade=True) as database:
            self._complete(database)
            return holding(database, self.agencies)

    def finish(self, url: str, due: Holding | None = None) -> Losses:
        """Assert that a crash left no partial page, run once more, and return the losses.

        `due` is what an undisturbed run leaves; None: what it leaves in SQLite.
        """
        with SharedDatabase(url, create_or_upgrade=True) as database:
            with database.reading() as connection:
                assert list(contradictions(connection)) == []
            self._complete(database)
            return losses(due or self.undisturbed, holding(database, self.agencies))

    def _complete(self, database: SharedDatabase) -> None:
        put_routes_in_force(self._loaded, database)
        report = Synchronizer(self._loaded, database, RunEnvironment()).synchronise(SELECTED)
        assert report.outcome is RunStatus.DONE


@contextmanager
def running_small_province(folder: Path) -> Generator[SmallProvince, None, None]:
    """Run the test doubles of a hamlet."""
    world = World(3, dossiers=6, parcels=7, works=6, defect_share=0.4)
    with Agencies(world) as agencies, passwords_of_doubles(agencies):
        yield SmallProvince(agencies, folder)
