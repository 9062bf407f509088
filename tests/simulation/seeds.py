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
from tests.simulation.checker import faults
from tests.simulation.world import DATABASE, Unrest, World

IN_MEMORY = Path("/dev/shm")  # noqa: S108  # a commit there waits for no disk
"""A file system in memory."""

TEMPLATE = "new.db"


@dataclass(frozen=True)
class Outcome:
    """A seed, the faults of its world and its event log."""

    seed: int
    faults: tuple[str, ...]
    story: tuple[str, ...]


@contextmanager
def ground(folder: Path | None = None) -> Generator[Path, None, None]:
    """Give a folder for worlds with a template database in it, and install the offices' adapter."""
    parent = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=folder or parent) as name, installed():
        SharedDatabase(f"sqlite:///{Path(name) / TEMPLATE}").close()
        yield Path(name)


def world(seed: int, on: Path) -> World:
    """Return the world of a seed; for every twentieth seed the engine creates its tables itself."""
    folder = on / str(seed)
    folder.mkdir()
    if seed % 20:
        shutil.copyfile(on / TEMPLATE, folder / DATABASE)
    return World(seed, folder)


def outcomes(seeds: Iterable[int]) -> Iterator[Outcome]:
    """Run each seed and yield its outcome."""
    with ground() as folder:
        for seed in seeds:
            lived = world(seed, folder)
            yield Outcome(seed, tuple(judged(lived)), tuple(lived.story))


def judged(lived: World) -> list[str]:
    """Run a world to its end; return its faults."""
    try:
        lived.live()
    except Unrest:
        return ["unrest: runs still write or send although nothing happens", *faults(lived)]
    return faults(lived)
