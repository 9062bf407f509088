"""A run that is killed at any moment: lost 0, duplicated 0, corrupt 0."""

import random
import time

import pytest

from tests.crashes.hamlet import Hamlet
from tests.crashes.losses import NOTHING
from tests.crashes.nursery import KILLED

LATE = 1.1
"""Some moments lie after the end of a run that takes as long as usual, since not each does."""


def kill_and_finish(hamlet: Hamlet, moments: random.Random, kills: int) -> None:
    """Kill runs of four threads at random moments; after each let the next run finish, and count the losses."""
    ended: list[int] = []
    with hamlet.nursery() as nursery:
        started = time.monotonic()
        assert nursery.run(hamlet.begin_trial()) == 0
        seconds = time.monotonic() - started
        while ended.count(KILLED) < kills:
            url = hamlet.begin_trial()
            moment = moments.uniform(0, LATE * seconds)

            ended.append(nursery.run(url, kill_after_s=moment))

            assert hamlet.finish(url) == NOTHING, f"killed after {moment:.4f} s of {seconds:.4f} s"
    assert set(ended) <= {KILLED, 0}


@pytest.mark.long
def test_a_kill_at_a_random_moment_loses_doubles_and_breaks_nothing(hamlet: Hamlet) -> None:
    """After kill -9 the next run completes: lost 0, duplicated 0, corrupt 0."""
    kill_and_finish(hamlet, random.Random(0), 5)


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_five_hundred_kills_lose_double_and_break_nothing(hamlet: Hamlet, part: int) -> None:
    """The same at length: ten times fifty kills."""
    kill_and_finish(hamlet, random.Random(part + 1), 50)
