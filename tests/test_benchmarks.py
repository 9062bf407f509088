"""The benchmarks still run and measure equal work; how long anything takes is no test's business."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from tests.benchmarks.__main__ import STOPPED
from tests.benchmarks.databases import databases
from tests.benchmarks.figures import figures
from tests.benchmarks.loop_systems import LOOPS
from tests.benchmarks.measure import Plan, Trial, measured as measured_alone, trials
from tests.benchmarks.ours import OURS, Ours
from tests.benchmarks.plot import plot
from tests.benchmarks.report import report
from tests.benchmarks.systems import SQLITE, Command, Job, System
from tests.checkout import ROOT
from tests.processes import unmeasured, unmeasured_children

SIMPLE = LOOPS[0]
SYSTEMS = (OURS, SIMPLE)
INTERRUPTIBLE = """
import signal
import sys
from tests.benchmarks.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""
"""The benchmark where Ctrl-C is heard although the tests may run in the background, where it is not."""
JOBS = (Job.INITIAL, Job.RESYNC, Job.INCREMENTAL)


def carried_out(folder: Path, systems: Sequence[System], jobs: Sequence[Job], size: int) -> list[Trial]:
    with unmeasured_children(), databases([SQLITE], folder) as make_database:
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
    """Every pull of 200 parcels, once, by us and by a loop; a trial fails where a row is missing."""
    return carried_out(tmp_path_factory.mktemp("bench"), SYSTEMS, JOBS, 200)


@pytest.mark.long
def test_every_system_stores_every_parcel_and_every_change(measured: list[Trial]) -> None:
    done = {(one.system, one.job) for one in measured if not one.failure}

    assert [one.failure for one in measured if one.failure] == []
    assert done == {(system.name, job.value) for system in SYSTEMS for job in JOBS}


@pytest.mark.long
def test_every_system_asks_for_the_same(measured: list[Trial]) -> None:
    """One request for each job; for changes each is served the changed parcel and those of its last moment."""
    assert {one.requests for one in measured} == {1}
    assert {one.parcels for one in measured if one.job != Job.INCREMENTAL} == {200}
    assert all(1 <= one.parcels < 20 for one in measured if one.job == Job.INCREMENTAL)


@pytest.mark.long
def test_a_system_that_stores_too_little_has_no_time(tmp_path: Path) -> None:
    """The half that it pulls is half of what is served."""
    half = Ours(name="half", collections=("parcels-1",))

    (trial,) = carried_out(tmp_path, [half], [Job.INITIAL], 2000)

    assert "parcels=1000" in trial.failure
    assert trial.seconds == 0


@pytest.mark.long
def test_the_report_names_each_system_with_its_ratio_to_ours(measured: list[Trial]) -> None:
    text = report(measured, ["dlt is not installed"], "2026-11-24")

    assert "| ours |" in text
    assert "| simple |" in text
    assert "Not run: dlt is not installed" in text


@pytest.mark.long
def test_the_plot_has_a_line_for_each_system(measured: list[Trial]) -> None:
    drawing = plot(figures(measured))

    assert drawing.startswith("<svg")
    assert drawing.count("<polyline") == len(JOBS) * len(SYSTEMS)


def test_a_process_that_has_ended_by_then_counts_with_its_peak() -> None:
    """A child that takes eighty mebibytes and ends, and another after it."""
    child = "import time; taken = bytearray(80 << 20); time.sleep(0.1)"
    parent = f"import subprocess, sys; [subprocess.run([sys.executable, '-c', {child!r}]) for _ in range(2)]"

    usage = measured_alone(Command(arguments=[sys.executable, "-c", parent]))

    assert 160 < usage.peak_mib < 260


@pytest.mark.long
def test_what_was_measured_before_ctrl_c_is_reported(tmp_path: Path) -> None:
    words = ["--sizes", "200", "--runs", "1000", "--databases", "sqlite", "--jobs", "initial", "--systems", "hashed"]
    command = [sys.executable, "-c", INTERRUPTIBLE, *words, "--results", str(tmp_path)]
    with Popen(command, cwd=ROOT, stdout=PIPE, stderr=PIPE, text=True, env=unmeasured(os.environ)) as running:
        assert running.stderr is not None
        running.stderr.readline()
        running.send_signal(signal.SIGINT)
        told, _ = running.communicate(timeout=60)

    assert running.returncode == STOPPED
    assert "| hashed |" in told
    assert "stopped by hand" in told
