"""The benchmarks still run and measure equal work; how long anything takes is no test's business."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.benchmarks.databases import databases
from tests.benchmarks.loop_systems import LOOPS
from tests.benchmarks.measure import Plan, Trial, trials
from tests.benchmarks.ours import OURS, Ours
from tests.benchmarks.plot import plot
from tests.benchmarks.report import figures, report
from tests.benchmarks.systems import SQLITE, Job, System

SIMPLE = LOOPS[0]
JOBS = (Job.INITIAL, Job.RESYNC, Job.INCREMENTAL)


def carried_out(folder: Path, systems: Sequence[System], jobs: Sequence[Job], size: int) -> list[Trial]:
    with databases([SQLITE], folder) as make_database:
        plan = Plan(
            systems=systems,
            jobs=jobs,
            databases=[SQLITE],
            sizes=[size],
            latencies_ms=[0],
            runs=1,
            folder=folder,
            make_database=make_database,
        )
        return list(trials(plan))


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    """Every pull of 200 parcels, once, by us and by the simple loop; a trial fails where a row is missing."""
    return carried_out(tmp_path_factory.mktemp("bench"), [OURS, SIMPLE], JOBS, 200)


def test_every_system_stores_every_parcel_and_every_change(measured: list[Trial]) -> None:
    done = {(one.system, one.job) for one in measured if not one.failure}

    assert [one.failure for one in measured if one.failure] == []
    assert done == {(system.name, job.value) for system in (OURS, SIMPLE) for job in JOBS}


def test_a_system_that_stores_too_little_has_no_time(tmp_path: Path) -> None:
    """The half that it pulls is half of what is served."""
    half = Ours(name="half", collections=("parcels-1",))

    (trial,) = carried_out(tmp_path, [half], [Job.INITIAL], 2000)

    assert "parcels=1000" in trial.failure
    assert trial.seconds == 0


def test_the_report_names_each_system_with_its_ratio_to_ours(measured: list[Trial]) -> None:
    text = report(measured, ["dlt is not installed"], "2026-11-24")

    assert "| ours |" in text
    assert "| simple |" in text
    assert "Not run: dlt is not installed" in text


def test_the_plot_has_a_line_for_each_system(measured: list[Trial]) -> None:
    drawing = plot(figures(measured))

    assert drawing.startswith("<svg")
    assert drawing.count("<polyline") == len(JOBS) * 2
