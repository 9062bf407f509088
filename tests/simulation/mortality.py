"""Death of a process at any step: from then on nothing of it reads, writes, sends or looks at the clock."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


class Killed(BaseException):
    """The process is dead; no handler of the engine may hold it up."""


class Mortality:
    """Counts the steps of a process, statement by statement, and ends it at the step it was told."""

    def __init__(self) -> None:
        self.steps = 0
        self._last = 0
        self._immortals = 0

    @property
    def is_dead(self) -> bool:
        """Say whether the process's last step is behind it."""
        return 0 < self._last <= self.steps

    def begin(self, last: int) -> None:
        """Begin a process whose step `last` is its last; 0: it lives on."""
        self.steps, self._last = 0, last

    def step(self, *_: Any) -> None:
        """Take one step.

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
        """Let another process work, whose steps do not count."""
        self._immortals += 1
        try:
            yield
        finally:
            self._immortals -= 1

    @contextmanager
    def over_databases(self) -> Generator[None, None, None]:
        """Make every statement and commit of any database a step while the block runs."""

        def statement(*_: Any) -> None:
            self.step()

        event.listen(Engine, "before_cursor_execute", statement)
        event.listen(Engine, "commit", statement)
        try:
            yield
        finally:
            event.remove(Engine, "before_cursor_execute", statement)
            event.remove(Engine, "commit", statement)
