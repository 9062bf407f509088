"""The report of a measurement: medians, ratios within the same run, and the targets."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence

from tests.benchmarks.figures import Case, Figure, Figures, figures
from tests.benchmarks.measure import Trial
from tests.benchmarks.targets import TARGETS, Target, waiting_s


def report(trials: Sequence[Trial], notes: Iterable[str], date: str) -> str:
    """Return the report as Markdown."""
    medians = figures(trials)
    failures = {
        f"{trial.system} on {trial.database}, {trial.job}, {trial.size}: {trial.failure}"
        for trial in trials
        if trial.failure
    }
    parts = [
        f"Measured {date} on {machine()}.\n",
        "Seconds from start to exit (medians), processor seconds, peak memory; `x` is time relative to ours.\n",
        *(_table(case, medians[case]) for case in sorted(medians)),
        _targets(medians),
        *([f"Not run: {note}\n" for note in sorted({*failures, *notes})]),
    ]
    return "\n".join(parts)


def machine() -> str:
    """Return the class of this machine, for comparison, without anything that identifies it."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


def _table(case: Case, systems: Mapping[str, Figure]) -> str:
    own = systems.get("ours")
    latency = f", {case.latency_ms} ms a request" if case.latency_ms else ""
    lines = [
        f"### {case.job}, {case.size:,} on {case.database}{latency}\n",
        *([f"Waiting for the answers one by one takes {wait:.1f} s.\n"] if (wait := waiting_s(case)) else []),
        "| system | s | x | CPU s | MiB | runs |",
        "|---|---|---|---|---|---|",
    ]
    for name, figure in sorted(systems.items(), key=lambda pair: pair[1].seconds):
        ratio = f"{figure.seconds / own.seconds:.2f}" if own else ""
        memory = f"{figure.peak_mib:.0f}"
        lines.append(
            f"| {name} | {figure.seconds:.2f} | {ratio} | {figure.cpu_seconds:.2f} | {memory} | {figure.runs} |"
        )
    return "\n".join(lines) + "\n"


def _targets(medians: Figures) -> str:
    lines = ["### Targets\n", "| target | case | measured | wanted | met |", "|---|---|---|---|---|"]
    for target in TARGETS:
        for case in sorted(medians):
            if target.applies(case):
                measured = target.measured(case, medians)
                lines += [] if measured is None else [_row(target, case, measured)]
    return "\n".join(lines) + "\n"


def _row(target: Target, case: Case, measured: float) -> str:
    met = "yes" if target.is_met(measured) else "**no**"
    return f"| {target.name} | {case.database}, {case.size:,} | {measured:.2f} | {target.limit} | {met} |"
