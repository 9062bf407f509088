"""Run one seed of the simulation: create its world, let it run, check it."""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cchc_connect import SharedDatabase
from tests.simulation.adapter import installed
from tests.simulation.adversities import Adversity
from tests.simulation.checker import faults
from tests.simulation.world import DATABASE, Simulation, Unrest

IN_MEMORY = Path("/dev/shm")  # noqa: S108  # a commit there waits for no disk
"""A file system in memory."""

TEMPLATE = "new.db"


@dataclass(frozen=True)
class SeedResult:
    """A seed, the faults of its world and its event log."""

    seed: int
    faults: tuple[str, ...]
    story: tuple[str, ...]


@contextmanager
def world_folder(folder: Path | None = None) -> Generator[Path, None, None]:
    """Give a folder for worlds with a template database in it, and install the offices' adapter."""
    parent = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=folder or parent) as name, installed():
        SharedDatabase(f"sqlite:///{Path(name) / TEMPLATE}", create_or_upgrade=True).close()
        yield Path(name)


def world(seed: int, on: Path, adversity: Adversity | None = None) -> Simulation:
    """Return the world of a seed; for every twentieth seed the engine creates its tables itself.

    `adversity` is done to it instead of the seed's own.
    """
    folder = on / str(seed)
    folder.mkdir(mode=0o700)
    if seed % 20:
        shutil.copyfile(on / TEMPLATE, folder / DATABASE)
    return Simulation(seed, folder, adversity)


def outcomes(seeds: Iterable[int], adversity: Adversity | None = None) -> Iterator[SeedResult]:
    """Run each seed, under its own adversity or the given one, and yield its outcome."""
    with world_folder() as folder:
        for seed in seeds:
            lived = world(seed, folder, adversity)
            yield SeedResult(seed, tuple(run_and_check(lived)), tuple(lived.event_log))


def run_and_check(lived: Simulation) -> list[str]:
    """Run a world to its end; return its faults."""
    try:
        lived.run_all()
    except Unrest:
        return ["unrest: runs still write or send although nothing happens", *faults(lived)]
    return faults(lived)
