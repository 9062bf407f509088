"""The benchmarks run and measure equal work; no test checks how long anything takes."""

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
from tests.benchmarks.own_system import OURS, Ours
from tests.benchmarks.plot import plot
from tests.benchmarks.report import report
from tests.benchmarks.systems import SQLITE, Command, Job, System
from tests.checkout import ROOT
from tests.coverage_switch import children_without_coverage, without_coverage

SIMPLE = LOOPS[0]
SYSTEMS = (OURS, SIMPLE)
INTERRUPTIBLE = """
import signal
import sys
from tests.benchmarks.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""
"""Runs the benchmark with Ctrl-C enabled: a process that was started in the background ignores SIGINT."""
JOBS = (Job.INITIAL, Job.RESYNC, Job.INCREMENTAL)


def carried_out(folder: Path, systems: Sequence[System], jobs: Sequence[Job], size: int) -> list[Trial]:
    with children_without_coverage(), databases([SQLITE], folder) as make_database:
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
    """Every pull job with 200 parcels, once, by us and by a loop; a trial with a missing row has a failure."""
    return carried_out(tmp_path_factory.mktemp("bench"), SYSTEMS, JOBS, 200)


@pytest.mark.long
def test_every_system_stores_every_parcel_and_every_change(measured: list[Trial]) -> None:
    done = {(trial.system, trial.job) for trial in measured if not trial.failure}

    assert [trial.failure for trial in measured if trial.failure] == []
    assert done == {(system.name, job.value) for system in SYSTEMS for job in JOBS}


@pytest.mark.long
def test_every_system_asks_for_the_same(measured: list[Trial]) -> None:
    """One request for each job; an incremental pull is served the changed parcel and those changed at the watermark."""
    assert {trial.requests for trial in measured} == {1}
    assert {trial.parcels for trial in measured if trial.job != Job.INCREMENTAL} == {200}
    assert all(1 <= trial.parcels < 20 for trial in measured if trial.job == Job.INCREMENTAL)


@pytest.mark.long
def test_a_system_that_stores_too_little_has_no_time(tmp_path: Path) -> None:
    """The system pulls one of two collections: half of what is served."""
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


def test_the_peak_memory_counts_child_processes_that_have_ended() -> None:
    """Two children, one after the other, each take 80 MiB and end."""
    child = "import time; taken = bytearray(80 << 20); time.sleep(0.1)"
    parent = f"import subprocess, sys; [subprocess.run([sys.executable, '-c', {child!r}]) for _ in range(2)]"

    usage = measured_alone(Command(arguments=[sys.executable, "-c", parent]))

    assert 160 < usage.peak_mib < 260


@pytest.mark.long
def test_trials_measured_before_ctrl_c_are_reported(tmp_path: Path) -> None:
    options = ["--sizes", "200", "--runs", "1000", "--databases", "sqlite", "--jobs", "initial", "--systems", "hashed"]
    command = [sys.executable, "-c", INTERRUPTIBLE, *options, "--results", str(tmp_path)]
    with Popen(command, cwd=ROOT, stdout=PIPE, stderr=PIPE, text=True, env=without_coverage(os.environ)) as running:
        assert running.stderr is not None
        running.stderr.readline()
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=60)

    assert running.returncode == STOPPED
    assert "| hashed |" in output
    assert "stopped by hand" in output
