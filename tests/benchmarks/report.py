"""What the measurements say: medians, ratios within this one run, and the targets beside them."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence

from tests.benchmarks.figures import Case, Figure, Figures, figures
from tests.benchmarks.measure import Trial
from tests.benchmarks.targets import TARGETS, Target, waiting_s


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


def _table(case: Case, systems: Mapping[str, Figure]) -> str:
    ours = systems.get("ours")
    latency = f", {case.latency_ms} ms a request" if case.latency_ms else ""
    lines = [
        f"### {case.job}, {case.size:,} on {case.database}{latency}\n",
        *([f"Waiting for the answers one by one takes {wait:.1f} s.\n"] if (wait := waiting_s(case)) else []),
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
            if target.applies(case):
                measured = target.measured(case, found)
                lines += [] if measured is None else [_row(target, case, measured)]
    return "\n".join(lines) + "\n"


def _row(target: Target, case: Case, measured: float) -> str:
    met = "yes" if target.is_met(measured) else "**no**"
    return f"| {target.name} | {case.database}, {case.size:,} | {measured:.2f} | {target.wanted} | {met} |"
