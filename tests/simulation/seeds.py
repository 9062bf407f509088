"""A seed's whole life: make its world, let it live, check it."""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cchc_connect import SharedDatabase
from tests.simulation.checker import faults
from tests.simulation.office import installed
from tests.simulation.world import DATABASE, Unrest, World

IN_MEMORY = Path("/dev/shm")  # noqa: S108  # where there is one, a commit costs no disk
"""A file system that lives in memory."""

TEMPLATE = "new.db"


@dataclass(frozen=True)
class Outcome:
    """A seed and what is wrong with its world."""

    seed: int
    faults: tuple[str, ...]
    story: tuple[str, ...]


@contextmanager
def ground(folder: Path | None = None) -> Generator[Path, None, None]:
    """Give a folder for worlds, with a new database in it to be copied and the offices' adapter installed."""
    home = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=folder or home) as name, installed():
        SharedDatabase(f"sqlite:///{Path(name) / TEMPLATE}").close()
        yield Path(name)


def world(seed: int, on: Path) -> World:
    """Return a seed's world; in one of twenty the engine must make its tables itself."""
    folder = on / str(seed)
    folder.mkdir()
    if seed % 20:
        shutil.copyfile(on / TEMPLATE, folder / DATABASE)
    return World(seed, folder)


def outcomes(seeds: Iterable[int]) -> Iterator[Outcome]:
    """Yield what became of each seed's world."""
    with ground() as place:
        for seed in seeds:
            lived = world(seed, place)
            yield Outcome(seed, tuple(judged(lived)), tuple(lived.story))


def judged(one: World) -> list[str]:
    """Let a world live; return what is wrong with it then."""
    try:
        one.live()
    except Unrest:
        return ["unrest: runs still write or send although nothing happens", *faults(one)]
    return faults(one)
