"""Few cases of a rule in each run of the tests, and all of them in the long run.

What many nearly equal cases show, a few show too, except for the rare surprise that `make test-long` looks for.
"""

from collections.abc import Iterable
from typing import Any, cast

import pytest
from hypothesis import settings

FULL_NUMBER = 100
"""Examples of a property in the long run, where a test does not ask for another number."""


def few(cases: Iterable[Any], count: int = 2) -> list[Any]:
    """Return cases for `parametrize`: `count` of them, evenly spread, in each run, all others marked `long`.

    A tuple is a case of several parameters.
    """
    every = list(cases)
    chosen = {round(number * (len(every) - 1) / max(1, count - 1)) for number in range(count)}
    return [case if number in chosen else _long(case) for number, case in enumerate(every)]


def _long(case: Any) -> Any:
    arguments = cast("tuple[object, ...]", case) if isinstance(case, tuple) else (case,)
    return pytest.param(*arguments, marks=pytest.mark.long)


def scaled(examples: int) -> int:
    """Return how many examples to try now of a property that is tried with `examples` in the long run."""
    return max(3, examples * settings().max_examples // FULL_NUMBER)
