"""Epochs: which database numbered a change. An epoch and a sequence name one change for ever.

A new database begins a random epoch. A restored one, and one that may be a copy, begins another: what the lost or
original database did after the common part has the same sequences and is something else. Changes that the routes have
read stay in the epoch in which they were numbered, so a message about one of them is the same message in both
databases. Later ones may have been written after the restore, so they are in the new epoch.
"""

import json
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.tables import maintenance, route

EPOCH_MARK = "epoch"
"""Name of the row of `maintenance` that holds the epochs."""

MAX_EPOCHS = 50
"""Epochs that are kept; changes before the oldest of them count as its own."""


@dataclass(frozen=True)
class Epochs:
    """The epochs of a database, oldest first: the sequence behind which each begins, and its random name."""

    starts: tuple[tuple[int, str], ...]

    def of(self, sequence: int) -> str:
        """Return the epoch in which a change was numbered."""
        return next((name for start, name in reversed(self.starts) if start < sequence), self.starts[0][1])

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the epochs, oldest first."""
        return tuple(name for _, name in self.starts)


def read_epochs(connection: Connection) -> Epochs | None:
    """Return the epochs, None where none began yet."""
    stored = connection.execute(select(maintenance.c.value).where(maintenance.c.name == EPOCH_MARK)).scalar()
    return None if stored is None else Epochs(tuple((int(start), str(name)) for start, name in json.loads(stored)))


def begin_epoch(connection: Connection, now: str) -> Epochs:
    """Begin an epoch behind what every route has read, at `now` (UTC, as stored)."""
    before = read_epochs(connection)
    read_by_all: int | None = connection.execute(select(func.min(route.c.last_sequence))).scalar()
    start = 0 if before is None else read_by_all or 0  # what a former program numbered is in no epoch yet
    former = [] if before is None else [epoch for epoch in before.starts if epoch[0] < start]
    epochs = Epochs((*former, (start, secrets.token_hex(8)))[-MAX_EPOCHS:])
    values = {"done_at": now, "sequence": start, "instant": None, "value": json.dumps(epochs.starts)}
    upsert_row(connection, maintenance, {"name": EPOCH_MARK}, values)
    return epochs


def epochs_of(connection: Connection, now: str) -> Epochs:
    """Return the epochs; the first one begins now (UTC, as stored) where none did yet."""
    return read_epochs(connection) or begin_epoch(connection, now)
