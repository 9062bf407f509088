"""Schedulers of one database: processes that start a run at the same moment and report exit code and duration."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cchc_connect import Config, SharedDatabase, Synchronizer
from cchc_connect.cli import main
from cchc_connect.cli.exit_codes import exit_code_of
from cchc_connect.errors import CchcError
from tests.promises.setting import fork_server

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

TIMEOUT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """Exit code and duration of a run."""

    code: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class ShortLease:
    """A run with a shorter lease than the configuration allows, so that no test waits for minutes."""

    tables: Mapping[str, Any]
    only: Sequence[str]
    seconds: float

    def run(self) -> int:
        """Run once; return the exit code that `cchc-connect sync` would have."""
        config = Config.from_tables(self.tables, Path("cchc.toml"))
        short = config.model_copy(update={"run": config.run.model_copy(update={"lease_s": self.seconds})})
        try:
            with SharedDatabase(short.database.url, create_or_upgrade=True) as database:
                Synchronizer(short, database).synchronise(self.only)
        except CchcError as error:
            return int(exit_code_of(error))
        return 0


@dataclass(frozen=True, kw_only=True)
class Command:
    """The command line, as a scheduler calls it."""

    config: Path
    only: Sequence[str]

    def run(self) -> int:
        """Run `cchc-connect sync`; return its exit code."""
        only = [argument for name in self.only for argument in ("--only", name)]
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            return main(["--config", str(self.config), "sync", *only])


class Scheduler:
    """A process that makes one run."""

    def __init__(self, run: ShortLease | Command, secrets: Sequence[str], start: Barrier | None = None) -> None:
        """Start the process; it begins its run when all parties of the barrier `start` have arrived."""
        self._receiver, sender = fork_server().Pipe(duplex=False)
        environment = {name: os.environ[name] for name in secrets}
        self.process = fork_server().Process(target=_schedule, args=(run, environment, start, sender))
        self.process.start()
        sender.close()

    @property
    def number(self) -> int:
        """The process id."""
        assert self.process.pid is not None
        return self.process.pid

    def ended(self) -> RunResult:
        """Wait for the end of the run."""
        assert self._receiver.poll(TIMEOUT_S)
        ended: RunResult = self._receiver.recv()
        self.process.join()
        self.process.close()
        return ended


def _schedule(
    run: ShortLease | Command, secrets: Mapping[str, str], start: Barrier | None, sender: "Connection[Any, Any]"
) -> None:
    os.environ.update(secrets)
    if start is not None:
        start.wait(TIMEOUT_S)
    started = time.monotonic()
    code = run.run()
    sender.send(RunResult(code=code, seconds=time.monotonic() - started))
