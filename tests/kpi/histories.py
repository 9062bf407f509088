"""What the shared database stores of a province: agencies, procedures, dossiers with versions and steps, opinions.

It is the common ground of the generator, which makes such worlds, and of the oracle, which counts over them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from cchc_connect import Config, RecordWriter, RunEnvironment, SharedDatabase
from cchc_schemas import Agency, Dossier, DossierStep, Feedback, Procedure, Record, SatisfactionRating
from tests.sync.memory_systems import ManualClock

CONNECTION = "one-stop"
CONFIG = Config.load(f'[connections.{CONNECTION}]\nadapter = "program"\nagency = "H09"\n')


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of a dossier, and when the shared database stored it."""

    stored_at: datetime
    dossier: Dossier


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierHistory:
    """All that is stored of one dossier."""

    versions: tuple[StoredVersion, ...]
    """Oldest first; never empty."""
    steps: tuple[DossierStep, ...] = ()
    is_deleted: bool = False

    @property
    def current(self) -> Dossier:
        return self.versions[-1].dossier


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A province."""

    agencies: tuple[Agency, ...]
    procedures: tuple[Procedure, ...]
    dossiers: Sequence[DossierHistory] = ()
    ratings: tuple[SatisfactionRating, ...] = ()
    feedback: tuple[Feedback, ...] = field(default=())


def store(database: SharedDatabase, world: World, loaded_at: datetime) -> None:
    """Write a world by the write path, each version in a run at its instant; what has no versions at `loaded_at`."""
    single: list[Record] = [*world.agencies, *world.procedures, *world.ratings, *world.feedback]
    single += [step for history in world.dossiers for step in history.steps]
    versions = [version for history in world.dossiers for version in history.versions]
    versions.sort(key=lambda version: version.stored_at)
    for stored_at, group in groupby(versions, key=lambda version: version.stored_at):
        write_at(database, stored_at, [version.dossier for version in group])
    write_at(database, loaded_at, single)
    deleted = [history.current.code for history in world.dossiers if history.is_deleted]
    with _writer(database, loaded_at) as writer:
        for code in deleted:
            writer.delete(Dossier, code)


def write_at(database: SharedDatabase, moment: datetime, records: Iterable[Record]) -> None:
    """Write records in one run at an instant."""
    with _writer(database, moment) as writer:
        writer.write_all(records)


def _writer(database: SharedDatabase, moment: datetime) -> RecordWriter:
    return RecordWriter(CONFIG, database, CONNECTION, RunEnvironment(clock=ManualClock(moment)))
