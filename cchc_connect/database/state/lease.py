"""The lease that allows one run at a time to write, with a fencing token.

A run that takes the lease increments its token. Every write transaction checks that the token is still the run's
own, so a holder that froze past its lease and woke up can change nothing. A lease is free when it was
released, when it expired, or when its holder was a process of this machine that no longer runs.
"""

import threading
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, select, update

from cchc_connect.clock import VIETNAM_TIME, Clock, from_timestamp_text, to_timestamp_text
from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.direct.layout import RUN_LEASE
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.lease_holder import is_alive, this_process
from cchc_connect.database.tables import lease
from cchc_connect.errors import CchcError, LeaseHeld

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
    return row is not None and is_alive(row.holder, row.expires_at, now)


def _last_token(connection: Connection, now: datetime) -> int:
    """Return the token of the last holder, 0 where there was none; raise `LeaseHeld` where it still holds the lease."""
    row = connection.execute(select(lease).where(lease.c.name == RUN_LEASE)).one_or_none()
    if row is not None and is_held(connection, now):
        raise LeaseHeld("lease.held", holder=row.holder.partition(" ")[0], until=_vietnamese_time(row.expires_at))
    return 0 if row is None else row.token


def _vietnamese_time(stored: str) -> str:
    return f"{from_timestamp_text(stored).astimezone(VIETNAM_TIME):%Y-%m-%d %H:%M:%S}"


def _store(connection: Connection, token: int, expires_at: datetime) -> None:
    values = {"holder": this_process(), "token": token, "expires_at": to_timestamp_text(expires_at)}
    upsert_row(connection, lease, {"name": RUN_LEASE}, values)
