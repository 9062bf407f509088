"""Print a year of hourly runs, month by month: `python -m tests.simulation.print_year [RUNS]`, or `make year`."""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.simulation.adapter import installed
from tests.simulation.year import ADAPTERS, MIB, RETENTION, RUNS_A_YEAR, Month, Year
from tests.statement_cache import share_statement_cache

COLUMNS = ("run", "change", "delivery", "audit_entry")
"""Tables whose rows are counted."""


def main(arguments: Sequence[str]) -> int:
    """Run the year without a purge and with one, and print size and rows of each month."""
    share_statement_cache()
    runs = int(arguments[0]) if arguments else RUNS_A_YEAR
    print("purge   month   runs     MiB  " + "".join(f"{name:>12}" for name in COLUMNS) + "  memory MiB")
    for word, retention in (("none", None), ("30 days", RETENTION)):
        with installed(ADAPTERS), tempfile.TemporaryDirectory() as folder:
            year = Year(Path(folder, "year.db"), retention, runs)
            began_s = time.monotonic()
            year.pass_by()
        for month in year.months:
            print(_line(word, month))
        print(f"{runs} runs in {time.monotonic() - began_s:.0f} s, outcomes: {', '.join(sorted(year.outcomes))}")
    return 0


def _line(word: str, month: Month) -> str:
    rows = "".join(f"{month.rows[name]:>12}" for name in COLUMNS)
    return f"{word:<8}{month.number:>5}{month.runs:>7}{month.size_bytes / MIB:>8.1f}  {rows}{month.memory_mib:>12}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
