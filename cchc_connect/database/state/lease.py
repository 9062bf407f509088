"""The lease that allows one run at a time to write, with a fencing token.

A run that takes the lease increments its token. Every write transaction checks that the token is still the run's
own, so a holder that froze past its lease and woke up can change nothing. A lease is free when it was
released, when it expired, or when its holder was a process of this machine that no longer runs.
"""

import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, select, update

from cchc_connect.clock import Clock, from_timestamp_text, to_timestamp_text
from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.shared_database import RUN_LEASE, SharedDatabase
from cchc_connect.database.tables import lease
from cchc_connect.errors import CchcError, LeaseHeld
from cchc_schemas import VIETNAM

RENEWALS_PER_LEASE = 4
"""Renewals in the duration of one lease: three may be missed."""

RELEASED = datetime(1970, 1, 1, tzinfo=UTC)
"""Expiry of a lease that was released: past by every clock, also by one that jumps back an hour."""


class Lease:
    """The right to write, held while the block runs and renewed by a thread of its own."""

    def __init__(self, database: SharedDatabase, clock: Clock, duration: timedelta) -> None:
        """Prepare a lease of `duration`; it is taken when the block is entered."""
        self._database = database
        self._clock = clock
        self._duration = duration
        self._released = threading.Event()
        self._renewal = threading.Thread(target=self._keep_alive, name="lease", daemon=True)
        self.token = 0

    def __enter__(self) -> Self:
        """Take the lease.

        Raises:
            LeaseHeld: another run holds it.
        """
        self.token = self._acquire()
        self._renewal.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._renewal.join()
        self._write_expiry(RELEASED)

    def _acquire(self) -> int:
        now = self._clock.now()
        with self._database.reading() as connection:
            _last_token(connection, now)  # a refused run need not wait for the write lock, held for a whole page
        with self._database.writing() as connection:
            token = _last_token(connection, now) + 1
            _store(connection, token, now + self._duration)
        return token

    def _keep_alive(self) -> None:
        while not self._released.wait(self._duration.total_seconds() / RENEWALS_PER_LEASE):
            try:
                self._write_expiry(self._clock.now() + self._duration)
            except CchcError:
                # A failed renewal has no effect by itself: the fencing token is checked at the next write.
                continue

    def _write_expiry(self, expires_at: datetime) -> None:
        own = (lease.c.name == RUN_LEASE) & (lease.c.token == self.token)
        with self._database.writing() as connection:
            connection.execute(update(lease).where(own).values(expires_at=to_timestamp_text(expires_at)))


def is_held(connection: Connection, now: datetime) -> bool:
    """True if a run that is alive holds the lease."""
    row = connection.execute(select(lease).where(lease.c.name == RUN_LEASE)).one_or_none()
    return row is not None and from_timestamp_text(row.expires_at) > now and not _has_ended(row.holder)


def _last_token(connection: Connection, now: datetime) -> int:
    """Return the token of the last holder, 0 where there was none; raise `LeaseHeld` where it still holds the lease."""
    row = connection.execute(select(lease).where(lease.c.name == RUN_LEASE)).one_or_none()
    if row is not None and is_held(connection, now):
        raise LeaseHeld("lease.held", holder=row.holder.partition(" ")[0], until=_vietnamese_time(row.expires_at))
    return 0 if row is None else row.token


def _vietnamese_time(stored: str) -> str:
    return f"{from_timestamp_text(stored).astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}"


def _store(connection: Connection, token: int, expires_at: datetime) -> None:
    values = {"holder": _this_process(), "token": token, "expires_at": to_timestamp_text(expires_at)}
    upsert_row(connection, lease, {"name": RUN_LEASE}, values)


def _this_process() -> str:
    """Return a unique name of this process: host and process id, then boot, namespace and start time."""
    return f"{socket.gethostname()}:{os.getpid()} {_machine_id()} {_process_start(os.getpid())}"


def _has_ended(holder: str) -> bool:
    """True if the holder was a process of this machine that no longer runs."""
    process, _, identity = holder.partition(" ")
    machine, _, started = identity.partition(" ")
    process_id = process.rpartition(":")[2]
    return bool(machine) and machine == _machine_id() and _process_start(int(process_id)) != started


def _machine_id() -> str:
    """Return an id of this machine: boot id and process namespace, "" where the system does not provide them."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115  # its target is no path
    except OSError:
        return ""


def _process_start(process_id: int) -> str:
    """Return when a process started, in clock ticks since boot; "" where there is no such process."""
    try:
        # The second field, the program's name, may itself contain spaces and brackets.
        fields = (
            Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return ""
    state, start = fields[0], fields[19]
    return "" if state in {"Z", "X"} else start
