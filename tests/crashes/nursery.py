"""A nursery: a warm process of one thread that brings up a process for each trial and tells how it ended.

Starting Python and importing the engine takes longer than the run that is to be disturbed; a fork of a
process that has all of it loaded, and has run once, takes milliseconds.
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

from cchc_connect import Config, SharedDatabase, Surroundings, Synchronizer
from cchc_connect.cli.exit_codes import exit_code_of
from cchc_connect.errors import CchcError
from cchc_connect.sync.executor import Job
from tests.checkout import ROOT
from tests.compiled import share_compiled
from tests.processes import unmeasured

SERVE = "from tests.crashes.nursery import serve; serve()"

KILLED = -signal.SIGKILL
"""Exit code of a process that was killed."""

GLANCE_S = 0.0005


class InTurn:
    """Carries out jobs one after another in the thread that asked, so that every write is made by one thread."""

    def run(self, jobs: Sequence[Job]) -> None:
        """Carry out all jobs."""
        for job in jobs:
            job()


class Nursery:
    """Brings up processes that run once, and waits for their end."""

    def __init__(self, tables: Mapping[str, Any], only: Sequence[str], secrets: Sequence[str]) -> None:
        """Prepare for runs of a configuration's connections and routes `only`.

        Args:
            tables: the configuration; each run has a database of its own in the place of the one named there.
            only: names of connections and routes.
            secrets: the environment's variables that hold them.
        """
        self._order = {"tables": tables, "only": only, "secrets": {name: os.environ[name] for name in secrets}}
        self._process: subprocess.Popen[str] | None = None
        self._under: Sequence[str] = ()

    def under(self, tracer: Sequence[str]) -> Self:
        """Let a tracer, given by the beginning of its command line, watch every process."""
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
            url: where the database is.
            in_turn: one thread makes every write.
            elsewhere: which system call the process makes to no effect before it begins, and how often.
            kill_after_s: seconds after which it is killed; None: it may come to its end.
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
            env={**unmeasured(os.environ), "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self._ask(self._order)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.communicate()  # its orders are at their end, and so is it

    def _ask(self, order: Mapping[str, Any]) -> str:
        assert self._process is not None
        to, back = self._pipes(self._process)
        print(json.dumps(order), file=to, flush=True)
        answer = back.readline()
        assert answer, "the nursery has died"
        return answer

    @staticmethod
    def _pipes(process: "subprocess.Popen[str]") -> tuple[IO[str], IO[str]]:
        assert process.stdin is not None
        assert process.stdout is not None
        return process.stdin, process.stdout


def serve() -> None:
    """Be the nursery: learn the configuration, run once to be warm, then bring up a process for each order."""
    share_compiled()  # what the run that warms up has compiled the forks need not
    first = json.loads(sys.stdin.readline())
    os.environ.update(first["secrets"])
    config = Config.from_tables(first["tables"], Path("cchc.toml"))
    with ThreadPoolExecutor(1) as pool:  # a tracer counts each thread's calls, and the forks go on with this one's
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
    """Run once; return the exit code of `cchc-connect sync` for how it ended."""
    surroundings = Surroundings(executor=InTurn(), prefetch=0) if in_turn else Surroundings()
    try:
        with SharedDatabase(config.database.url) as database:
            report = Synchronizer(config, database, surroundings).synchronise(only)
    except CchcError as error:
        return int(exit_code_of(error))
    return 0 if report.outcome.value == "done" else 3


def _call(name: str, times: int) -> None:
    """Make a system call some times to no effect."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for _ in range(times):
        if name == "pwrite64":
            os.pwrite(nothing, b"0", 0)
        else:
            with suppress(OSError):  # there is nothing to flush
                os.fdatasync(nothing)
    os.close(nothing)


def _ended(number: int, kill_after_s: float | None) -> int:
    """Wait for a process that is ours to wait for, and so has its number until then."""
    if kill_after_s is not None:
        end = time.monotonic() + kill_after_s
        while time.monotonic() < end:
            ended, status = os.waitpid(number, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(GLANCE_S)
        os.kill(number, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
