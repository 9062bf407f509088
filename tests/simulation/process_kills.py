"""Kill a simulated process at any step: afterwards it reads, writes and sends nothing and reads no clock."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


class Killed(BaseException):
    """The process is dead; as a BaseException it passes the engine's handlers of Exception."""


class ProcessKills:
    """Counts the steps of a process (statements, commits, requests) and kills it at a given step."""

    def __init__(self) -> None:
        self.steps = 0
        self._last = 0
        self._immortals = 0

    @property
    def is_dead(self) -> bool:
        """True if the process has made its last step."""
        return 0 < self._last <= self.steps

    def begin(self, last: int) -> None:
        """Begin a process that is killed at step `last`; 0: it is not killed."""
        self.steps, self._last = 0, last

    def step(self, *_: Any) -> None:
        """Make one step.

        Raises:
            Killed: the process is dead, or dies now.
        """
        if self._immortals:
            return
        if self.is_dead:
            raise Killed
        self.steps += 1
        if self.is_dead:
            raise Killed

    @contextmanager
    def another_process(self) -> Generator[None, None, None]:
        """Let another process run, whose steps are not counted, while the block runs."""
        self._immortals += 1
        try:
            yield
        finally:
            self._immortals -= 1

    @contextmanager
    def over_databases(self) -> Generator[None, None, None]:
        """Count every statement and commit of any database as a step while the block runs."""

        def statement(*_: Any) -> None:
            self.step()

        event.listen(Engine, "before_cursor_execute", statement)
        event.listen(Engine, "commit", statement)
        try:
            yield
        finally:
            event.remove(Engine, "before_cursor_execute", statement)
            event.remove(Engine, "commit", statement)
