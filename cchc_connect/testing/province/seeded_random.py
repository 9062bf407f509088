"""Seeded chance: the same seed makes the same world on every machine and Python version."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

Choice = TypeVar("Choice")


def seeded(purpose: str, *seeds: int) -> Random:
    """Return a generator of its own for `purpose`, so that one part's draws never shift another's."""
    return Random(f"{purpose}:{':'.join(map(str, seeds))}")  # noqa: S311  # invented facts, no secret is drawn


def weighted(rng: Random, weights: Mapping[Choice, float]) -> Choice:
    """Draw one of the keys of `weights`, each in proportion to its weight."""
    return rng.choices(tuple(weights), tuple(weights.values()))[0]


def happens(rng: Random, probability: float) -> bool:
    """Say yes with `probability` (0..1)."""
    return rng.random() < probability


def some(rng: Random, pool: Sequence[Choice], count: int) -> list[Choice]:
    """Draw `count` different members of `pool`, all of it where it is smaller, in the order of `pool`."""
    places = rng.sample(range(len(pool)), min(count, len(pool)))
    return [pool[place] for place in sorted(places)]
