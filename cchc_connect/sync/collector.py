"""Tunes Python's cyclic garbage collector for the time of a run.

Records contain no cycles, so reference counting frees them at the end of each page. With its default thresholds the
collector would run several times a page and examine everything that is loaded, which costs a third of a pull.
"""

import gc
from collections.abc import Generator
from contextlib import contextmanager

GENERATION_0_THRESHOLD = 100_000
"""Threshold of generation 0, in new containers: about a page of a thousand records."""

GENERATION_1_THRESHOLD = 50
"""Threshold of generation 1, in collections of generation 0."""

GENERATION_2_THRESHOLD = 50
"""Threshold of generation 2, in collections of generation 1."""


@contextmanager
def spared_collector() -> Generator[None, None, None]:
    """Raise the collector's thresholds while the block runs, and restore them afterwards."""
    thresholds = gc.get_threshold()
    gc.set_threshold(GENERATION_0_THRESHOLD, GENERATION_1_THRESHOLD, GENERATION_2_THRESHOLD)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
