"""Seeded random draws: the same seed makes the same world on every machine and Python version."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

Choice = TypeVar("Choice")


def seeded_random(purpose: str, *seeds: int) -> Random:
    """Return a separate generator for `purpose`, so that more draws for one purpose do not change another's."""
    return Random(f"{purpose}:{':'.join(map(str, seeds))}")  # noqa: S311  # invented facts, no secret is drawn


def weighted_choice(rng: Random, weights: Mapping[Choice, float]) -> Choice:
    """Draw a key of `weights`; its probability is proportional to its weight."""
    return rng.choices(tuple(weights), tuple(weights.values()))[0]


def happens(rng: Random, probability: float) -> bool:
    """True with `probability` (0..1)."""
    return rng.random() < probability


def sample_in_order(rng: Random, pool: Sequence[Choice], count: int) -> list[Choice]:
    """Draw `count` different members of `pool`, or all if it has fewer; keep the order of `pool`."""
    indexes = rng.sample(range(len(pool)), min(count, len(pool)))
    return [pool[index] for index in sorted(indexes)]
