"""The hand-written loops as systems: what somebody would write who needs one source and nothing else."""

import sys
from dataclasses import dataclass

from tests.benchmarks.systems import PULLS, SQLITE, Command, Job, Place, Table

PUSHING = {Job.FILL: "pull-dossiers", Job.PUSH: "push-dossiers"}


@dataclass(frozen=True)
class Loop:
    """One hand-written loop; `tests.benchmarks.loops` has them."""

    name: str
    pushes: bool = False

    table = Table(name="parcel", address="address")

    def can(self, job: Job, kind: str, size: int) -> bool:
        """Say yes to parcels; one of the loops pushes too, from SQLite."""
        del size
        return job in PULLS or (job in PUSHING and self.pushes and kind == SQLITE)

    def missing(self) -> str | None:
        """Say that it is there."""
        return None

    def command(self, job: Job, place: Place) -> Command:
        """Return the loop's command."""
        kind = PUSHING.get(job, self.name)
        everything = ["--everything"] if job is Job.RESYNC else []
        arguments = [sys.executable, "-m", "tests.benchmarks.loops", kind, place.base_url, place.database, *everything]
        return Command(arguments=arguments)


LOOPS = (Loop("simple"), Loop("tuned", pushes=True), Loop("threads"), Loop("hashed"), Loop("processes"))
