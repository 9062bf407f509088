"""What the measurements say: medians, ratios within this one run, and the targets beside them."""

import os
import platform
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from tests.benchmarks.measure import Trial
from tests.benchmarks.targets import TARGETS, Target


class Case(NamedTuple):
    """What is compared with each other."""

    size: int
    latency_ms: int
    job: str
    database: str


@dataclass(frozen=True)
class Figure:
    """One system's medians in one case."""

    runs: int
    seconds: float
    cpu_seconds: float
    peak_mib: float


Figures = Mapping[Case, Mapping[str, Figure]]


def figures(trials: Iterable[Trial]) -> Figures:
    """Return the medians of each system in each case."""
    gathered: dict[Case, dict[str, list[Trial]]] = defaultdict(lambda: defaultdict(list))
    for trial in trials:
        if not trial.failure:
            case = Case(trial.size, trial.latency_ms, trial.job, trial.database)
            gathered[case][trial.system].append(trial)
    return {
        case: {system: _figure(measured) for system, measured in systems.items()} for case, systems in gathered.items()
    }


def report(trials: Sequence[Trial], notes: Iterable[str], date: str) -> str:
    """Return the whole report as Markdown."""
    found = figures(trials)
    failures = {
        f"{one.system} on {one.database}, {one.job}, {one.size}: {one.failure}" for one in trials if one.failure
    }
    parts = [
        f"Measured {date} on {machine()}.\n",
        "Seconds from start to exit (medians), processor seconds, peak memory; `x` is time relative to ours.\n",
        *(_table(case, found[case]) for case in sorted(found)),
        _targets(found),
        *([f"Not run: {one}\n" for one in sorted({*failures, *notes})]),
    ]
    return "\n".join(parts)


def machine() -> str:
    """Return the class of this machine: what a reader needs to compare, and nothing that names it."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


def _figure(measured: Sequence[Trial]) -> Figure:
    return Figure(
        runs=len(measured),
        seconds=median(one.seconds for one in measured),
        cpu_seconds=median(one.cpu_seconds for one in measured),
        peak_mib=max(one.peak_mib for one in measured),
    )


def _table(case: Case, systems: Mapping[str, Figure]) -> str:
    ours = systems.get("ours")
    latency = f", {case.latency_ms} ms a request" if case.latency_ms else ""
    lines = [
        f"### {case.job}, {case.size:,} on {case.database}{latency}\n",
        "| system | s | x | CPU s | MiB | runs |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in sorted(systems.items(), key=lambda pair: pair[1].seconds):
        ratio = f"{one.seconds / ours.seconds:.2f}" if ours else ""
        lines.append(
            f"| {name} | {one.seconds:.2f} | {ratio} | {one.cpu_seconds:.2f} | {one.peak_mib:.0f} | {one.runs} |"
        )
    return "\n".join(lines) + "\n"


def _targets(found: Figures) -> str:
    lines = ["### Targets\n", "| target | case | measured | wanted | met |", "|---|---|---|---|---|"]
    for target in TARGETS:
        for case in sorted(found):
            if target.applies(case.job, case.size, case.latency_ms):
                measured = target.measured(case.size, _seconds_and_peaks(found, case))
                lines += [] if measured is None else [_row(target, case, measured)]
    return "\n".join(lines) + "\n"


def _row(target: Target, case: Case, measured: float) -> str:
    met = "yes" if target.is_met(measured) else "**no**"
    return f"| {target.name} | {case.database}, {case.size:,} | {measured:.2f} | {target.wanted} | {met} |"


def _seconds_and_peaks(found: Figures, case: Case) -> Mapping[str, tuple[float, float]]:
    return {system: (one.seconds, one.peak_mib) for system, one in found[case].items()}
