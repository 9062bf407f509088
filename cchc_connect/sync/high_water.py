"""High-water mark: how far the change feed was, kept outside the database.

A backup that is put in the place of its database looks like any database: only something outside knows that the feed
was further. The mark is a small file in the runtime folder, one for each location of a database. At the begin of a run
it is compared with the database:

- It fits: nothing happens.
- The database is behind it, or has another change at its sequence: the database went back. The feed goes on far behind
  the mark, a new epoch begins and agreements are suspended, as `cchc-connect restored` does it.
- There is no mark for this location, or it is of another database: this may be a copy, or the machine was started
  anew. A new epoch begins: it costs nothing, and what the original sends meanwhile has other idempotency keys.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from cchc_connect.clock import Clock, to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.database.epochs import begin_epoch, read_epochs
from cchc_connect.database.maintenance import advance_feed, next_sequence
from cchc_connect.database.reading.change_feed import last_sequence
from cchc_connect.database.replay import replayed_read, replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import change
from cchc_connect.privacy.private_files import new_private_file
from cchc_connect.sharing.restored import suspend_after_restore
from cchc_connect.transport.auth.token_store import FileTokenStore, usable_runtime_folder

MAX_BYTES = 64 * 1024
"""A longer file is none of ours."""


@dataclass(frozen=True, kw_only=True)
class HighWaterMark:
    """How far the change feed of a database was."""

    sequence: int
    """Last sequence that was given."""
    run_id: str
    """Run that wrote the change with this sequence; "" where there was none."""
    epochs: Sequence[str]
    """Names of the database's epochs."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """How a restored database goes on."""

    sequence: int
    """Sequence behind which the change feed goes on."""
    suspended: Sequence[str]
    """Id and version of each agreement that was suspended."""


class HighWaterFile:
    """The file with the mark of one database; without a folder nothing is stored."""

    def __init__(self, folder: Path | None, location: str) -> None:
        """Use the file for the database at `location` in `folder`."""
        name = hashlib.blake2b(_absolute(location).encode(), digest_size=16).hexdigest()
        self._file = None if folder is None else folder / f"{name}.mark"

    def read(self) -> HighWaterMark | None:
        """Return the stored mark; None where there is none that can be read."""
        try:
            if self._file is None or self._file.is_symlink() or not self._file.is_file():
                return None
            with self._file.open("rb") as file:
                entry: dict[str, Any] = json.loads(file.read(MAX_BYTES))
            epochs = tuple(map(str, entry["epochs"]))
            return HighWaterMark(sequence=int(entry["sequence"]), run_id=str(entry["run_id"]), epochs=epochs)
        except (ValueError, KeyError, TypeError, OSError):
            return None

    def write(self, mark: HighWaterMark) -> None:
        """Store a mark in place of the former one. Where that fails, the next run begins an epoch."""
        if self._file is None:
            return
        try:
            with new_private_file(self._file, replace=True) as file:
                file.write(json.dumps(vars(mark)).encode())
        except OSError:
            with suppress(OSError):
                self._file.unlink()  # a mark that is too low would vouch for a database that went back


def high_water_file(config: Config, database: SharedDatabase) -> HighWaterFile:
    """Return the file of a database in the configured folder, else in the runtime folder.

    Raises:
        ConfigurationError: the configured folder cannot be used.
    """
    folder = config.run.session_folder
    if folder is None:
        folder = usable_runtime_folder()
    else:
        FileTokenStore(folder)
    return HighWaterFile(folder, database.location)


def present_mark(connection: Connection) -> HighWaterMark:
    """Return the mark of the database as it is."""
    epochs, end = read_epochs(connection), last_sequence(connection)
    return HighWaterMark(
        sequence=end, run_id=_run_of(connection, end) or "", epochs=() if epochs is None else epochs.names
    )


def settle_epoch(database: SharedDatabase, token: int | None, file: HighWaterFile, clock: Clock) -> int | None:
    """Compare the database with its mark at the begin of a run, and store the mark anew.

    Returns:
        The sequence that the database had reached, if it went back; else None.
    """
    stored = file.read()
    epochs = replayed_read(database, read_epochs)
    reached = replayed_read(database, lambda connection: _lost_end(connection, stored))
    is_vouched_for = stored is not None and epochs is not None and epochs.names[-1] in stored.epochs
    if reached is not None or not is_vouched_for:
        now = clock.now()
        if reached is None:
            replayed_write(database, lambda connection: begin_epoch(connection, to_timestamp_text(now)), token=token)
        else:
            replayed_write(database, lambda connection: go_on_after_restore(connection, now, reached), token=token)
    file.write(replayed_read(database, present_mark))
    return reached


def go_on_after_restore(connection: Connection, now: datetime, reached: int = 0) -> Restored:
    """Let a database that went back go on: its feed far behind the end, its agreements suspended.

    It happens in a write transaction. `now` is aware; `reached` is the sequence that the lost database is known to
    have reached.
    """
    sequence = advance_feed(connection, to_timestamp_text(now), reached)
    return Restored(sequence=sequence, suspended=suspend_after_restore(connection, now))


def _lost_end(connection: Connection, stored: HighWaterMark | None) -> int | None:
    """Return the sequence of the mark if the database went back behind it, else None."""
    epochs = read_epochs(connection)
    if stored is None or epochs is None or not set(epochs.names) & set(stored.epochs):
        return None  # no mark, or that of another database at the same place
    is_behind = next_sequence(connection) <= stored.sequence
    is_other = _run_of(connection, stored.sequence) not in {None, stored.run_id}
    return stored.sequence if is_behind or is_other else None


def _run_of(connection: Connection, sequence: int) -> str | None:
    """Return the run that wrote a change; None where there is none, or it was purged."""
    return connection.execute(select(change.c.run_id).where(change.c.sequence == sequence)).scalar()


def _absolute(location: str) -> str:
    """Return a file's path in its one spelling, and a server's address as it is."""
    return location if "://" in location else str(Path(location).resolve())
