"""A run is killed at a random moment: lost 0, duplicated 0, corrupt 0."""

import random
import time

import pytest

from tests.crashes.fork_server import KILLED
from tests.crashes.losses import NO_LOSSES
from tests.crashes.small_province import SmallProvince

LATE = 1.1
"""Moments are drawn up to this multiple of a run's usual duration, because some runs take longer."""


def kill_and_finish(hamlet: SmallProvince, moments: random.Random, kills: int) -> None:
    """Kill runs of four threads at random moments; after each the next run must finish without losses."""
    ended: list[int] = []
    with hamlet.fork_server() as nursery:
        started = time.monotonic()
        assert nursery.run(hamlet.new_trial()) == 0
        seconds = time.monotonic() - started
        while ended.count(KILLED) < kills:
            url = hamlet.new_trial()
            moment = moments.uniform(0, LATE * seconds)

            ended.append(nursery.run(url, kill_after_s=moment))

            assert hamlet.finish(url) == NO_LOSSES, f"killed after {moment:.4f} s of {seconds:.4f} s"
    assert set(ended) <= {KILLED, 0}


@pytest.mark.long
def test_a_kill_at_a_random_moment_loses_duplicates_and_corrupts_nothing(hamlet: SmallProvince) -> None:
    """After kill -9 the next run completes: lost 0, duplicated 0, corrupt 0."""
    kill_and_finish(hamlet, random.Random(0), 5)


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_five_hundred_kills_lose_duplicate_and_corrupt_nothing(hamlet: SmallProvince, part: int) -> None:
    """The same with ten times fifty kills."""
    kill_and_finish(hamlet, random.Random(part + 1), 50)
