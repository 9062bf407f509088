"""What every system under measurement is: a command line for each job, and where its rows can be counted."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

SQLITE, POSTGRES = "sqlite", "postgresql"


class Job(StrEnum):
    """What is measured, and what prepares it."""

    INITIAL = "initial"
    """All parcels into an empty database."""
    RESYNC = "resync"
    """All parcels again, none of them changed."""
    INCREMENTAL = "incremental"
    """0.1 % of the parcels changed, asked for by the date of change."""
    FILL = "fill"
    """The dossiers are pulled and nothing is sent; it prepares the push."""
    PUSH = "push"
    """20,000 changed statuses are sent."""
    HELP = "help"
    """`cchc-connect --help`: what starting up costs."""
    STATUS = "status"
    """`cchc-connect status` over the database that the other jobs left."""


PULLS = (Job.INITIAL, Job.RESYNC, Job.INCREMENTAL)
LOOKS = (Job.HELP, Job.STATUS)
"""Commands that change nothing."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one system works in one run."""

    folder: Path
    """Empty at first; the system's own."""
    base_url: str
    """The register."""
    database: str
    """URL of a database that is empty at first: `sqlite:///PATH` or `postgresql://...`."""

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.database.partition(":")[0]


@dataclass(frozen=True, kw_only=True)
class Command:
    """A process to be measured from start to exit."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Beside what this process has."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Where a system keeps the parcels."""

    name: str
    address: str
    """The column of the address, by which a changed parcel is told."""


class System(Protocol):
    """One way to do the jobs."""

    @property
    def name(self) -> str:
        """Short name, as the command line and the results have it."""
        ...

    @property
    def table(self) -> Table:
        """Where it keeps the parcels."""
        ...

    def can(self, job: Job, kind: str, size: int) -> bool:
        """Say whether it is measured at this job, kind of database and size."""
        ...

    def missing(self) -> str | None:
        """Return why it cannot be run here, None where it can."""
        ...

    def command(self, job: Job, place: Place) -> Command:
        """Prepare, unmeasured, and return the process that does the job."""
        ...


@dataclass(frozen=True)
class Stored:
    """What a system has stored."""

    parcels: int
    changed: int


def stored(system: System, place: Place) -> Stored:
    """Count what `system` has stored: a fast system that lost something is not fast."""
    table = system.table
    counts = [
        f"SELECT count(*) FROM {table.name}",  # noqa: S608  # the names are the systems' own
        f"SELECT count(*) FROM {table.name} WHERE {table.address} LIKE '%nối dài%'",  # noqa: S608  # the same
    ]
    if place.kind == SQLITE:
        with closing(sqlite3.connect(place.database.removeprefix("sqlite:///"))) as connection:
            return Stored(*(connection.execute(count).fetchone()[0] for count in counts))
    import psycopg  # noqa: PLC0415  # runs on SQLite alone do without it

    with psycopg.connect(place.database) as connection:
        return Stored(*(int(row[0]) for count in counts for row in connection.execute(count.encode())))
