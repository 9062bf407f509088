"""What every part of one run shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cchc_connect.clock import Clock
from cchc_connect.database.counts import Counts
from cchc_connect.database.shared import SharedDatabase


class Progress(Protocol):
    """Told of every step of a run, from several threads; it must be quick and must not fail."""

    def __call__(self, name: str, record_type: str, counts: Counts, total: int | None) -> None:
        """Take note of a page or message: connection or route, record type, counters so far, size if known."""
        ...


def no_progress(name: str, record_type: str, counts: Counts, total: int | None) -> None:
    """Take no note."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One run: its database, its right to write, its clock."""

    run_id: str
    database: SharedDatabase
    clock: Clock
    token: int | None
    """Fencing token of the run's lease; None in a rehearsal, which writes nothing."""
    owners: Mapping[str, str] = field(default_factory=dict[str, str])
    """Record type -> the connection declared as its source of truth."""
    shrinking: frozenset[str] = frozenset()
    """Connections of which a person said that they lawfully lost many records."""
    progress: Progress = no_progress

    @property
    def keeps(self) -> bool:
        """Say whether what is written stays; a rehearsal undoes each transaction."""
        return self.token is not None
