"""A fork server for crash tests: a warm single-threaded process that forks a process per trial and reports its end.

Starting Python and importing the engine takes longer than the run to be disturbed; a fork of a process that has
loaded everything and has run once takes milliseconds.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from cchc_connect import Config, RunEnvironment, SharedDatabase, Synchronizer
from cchc_connect.cli.exit_codes import exit_code_of
from cchc_connect.errors import CchcError
from cchc_connect.sync.concurrency import Job
from tests.checkout import ROOT
from tests.coverage_switch import without_coverage
from tests.statement_cache import share_statement_cache

SERVE = "from tests.crashes.fork_server import serve; serve()"

KILLED = -signal.SIGKILL
"""Exit code of a process that was killed by SIGKILL."""

GLANCE_S = 0.0005


class SequentialExecutor:
    """Runs jobs one after another in the calling thread, so that one thread makes every write."""

    def run(self, jobs: Sequence[Job]) -> None:
        """Run all jobs."""
        for job in jobs:
            job()


class ForkServer:
    """Starts processes that run once, and waits for their end."""

    def __init__(self, tables: Mapping[str, Any], only: Sequence[str], secrets: Sequence[str]) -> None:
        """Prepare for runs of a configuration's connections and routes `only`.

        Args:
            tables: the configuration; each run has its own database instead of the one named there.
            only: names of connections and routes.
            secrets: names of the environment variables that hold secrets.
        """
        self._order = {"tables": tables, "only": only, "secrets": {name: os.environ[name] for name in secrets}}
        self._process: subprocess.Popen[str] | None = None
        self._under: Sequence[str] = ()

    def traced_by(self, tracer: Sequence[str]) -> Self:
        """Run every process under a tracer, given as the beginning of its command line."""
        self._under = tracer
        return self

    def run(
        self,
        url: str,
        *,
        in_turn: bool = False,
        elsewhere: tuple[str, int] = ("pwrite64", 0),
        kill_after_s: float | None = None,
    ) -> int:
        """Run once over a database; return the exit code, negative for the signal that ended it.

        Args:
            url: URL of the database.
            in_turn: one thread makes every write.
            elsewhere: a system call that the process makes without effect before it begins, and how often.
            kill_after_s: seconds after which it is killed; None: it is not killed.
        """
        trial = {"url": url, "in_turn": in_turn, "elsewhere": elsewhere, "kill": kill_after_s}
        return int(self._ask(trial))

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [*self._under, sys.executable, "-c", SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**without_coverage(os.environ), "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self._ask(self._order)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.communicate()  # closes its input, which ends it

    def _ask(self, order: Mapping[str, Any]) -> str:
        assert self._process is not None
        to, back = self._pipes(self._process)
        print(json.dumps(order), file=to, flush=True)
        reply = back.readline()
        assert reply, "the nursery has died"
        return reply

    @staticmethod
    def _pipes(process: "subprocess.Popen[str]") -> tuple[IO[str], IO[str]]:
        assert process.stdin is not None
        assert process.stdout is not None
        return process.stdin, process.stdout


def serve() -> None:
    """Run as the fork server: read the configuration, run once to warm up, then fork a process for each order."""
    share_statement_cache()  # the forks reuse the statements that the warm-up run has compiled
    first = json.loads(sys.stdin.readline())
    os.environ.update(first["secrets"])
    config = Config.from_tables(first["tables"], Path("cchc.toml"))
    with ThreadPoolExecutor(1) as pool:  # a tracer counts calls per thread, and forks continue this thread's count
        assert pool.submit(_run, config, first["only"], in_turn=True).result() == 0
    gc.freeze()
    print("warm", flush=True)
    for line in sys.stdin:
        trial = json.loads(line)
        own = config.model_copy(update={"database": config.database.model_copy(update={"url": trial["url"]})})
        number = os.fork()
        if number == 0:
            _call(*trial["elsewhere"])
            os._exit(_run(own, first["only"], in_turn=trial["in_turn"]))
        print(_ended(number, trial["kill"]), flush=True)


def _run(config: Config, only: Sequence[str], *, in_turn: bool) -> int:
    """Run once; return the exit code that `cchc-connect sync` would have."""
    environment = RunEnvironment(executor=SequentialExecutor(), prefetch=0) if in_turn else RunEnvironment()
    try:
        with SharedDatabase(config.database.url, create_or_upgrade=True) as database:
            report = Synchronizer(config, database, environment).synchronise(only)
    except CchcError as error:
        return int(exit_code_of(error))
    return 0 if report.outcome.value == "done" else 3


def _call(name: str, times: int) -> None:
    """Make a system call `times` times without effect."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for _ in range(times):
        if name == "pwrite64":
            os.pwrite(nothing, b"0", 0)
        else:
            with suppress(OSError):  # there is nothing to flush
                os.fdatasync(nothing)
    os.close(nothing)


def _ended(number: int, kill_after_s: float | None) -> int:
    """Wait for a child process, or kill it after some seconds; return its exit code."""
    if kill_after_s is not None:
        end = time.monotonic() + kill_after_s
        while time.monotonic() < end:
            ended, status = os.waitpid(number, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(GLANCE_S)
        os.kill(number, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
