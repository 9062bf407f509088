"""Measure: `python -m tests.benchmarks`, or `make bench`; `--quick` takes less than two minutes.

The table is printed; table, raw figures and plot are written to `.bench/results/`. Ctrl-C ends the measurement; the
trials measured before it are printed and written all the same.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from compileall import compile_dir
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.databases import databases
from tests.benchmarks.figures import figures
from tests.benchmarks.loop_systems import LOOPS
from tests.benchmarks.measure import PUSHED, MakeDatabase, Plan, Trial, trials
from tests.benchmarks.own_system import HALVES, OURS
from tests.benchmarks.peer_systems import ENVIRONMENTS, PEERS
from tests.benchmarks.plot import plot
from tests.benchmarks.report import machine, report
from tests.benchmarks.systems import POSTGRES, PULLS, READ_ONLY_JOBS, SQLITE, Job, System
from tests.benchmarks.targets import MILLION
from tests.checkout import ROOT

SYSTEMS: dict[str, System] = {system.name: system for system in (OURS, HALVES, *LOOPS, *PEERS)}
JOBS = [*PULLS, *READ_ONLY_JOBS, Job.PUSH]
STOPPED = 130
"""The shell's exit code for a command that was ended by Ctrl-C."""
RESULTS = ENVIRONMENTS / "results"


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 200_000], metavar="N")
    parser.add_argument("--databases", nargs="+", default=[SQLITE, POSTGRES], choices=[SQLITE, POSTGRES])
    parser.add_argument("--jobs", type=Job, nargs="+", default=JOBS, choices=JOBS)
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=list(SYSTEMS), metavar="NAME")
    parser.add_argument(
        "--latency", type=int, nargs="+", default=[0], metavar="MS", help="before each answer: 0 20 100"
    )
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="medians of so many interleaved runs")
    parser.add_argument(
        "--million", action="store_true", help="also a million parcels, ours and the tuned loop, once: ten minutes"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    parser.add_argument("--quick", action="store_true", help="2,000 parcels, one run")
    options = parser.parse_args(argv)
    if options.quick:
        options.sizes, options.runs = [2_000], 1
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; return 130 if stopped by Ctrl-C, 1 if nothing could be measured."""
    options = arguments(argv)
    chosen = [SYSTEMS[name] for name in options.systems]
    notes = [reason for system in chosen if (reason := system.missing())]
    measured: list[Trial] = []
    stopped = False
    for part in ("cchc_connect", "schemas", "adapters", "tests/benchmarks"):
        compile_dir(ROOT / part, quiet=2)  # as an installer does; else the first process would pay for it
    try:
        with (
            TemporaryDirectory(prefix="cchc-bench-", ignore_cleanup_errors=True) as folder,
            databases(options.databases, Path(folder)) as make_database,
        ):
            for plan in _plans(options, Path(folder), make_database):
                with closing(trials(plan)) as measuring:
                    for trial in measuring:
                        measured.append(trial)
                        _print_progress(trial)
    except KeyboardInterrupt:
        stopped = True
        notes.append("whatever is missing above: it was stopped by hand")
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    text = report(measured, notes, date)
    print(f"\n{text}")
    _write(options.results, text, measured, date)
    if stopped:
        return STOPPED
    return 0 if any(not trial.failure for trial in measured) else 1


def _plans(options: argparse.Namespace, folder: Path, make_database: MakeDatabase) -> Iterator[Plan]:
    plan = Plan(
        systems=[system for name in options.systems if (system := SYSTEMS[name]).missing() is None],
        jobs=options.jobs,
        databases=options.databases,
        sizes=options.sizes,
        latencies_ms=options.latency,
        runs=options.runs,
        folder=folder,
        make_database=make_database,
        pushed=2_000 if options.quick else PUSHED,
    )
    yield plan
    if options.million:
        large = [SYSTEMS[name] for name in (OURS.name, "tuned")]
        jobs = [Job.INITIAL, Job.INCREMENTAL]
        yield replace(plan, systems=large, jobs=jobs, sizes=[MILLION], latencies_ms=[0], runs=1)


def _print_progress(trial: Trial) -> None:
    """Print a finished trial on standard error, because the measurement takes a while."""
    label = f"{trial.job} {trial.size} {trial.database} {trial.system}"
    print(f"{label}: {trial.failure or f'{trial.seconds:.2f} s'}", file=sys.stderr, flush=True)


def _write(folder: Path, text: str, measured: Sequence[Trial], date: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = {"date": date, "machine": machine(), "trials": [trial.as_document() for trial in measured]}
    (folder / "report.md").write_text(text, encoding="utf-8")
    (folder / "figures.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (folder / "cost.svg").write_text(plot(figures(measured)), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
