"""Honest sources, however unusual, cause no hold, no incomplete listing, no quarantine and no exception.

`make honest` prints the figures by peculiarity, on both databases.
"""

from random import Random

import pytest

from tests.databases import DATABASE_KINDS
from tests.honest.__main__ import DEFAULT_SEEDS
from tests.honest.checker import HonestResult
from tests.honest.drawing import draw_layout
from tests.honest.peculiarities import WAITING, Peculiarity
from tests.honest.worlds import honest_results
from tests.quick import few

BATCHES = [DEFAULT_SEEDS[first::8] for first in range(8)]
"""Every eighth world, from each of the first eight on; the first batch lives in each run of the tests."""
MANY = 10


def suspected(results: list[HonestResult]) -> dict[int, tuple[str, ...]]:
    """Return what was said of honest worlds, and where the database or a receiver differs from them, by seed."""
    return {
        result.seed: (f"{result.alarms} alarms", *result.reasons, *result.differences)
        for result in results
        if result.alarms or result.differences
    }


@pytest.mark.repeats
@pytest.mark.parametrize("seeds", few(BATCHES, 1), ids=str)
def test_nothing_is_suspected_of_an_honest_source(seeds: range) -> None:
    """Nothing is held, incomplete, quarantined or raised, and database and receivers hold what the sources hold."""
    assert suspected(list(honest_results(seeds, DATABASE_KINDS[0]))) == {}


@pytest.mark.repeats
@pytest.mark.parametrize("every_nth", few([40, 8], 1))
def test_nothing_is_suspected_of_an_honest_source_on_a_server(every_nth: int) -> None:
    """The same on PostgreSQL, with fewer worlds; `make honest` runs all of them there too."""
    assert suspected(list(honest_results(DEFAULT_SEEDS[::every_nth], DATABASE_KINDS[1]))) == {}


def test_every_peculiarity_is_in_several_worlds() -> None:
    """The seeds draw each peculiarity often enough to say something about it."""
    drawn = [draw_layout(Random(f"honest {seed}")).peculiarities for seed in DEFAULT_SEEDS]
    counted = {peculiarity: sum(peculiarity in world for world in drawn) for peculiarity in Peculiarity}

    assert {name: count for name, count in counted.items() if count < MANY and name not in WAITING} == {}


def test_every_peculiarity_is_in_each_batch_of_worlds() -> None:
    """So each run of the tests meets all of them."""
    for seeds in BATCHES:
        met = {name for seed in seeds for name in draw_layout(Random(f"honest {seed}")).peculiarities}

        assert set(Peculiarity) - met - set(WAITING) == set()
