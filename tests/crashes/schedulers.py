"""Schedulers of one database: processes that start a run at a given moment and tell how it ended, and how soon."""

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
from tests.promises.province import workers

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one run ended."""

    code: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class ShortLease:
    """A run with a shorter lease than a configuration may ask for: no test waits for minutes."""

    tables: Mapping[str, Any]
    only: Sequence[str]
    seconds: float

    def run(self) -> int:
        """Run once; return the exit code of `cchc-connect sync` for how it ended."""
        config = Config.from_tables(self.tables, Path("cchc.toml"))
        short = config.model_copy(update={"run": config.run.model_copy(update={"lease_s": self.seconds})})
        try:
            with SharedDatabase(short.database.url) as database:
                Synchronizer(short, database).synchronise(self.only)
        except CchcError as error:
            return int(exit_code_of(error))
        return 0


@dataclass(frozen=True, kw_only=True)
class Command:
    """The command, as a scheduler gives it."""

    config: Path
    only: Sequence[str]

    def run(self) -> int:
        """Carry out `cchc-connect sync`; return its exit code."""
        only = [word for name in self.only for word in ("--only", name)]
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            return main(["--config", str(self.config), "sync", *only])


class Scheduler:
    """A process of its own that carries out one run."""

    def __init__(self, run: ShortLease | Command, secrets: Sequence[str], start: Barrier | None = None) -> None:
        """Start the process; it begins its run when as many as `start` waits for are there."""
        self._told, tells = workers().Pipe(duplex=False)
        known = {name: os.environ[name] for name in secrets}
        self.process = workers().Process(target=_schedule, args=(run, known, start, tells))
        self.process.start()
        tells.close()

    @property
    def number(self) -> int:
        """Return the process's number."""
        assert self.process.pid is not None
        return self.process.pid

    def ended(self) -> Ended:
        """Wait for the run's end."""
        assert self._told.poll(PATIENCE_S)
        told: Ended = self._told.recv()
        self.process.join()
        self.process.close()
        return told


def _schedule(
    run: ShortLease | Command, secrets: Mapping[str, str], start: Barrier | None, tells: "Connection[Any, Any]"
) -> None:
    os.environ.update(secrets)
    if start is not None:
        start.wait(PATIENCE_S)
    started = time.monotonic()
    code = run.run()
    tells.send(Ended(code=code, seconds=time.monotonic() - started))
