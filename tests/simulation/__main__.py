"""Many seeds at once: `python -m tests.simulation 1000-1999`; one seed alone tells its story.

Each seed that fails is printed with what is wrong; it fails the same way when it is run again.
"""

import sys
import time
from collections.abc import Sequence
from multiprocessing import Pool

from tests.compiled import share_compiled
from tests.simulation.seeds import Outcome, outcomes

PROCESSES = 2
"""A seed computes; more processes than cores are no faster."""

A_BATCH = 25


def main(arguments: Sequence[str]) -> int:
    """Run the seeds `a-b` or the one seed `a`; return 1 where one failed."""
    share_compiled()
    first, _, last = arguments[0].partition("-")
    seeds = range(int(first), int(last or first) + 1)
    started = time.monotonic()
    failed = _one(seeds[0]) if len(seeds) == 1 else _many(seeds)
    print(f"{len(seeds)} seeds, {failed} failed, {time.monotonic() - started:.1f} s")
    return 1 if failed else 0


def _one(seed: int) -> int:
    (outcome,) = outcomes([seed])
    print(*outcome.story, *outcome.faults, sep="\n")
    return len(outcome.faults) > 0


def _many(seeds: range) -> int:
    batches = [seeds[start : start + A_BATCH] for start in range(0, len(seeds), A_BATCH)]
    failed = 0
    with Pool(PROCESSES) as pool:
        for found in pool.imap(_batch, batches):
            for outcome in found:
                failed += 1
                print(f"seed {outcome.seed}:", *outcome.faults, sep="\n    ", flush=True)
    return failed


def _batch(seeds: range) -> list[Outcome]:
    return [one for one in outcomes(seeds) if one.faults]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
