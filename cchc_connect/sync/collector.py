"""Python's cycle collector, kept from looking at every record again and again while pages flow.

Records hold no cycles: they are freed when a page is done, whether the collector runs or not. By its usual
thresholds it would run several times a page and look at all that is loaded, which costs a third of a pull.
"""

import gc
from collections.abc import Generator
from contextlib import contextmanager

ALLOCATIONS = 100_000
"""New containers after which the young ones are looked at: about a page of a thousand records."""

YOUNG_RUNS = 50
OLD_RUNS = 50


@contextmanager
def spared_collector() -> Generator[None, None, None]:
    """Let the collector run rarely while the block runs, and as before afterwards."""
    before = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS, YOUNG_RUNS, OLD_RUNS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
