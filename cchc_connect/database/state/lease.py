"""One at a time: the lease on writing, with a fencing token.

Whoever takes the lease raises its token by one. Every write transaction looks whether the token is still
its own, so a holder that froze past its lease and woke can change nothing. A lease is free when it was
given back, when its time is over, or when its holder was a process of this very machine that is gone.
"""

import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, select, update

from cchc_connect.clock import Clock
from cchc_connect.database.bulk import upsert
from cchc_connect.database.instants import instant, stamp
from cchc_connect.database.shared_database import RUN_LEASE, SharedDatabase
from cchc_connect.database.tables import lease
from cchc_connect.errors import CchcError, LeaseHeld
from cchc_schemas import VIETNAM

RENEWALS = 4
"""Signs of life in one lease time: three may be missed."""

GIVEN_BACK = datetime(1970, 1, 1, tzinfo=UTC)
"""End of a lease that was given back: past by every clock, also by one that goes back an hour."""


class Lease:
    """The right to write, held while the block runs and kept alive by a thread of its own."""

    def __init__(self, database: SharedDatabase, clock: Clock, duration: timedelta) -> None:
        """Prepare; nothing is taken before the block is entered."""
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
        self.token = self._take()
        self._renewal.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._renewal.join()
        self._write_expiry(GIVEN_BACK)

    def _take(self) -> int:
        now = self._clock.now()
        with self._database.reading() as connection:
            _last_token(connection, now)  # to be turned away nobody waits for the write lock, held for a whole page
        with self._database.writing() as connection:
            token = _last_token(connection, now) + 1
            _store(connection, token, now + self._duration)
        return token

    def _keep_alive(self) -> None:
        while not self._released.wait(self._duration.total_seconds() / RENEWALS):
            try:
                self._write_expiry(self._clock.now() + self._duration)
            except CchcError:
                # A renewal that fails costs nothing by itself: the fence decides at the next write.
                continue

    def _write_expiry(self, expires_at: datetime) -> None:
        mine = (lease.c.name == RUN_LEASE) & (lease.c.token == self.token)
        with self._database.writing() as connection:
            connection.execute(update(lease).where(mine).values(expires_at=stamp(expires_at)))


def is_held(connection: Connection, now: datetime) -> bool:
    """Say whether a run that shows life holds the lease."""
    row = connection.execute(select(lease).where(lease.c.name == RUN_LEASE)).one_or_none()
    return row is not None and instant(row.expires_at) > now and not _is_gone(row.holder)


def _last_token(connection: Connection, now: datetime) -> int:
    """Return the token of the last holder, 0 where there was none; raise where it still is one."""
    row = connection.execute(select(lease).where(lease.c.name == RUN_LEASE)).one_or_none()
    if row is not None and is_held(connection, now):
        raise LeaseHeld("lease.held", holder=row.holder.partition(" ")[0], until=_local(row.expires_at))
    return 0 if row is None else row.token


def _local(stored: str) -> str:
    return f"{instant(stored).astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}"


def _store(connection: Connection, token: int, expires_at: datetime) -> None:
    values = {"holder": _this_process(), "token": token, "expires_at": stamp(expires_at)}
    upsert(connection, lease, {"name": RUN_LEASE}, values)


def _this_process() -> str:
    """Name this process so that it is told from every other: host and number, then boot, namespace, start."""
    return f"{socket.gethostname()}:{os.getpid()} {_machine()} {_started(os.getpid())}"


def _is_gone(holder: str) -> bool:
    """Say whether the holder was a process of this machine that does not run any more."""
    process, _, identity = holder.partition(" ")
    machine, _, started = identity.partition(" ")
    number = process.rpartition(":")[2]
    return bool(machine) and machine == _machine() and _started(int(number)) != started


def _machine() -> str:
    """Return boot and process namespace, "" where the system does not tell them."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115  # it is no path
    except OSError:
        return ""


def _started(number: int) -> str:
    """Return a process's start in clock ticks since boot, "" where there is no such process."""
    try:
        # The second field, the program's name, may itself hold spaces and brackets.
        fields = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    state, start = fields[0], fields[19]
    return "" if state in {"Z", "X"} else start
