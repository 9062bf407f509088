"""The hand-written loops as systems: programs for one source and nothing else."""

import sys
from dataclasses import dataclass

from tests.benchmarks.systems import PULLS, SQLITE, Command, Job, Table, Workspace

PUSHING = {Job.FILL: "pull-dossiers", Job.PUSH: "push-dossiers"}


@dataclass(frozen=True)
class Loop:
    """One hand-written loop of `tests.benchmarks.loops`."""

    name: str
    pushes: bool = False

    table = Table(name="parcel", address="address")

    def can(self, job: Job, kind: str, size: int) -> bool:
        """True for parcels; one of the loops pushes as well, from SQLite."""
        del size
        return job in PULLS or (job in PUSHING and self.pushes and kind == SQLITE)

    def missing(self) -> str | None:
        """Return None: it can always be run."""
        return None

    def command(self, job: Job, workspace: Workspace) -> Command:
        """Return the loop's command."""
        kind = PUSHING.get(job, self.name)
        everything = ["--everything"] if job is Job.RESYNC else []
        arguments = [
            sys.executable,
            "-m",
            "tests.benchmarks.loops",
            kind,
            workspace.base_url,
            workspace.database,
            *everything,
        ]
        return Command(arguments=arguments)


LOOPS = (Loop("simple"), Loop("tuned", pushes=True), Loop("threads"), Loop("hashed"), Loop("processes"))
