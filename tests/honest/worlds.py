"""Run honest worlds and return their results."""

import os
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cchc_connect import SharedDatabase
from tests.databases import prepared_address
from tests.honest.adapter import ENTRY_POINT, HonestAdapter
from tests.honest.checker import HonestResult, result_of
from tests.honest.world import HonestWorld
from tests.simulation.adapter import installed

IN_MEMORY = Path("/dev/shm")  # noqa: S108  # a commit there waits for no disk
"""A file system in memory."""


@contextmanager
def honest_folder() -> Generator[Path, None, None]:
    """Give a folder for the databases of worlds, and install the offices' adapter."""
    parent = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    adapters = {ENTRY_POINT: f"{HonestAdapter.__module__}:{HonestAdapter.__name__}"}
    with tempfile.TemporaryDirectory(dir=parent) as name, installed(adapters):
        yield Path(name)


def honest_results(seeds: Iterable[int], kind: str) -> Iterator[HonestResult]:
    """Let the world of each seed live on a database of a kind; yield its result."""
    with honest_folder() as folder:
        for seed in seeds:
            own = folder / str(seed)
            own.mkdir(mode=0o700)
            with prepared_address(kind, own) as address, SharedDatabase(address) as database:
                world = HonestWorld(seed, database, own)
                world.live()
                yield result_of(world)
