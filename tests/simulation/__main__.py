"""Run many seeds of the simulation: `python -m tests.simulation 1000-1999 [ADVERSITY]`; one seed prints its event log.

With an adversity each seed has that one instead of its own. Each failing seed is printed with its faults; it fails the
same way when it is run again.
"""

import sys
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing import Pool

from tests.simulation.adversities import Adversity
from tests.simulation.seeds import SeedResult, outcomes
from tests.statement_cache import share_statement_cache

PROCESSES = 2
"""The simulation is bound by the processor; more processes than cores are no faster."""

BATCH_SIZE = 25


def main(arguments: Sequence[str]) -> int:
    """Run the seeds `a-b` or the seed `a`; return 1 if one failed."""
    share_statement_cache()
    first, _, last = arguments[0].partition("-")
    seeds = range(int(first), int(last or first) + 1)
    started = time.monotonic()
    adversity = Adversity(arguments[1]) if arguments[1:] else None
    failed = _run_one(seeds[0], adversity) if len(seeds) == 1 else _run_many(seeds, adversity)
    print(f"{len(seeds)} seeds, {failed} failed, {time.monotonic() - started:.1f} s")
    return 1 if failed else 0


def _run_one(seed: int, adversity: Adversity | None) -> int:
    (outcome,) = outcomes([seed], adversity)
    print(*outcome.story, *outcome.faults, sep="\n")
    return len(outcome.faults) > 0


def _run_many(seeds: range, adversity: Adversity | None) -> int:
    batches = [seeds[start : start + BATCH_SIZE] for start in range(0, len(seeds), BATCH_SIZE)]
    failed = 0
    with Pool(PROCESSES) as pool:
        for failed_outcomes in pool.imap(partial(_failed_of, adversity=adversity), batches):
            for outcome in failed_outcomes:
                failed += 1
                print(f"seed {outcome.seed}:", *outcome.faults, sep="\n    ", flush=True)
    return failed


def _failed_of(seeds: range, adversity: Adversity | None) -> list[SeedResult]:
    return [outcome for outcome in outcomes(seeds, adversity) if outcome.faults]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
