"""Print what 200 honest worlds look like to the engine: `python -m tests.honest [FIRST-LAST] [sqlite|postgres]`.

Every figure but the number of worlds and runs should be 0. Returns 1 if one is not.
"""

import sys
import time
from collections.abc import Sequence

from tests.databases import DATABASE_KINDS, stop_servers
from tests.honest.checker import HonestResult
from tests.honest.peculiarities import Peculiarity
from tests.honest.worlds import honest_results
from tests.statement_cache import share_statement_cache

DEFAULT_SEEDS = range(1, 201)
HEADINGS = ("worlds", "runs", "holds", "incomplete", "quarantined", "exceptions", "differ")


def main(arguments: Sequence[str]) -> int:
    """Run the worlds on each kind of database and print the tables."""
    share_statement_cache()
    seeds = next((_range(text) for text in arguments if text[0].isdigit()), DEFAULT_SEEDS)
    kinds = [kind for kind in DATABASE_KINDS if kind in arguments] or list(DATABASE_KINDS)
    is_clean = True
    for kind in kinds:
        began_s = time.monotonic()
        results = list(honest_results(seeds, kind))
        print(f"{kind}: {time.monotonic() - began_s:.1f} s")
        _show(results)
        is_clean &= not any(result.alarms or result.differences for result in results)
    stop_servers()
    return 0 if is_clean else 1


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _show(results: Sequence[HonestResult]) -> None:
    width = max(map(len, Peculiarity))
    print(" " * width, *(f"{heading:>11}" for heading in HEADINGS))
    for peculiarity in Peculiarity:
        _show_line(peculiarity, width, [result for result in results if peculiarity in result.peculiarities])
    _show_line("all", width, results)
    for result in results:
        if result.alarms or result.differences:
            print(f"seed {result.seed}:", *result.reasons, *result.differences, sep="\n    ")


def _show_line(name: str, width: int, results: Sequence[HonestResult]) -> None:
    numbers = [
        len(results),
        sum(result.runs for result in results),
        sum(result.holds for result in results),
        sum(result.incomplete for result in results),
        sum(result.quarantined for result in results),
        sum(result.exceptions for result in results),
        sum(len(result.differences) for result in results),
    ]
    print(f"{name:<{width}}", *(f"{number:>11,}" for number in numbers))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
