"""Measurement: systems run against the register as processes, interleaved, and their stored rows are counted.

In each run every system does all its jobs once, in another order each time, so that a temporary disturbance of the
machine affects all of them.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.benchmarks.features import changed_numbers
from tests.benchmarks.memory import MemoryWatch
from tests.benchmarks.register import RunningRegister, running_register
from tests.benchmarks.systems import PULLS, READ_ONLY_JOBS, Command, Job, Stored, System, Workspace, stored

PUSHED = 20_000
"""Number of statuses in the push job."""
PUSH_LATENCY_MS = 20
READ_ONLY_REPEATS = 5
"""How often in each run a command is measured that takes less than half a second."""
KIB = 1024

MakeDatabase = Callable[[str, Path], str]
"""Creates an empty database of a kind and returns its URL; a file is created in the given folder."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One measurement."""

    system: str
    database: str
    job: str
    size: int
    latency_ms: int
    run: int
    seconds: float = 0.0
    """From start to exit."""
    cpu_seconds: float = 0.0
    """Of the process and its children, without the database server."""
    peak_mib: float = 0.0
    """Sum of the peaks of the process and its descendants: see `tests.benchmarks.memory`."""
    requests: int = 0
    """Requests that the register answered: systems with different numbers did different work."""
    parcels: int = 0
    """Parcels that the register served."""
    failure: str = ""
    """Why there is no measurement; empty if there is one."""

    def as_document(self) -> dict[str, object]:
        """Return the fields as a JSON-ready mapping."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The combinations to measure."""

    systems: Sequence[System]
    jobs: Sequence[Job]
    databases: Sequence[str]
    sizes: Sequence[int]
    latencies_ms: Sequence[int]
    runs: int
    folder: Path
    make_database: MakeDatabase
    pushed: int = PUSHED


@dataclass(frozen=True)
class Usage:
    """Time and memory of one process, and what it requested."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    requests: int = 0
    parcels: int = 0


class Failed(Exception):
    """A process failed or stored something else than it was served."""


def trials(plan: Plan) -> Generator[Trial, None, None]:
    """Measure the plan; yield each trial as it is made."""
    pulls = [job for job in (*PULLS, *READ_ONLY_JOBS) if job in plan.jobs]
    for size in plan.sizes if pulls else ():
        with running_register(size) as register:
            for latency in plan.latencies_ms:
                yield from _rounds(plan, register, latency, [job for job in pulls if job in PULLS or not latency])
    if Job.PUSH in plan.jobs:
        with running_register(plan.pushed) as register:
            yield from _rounds(plan, register, PUSH_LATENCY_MS, [Job.PUSH])


def _rounds(plan: Plan, register: RunningRegister, latency_ms: int, jobs: Sequence[Job]) -> Iterator[Trial]:
    for run in range(plan.runs):
        for database in plan.databases:
            shift = run % (len(plan.systems) or 1)
            for system in (*plan.systems[shift:], *plan.systems[:shift]):
                possible = [job for job in jobs if system.can(job, database, register.count)]
                if possible:
                    trial = Trial(
                        system=system.name,
                        database=database,
                        job="",
                        size=register.count,
                        latency_ms=latency_ms,
                        run=run,
                    )
                    yield from _chain(plan, system, register, trial, possible)


def _chain(plan: Plan, system: System, register: RunningRegister, trial: Trial, jobs: Sequence[Job]) -> Iterator[Trial]:
    """Run the jobs of one system one after the other in one database, up to the first failure."""
    folder = plan.folder / f"{system.name}-{trial.run}"
    folder.mkdir(parents=True)
    workspace = Workspace(
        folder=folder, base_url=register.base_url, database=plan.make_database(trial.database, folder)
    )
    chain = [Job.PUSH] if Job.PUSH in jobs else [Job.INITIAL, *(job for job in jobs if job is not Job.INITIAL)]
    doing = {Job.PUSH: _push, Job.HELP: _look, Job.STATUS: _look}
    for job in chain:
        for _ in range(READ_ONLY_REPEATS if job in READ_ONLY_JOBS else 1):
            try:
                usage = doing.get(job, _pull)(system, job, workspace, register, trial.latency_ms)
            except Failed as failure:
                yield replace(trial, job=job.value, failure=str(failure))
                shutil.rmtree(folder)
                return
            if job in jobs:
                yield replace(trial, job=job.value, **asdict(usage))
    shutil.rmtree(folder)


def _pull(system: System, job: Job, workspace: Workspace, register: RunningRegister, latency_ms: int) -> Usage:
    changed = job is Job.INCREMENTAL
    register.set("changed", int(changed))
    register.set("latency", latency_ms)
    usage = _served(system.command(job, workspace), register)
    expected = Stored(register.count, len(changed_numbers(0, register.count)) if changed else 0)
    if (actual := stored(system, workspace)) != expected:
        raise Failed(f"{actual} instead of {expected}")
    return usage


def _push(system: System, job: Job, workspace: Workspace, register: RunningRegister, latency_ms: int) -> Usage:
    """Pull and send all dossiers once, change them and pull them again; then measure the push alone."""
    register.set("latency", 0)
    for changed in (0, 1):
        register.set("changed", changed)
        measured(system.command(Job.FILL, workspace))
        if not changed:
            measured(system.command(job, workspace))
    register.set("latency", latency_ms)
    usage = _served(system.command(job, workspace), register)
    if (arrived := register.set("latency", 0).statuses) != register.count:
        raise Failed(f"{arrived} of {register.count} statuses arrived")
    return usage


def _served(command: Command, register: RunningRegister) -> Usage:
    """Run one process; add the number of its requests and parcels to its usage."""
    register.set("forgotten", 1)
    usage = measured(command)
    served = register.set("latency", 0)
    return replace(usage, requests=served.requests, parcels=served.parcels)


def _look(system: System, job: Job, workspace: Workspace, register: RunningRegister, latency_ms: int) -> Usage:
    """Run a command that changes nothing."""
    del register, latency_ms
    return measured(system.command(job, workspace))


def measured(command: Command) -> Usage:
    """Run one process to its end; on an interruption kill it with its descendants.

    Its modules are compiled once and not in each process, as in an installed program.

    Raises:
        Failed: the process ended with an error.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**inherited, **command.environment}
    start = time.perf_counter()
    with subprocess.Popen(
        command.arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stderr is not None
        try:
            with MemoryWatch(process.pid) as memory:
                errors = process.stderr.read().decode(errors="replace").strip()
                _, status, used = os.wait4(process.pid, 0)
                seconds = time.perf_counter() - start
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"exit code {process.returncode}: {errors.splitlines()[-1] if errors else ''}"[:300])
    return Usage(
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_mib=memory.peak_kib(used.ru_maxrss) / KIB,
    )
