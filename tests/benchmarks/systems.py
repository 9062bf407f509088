"""The systems under measurement: each has a command for each job, and a table whose rows can be counted."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

SQLITE, POSTGRES = "sqlite", "postgresql"


class Job(StrEnum):
    """The jobs that are measured, and one that prepares another."""

    INITIAL = "initial"
    """All parcels into an empty database."""
    RESYNC = "resync"
    """All parcels again, none changed."""
    INCREMENTAL = "incremental"
    """0.1 % of the parcels changed; changes are requested by date."""
    FILL = "fill"
    """Dossiers are pulled and nothing is sent; this prepares the push."""
    PUSH = "push"
    """20,000 changed statuses are sent."""
    HELP = "help"
    """`cchc-connect --help`: the time of starting up."""
    STATUS = "status"
    """`cchc-connect status` on the database that the other jobs left."""


PULLS = (Job.INITIAL, Job.RESYNC, Job.INCREMENTAL)
READ_ONLY_JOBS = (Job.HELP, Job.STATUS)
"""Commands that change nothing."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The folder, the register and the database of one system in one run."""

    folder: Path
    """Initially empty, used by this system only."""
    base_url: str
    """Base URL of the register."""
    database: str
    """URL of an initially empty database: `sqlite:///PATH` or `postgresql://...`."""

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.database.partition(":")[0]


@dataclass(frozen=True, kw_only=True)
class Command:
    """A process to be measured from start to exit."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Added to the environment of this process."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The table in which a system stores parcels."""

    name: str
    address: str
    """The column of the address, by which a changed parcel is recognised."""


class System(Protocol):
    """One tool or program that does the jobs."""

    @property
    def name(self) -> str:
        """Short name, used on the command line and in the results."""
        ...

    @property
    def table(self) -> Table:
        """The table in which it stores parcels."""
        ...

    def can(self, job: Job, kind: str, size: int) -> bool:
        """True if it is measured for this job, kind of database and size."""
        ...

    def missing(self) -> str | None:
        """Return why it cannot be run here, None if it can."""
        ...

    def command(self, job: Job, workspace: Workspace) -> Command:
        """Prepare the job (not measured) and return the command that does it."""
        ...


@dataclass(frozen=True)
class Stored:
    """Numbers of parcels and of changed parcels that a system has stored."""

    parcels: int
    changed: int


def stored(system: System, workspace: Workspace) -> Stored:
    """Count the parcels that `system` has stored; a trial with missing rows fails."""
    table = system.table
    counts = [
        f"SELECT count(*) FROM {table.name}",  # noqa: S608  # the names are the systems' own
        f"SELECT count(*) FROM {table.name} WHERE {table.address} LIKE '%nối dài%'",  # noqa: S608  # the same
    ]
    if workspace.kind == SQLITE:
        with closing(sqlite3.connect(workspace.database.removeprefix("sqlite:///"))) as connection:
            return Stored(*(connection.execute(count).fetchone()[0] for count in counts))
    import psycopg  # noqa: PLC0415  # runs on SQLite alone do without it

    with psycopg.connect(workspace.database) as connection:
        return Stored(*(int(row[0]) for count in counts for row in connection.execute(count.encode())))
