"""The doubles of the four agencies of one invented province: four HTTP servers on loopback."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from cchc_connect.clock import Clock
from cchc_connect.testing.doubles.construction_department import ConstructionDepartmentDouble
from cchc_connect.testing.doubles.loopback_server import FREE_PORT
from cchc_connect.testing.doubles.national_portal import NationalPortalDouble
from cchc_connect.testing.doubles.ogc_features import OgcFeaturesDouble
from cchc_connect.testing.doubles.opencps import OpenCpsDouble
from cchc_connect.testing.doubles.server import AgencyDouble
from cchc_connect.testing.province.edits import Edit, daily_edit
from cchc_connect.testing.province.world import World


class Agencies:
    """Land registry, construction department, one-stop desk and national portal over one `World`."""

    def __init__(
        self,
        world: World | None = None,
        *,
        seed: int = 1,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare the four doubles.

        Args:
            world: what they show; by default a world of the usual size drawn from `seed`.
            seed: of the default world.
            clock: measures the lifetime of the portal's sessions.
            sleep: waits for `Switches.latency_s` seconds.
        """
        world = World(seed) if world is None else world
        self.world = world
        self.land_registry = OgcFeaturesDouble(world, sleep=sleep)
        self.construction_department = ConstructionDepartmentDouble(world, sleep=sleep)
        self.one_stop = OpenCpsDouble(world, sleep=sleep)
        self.national_portal = NationalPortalDouble(world, clock=clock, sleep=sleep)
        self._running = ExitStack()

    @property
    def doubles(self) -> tuple[AgencyDouble, ...]:
        """All four."""
        return self.land_registry, self.construction_department, self.one_stop, self.national_portal

    def start(self, ports: Sequence[int] = (FREE_PORT,) * 4) -> Self:
        """Start all four on these ports, in the order of `doubles`; if one cannot start, stop the others.

        Raises:
            OSError: a port is in use.
        """
        with ExitStack() as starting:
            for double, port in zip(self.doubles, ports, strict=True):
                starting.callback(double.start(port=port).stop)
            self._running = starting.pop_all()
        return self

    def stop(self) -> None:
        """Stop all four."""
        self._running.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def record_counts(self) -> Mapping[str, int]:
        """Return how many records of each shared type the doubles show, faulty items included.

        After a sync, rows of the shared database and open quarantine entries together must be as many. Every
        action that a listing has shown as a dossier's last one counts as a dossier step.
        """
        return {kind: count for double in self.doubles for kind, count in double.record_counts().items()}

    def faulty_counts(self) -> Mapping[str, int]:
        """Return how many records of each shared type must be quarantined."""
        return {kind: count for double in self.doubles for kind, count in double.faulty_counts().items()}

    def harmless_counts(self) -> Mapping[str, int]:
        """Return how many records of each shared type have a harmless defect: they must be read correctly."""
        return {kind: count for double in self.doubles for kind, count in double.harmless_counts().items()}

    def edit(self, seed: int, share: float = 0.01) -> Edit:
        """Change about `share` of the records at their sources; see `daily_edit`."""
        return self.world.edit(daily_edit(seed, share))
