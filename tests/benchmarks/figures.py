"""The figures of a measurement: the medians of each system in each case."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from tests.benchmarks.measure import Trial


class Case(NamedTuple):
    """One combination of size, latency, job and database, in which systems are compared."""

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


def _figure(measured: Sequence[Trial]) -> Figure:
    return Figure(
        runs=len(measured),
        seconds=median(trial.seconds for trial in measured),
        cpu_seconds=median(trial.cpu_seconds for trial in measured),
        peak_mib=max(trial.peak_mib for trial in measured),
    )
