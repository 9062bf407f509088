"""What every part of one run shares."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from cchc_connect.clock import Clock
from cchc_connect.database.instants import stamp
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.counters import Counts
from cchc_connect.database.writing.incoming import Occasion
from cchc_connect.database.writing.ownership import owners_of
from cchc_connect.errors import DatabaseLost, Stopped

Result = TypeVar("Result")

REPLAYS = 3
"""So often a transaction whose connection broke is done again."""

REPLAY_WAIT_S = 1.0
"""Seconds before the first of them; twice as many before each further one."""


class Progress(Protocol):
    """Told of every step of a run, from several threads; it must be quick and must not fail."""

    def __call__(self, name: str, record_type: str, counts: Counts, total: int | None) -> None:
        """Take note of a page or message: connection or route, record type, counters so far, size if known."""
        ...


def no_progress(name: str, record_type: str, counts: Counts, total: int | None) -> None:
    """Take no note."""


def never() -> bool:
    """Say that nobody asked the run to end."""
    return False


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One run: its database, its right to write, its clock."""

    run_id: str
    database: SharedDatabase
    clock: Clock
    token: int | None
    """Fencing token of the run's lease; None in a rehearsal, which writes nothing."""
    owners: Mapping[str, str] = field(default_factory=dict[str, str])
    """Record type, or `record_type.field`, -> the connection declared as its source of truth."""
    shrinking: frozenset[str] = frozenset()
    """Connections of which a person said that they lawfully lost many records."""
    most_quarantined: float = 1.0
    """Share of a source's items that may be faulty before the source counts as failed."""
    progress: Progress = no_progress
    is_stopping: Callable[[], bool] = never
    """Was the run asked to end?"""
    sleep: Callable[[float], None] = time.sleep
    prefetch: int = 1
    """Pages fetched ahead while one is read and one is written; 0: one thing after the other."""

    @property
    def keeps(self) -> bool:
        """Say whether what is written stays; a rehearsal undoes each transaction."""
        return self.token is not None

    def occasion(self, record_type: str) -> Occasion:
        """Return under which circumstances records of a type are written now."""
        now = stamp(self.clock.now())
        return Occasion(run_id=self.run_id, now=now, owners=owners_of(self.owners, record_type))

    def check_stop(self) -> None:
        """End what is at a good place to end.

        Raises:
            Stopped: the run was asked to end.
        """
        if self.is_stopping():
            raise Stopped("run.stopped")

    def commit(self, work: Callable[[Connection], Result]) -> Result:
        """Do `work` in one write transaction; where its connection breaks, do it again on another.

        So `work` must come to the same when it is done twice.

        Raises:
            LeaseLost: another run took over.
            DatabaseUnusable: the database failed, or its connection broke again and again.
        """
        for replay in range(REPLAYS + 1):
            try:
                with self.database.writing(self.token, keep=self.keeps) as connection:
                    return work(connection)
            except DatabaseLost:
                if replay == REPLAYS:
                    raise
                self.sleep(REPLAY_WAIT_S * 2**replay)
        raise AssertionError("the last replay returns or raises")
