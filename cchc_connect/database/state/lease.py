"""The lease that allows one run at a time to write, with a fencing token.

A run that takes the lease increments its token. Every write transaction checks that the token is still the run's
own, so a holder that froze past its lease and woke up can change nothing. A lease is free when it was
released, when it is over by the clock of `lease_expiry`, when its holder was a process of this machine that no longer
runs, or when this process held it and could not give it back.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, func, select, update

from cchc_connect.clock import VIETNAM_TIME, Clock, from_timestamp_text, to_timestamp_text
from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.direct.connection import DirectConnection
from cchc_connect.database.direct.layout import RUN_LEASE
from cchc_connect.database.direct.queries import run_lease
from cchc_connect.database.replay import replayed_direct_read, replayed_read, replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.lease_expiry import (
    RELEASED,
    LeaseInstant,
    first_look,
    is_over,
    machine_instant,
    server_instant,
)
from cchc_connect.database.state.lease_holder import runs_here, this_process
from cchc_connect.database.tables import lease
from cchc_connect.errors import CchcError, LeaseHeld, LeaseLost

Result = TypeVar("Result")

RENEWALS_PER_LEASE = 4
"""Renewals in the duration of one lease: three may be missed."""

_held_here: set[str] = set()
"""Holders of the leases that this process holds, one for each `Lease`."""

log = logging.getLogger(__name__)


class Lease:
    """The right to write, held while the block runs and renewed by a thread of its own."""

    def __init__(self, database: SharedDatabase, clock: Clock, duration: timedelta) -> None:
        """Prepare a lease of `duration`; it is taken when the block is entered."""
        self._database = database
        self._clock = clock
        self._duration = duration
        self._holder = f"{this_process()} {uuid.uuid4().hex}"
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
        try:
            replayed_write(self._database, self._release)
        except CchcError as failure:
            # What the run did is committed. The next one takes the lease over when it is over, here at once.
            log.warning("the lease could not be given back: %(code)s", {"code": failure.code})
        finally:
            _held_here.discard(self._holder)

    def _acquire(self) -> int:
        # A refused run need not wait for the write lock, which is held for a whole page.
        refusal, look = replayed_read(self._database, self._refusal)
        if refusal is None or look is not None:
            _held_here.add(self._holder)
            refusal, token = replayed_write(self._database, self._take)
            if refusal is None:
                return token
            _held_here.discard(self._holder)
        raise refusal

    def _refusal(self, connection: Connection) -> tuple[LeaseHeld | None, str | None]:
        """Return why the lease cannot be taken, None if it can; and the look to be noted in its row, None if none."""
        row, now = _row(connection), _now(connection, self._clock)
        if row is None or _was_left_here(row["holder"]) or is_over(row, now, self._duration):
            return None, None
        until = f"{from_timestamp_text(row['expires_at']).astimezone(VIETNAM_TIME):%Y-%m-%d %H:%M:%S}"
        return LeaseHeld("lease.held", holder=row["holder"].partition(" ")[0], until=until), first_look(row, now)

    def _take(self, connection: Connection) -> tuple[LeaseHeld | None, int]:
        """Take the lease and return its token; or note a look and return why it cannot be taken."""
        row, (refusal, look) = _row(connection), self._refusal(connection)
        if refusal is None:
            token = 1 if row is None else row["token"] + 1
            values = {"holder": self._holder, "token": token, "first_look": None, **self._expiry(connection)}
            upsert_row(connection, lease, {"name": RUN_LEASE}, values)
            return None, token
        if look is not None:
            connection.execute(update(lease).where(lease.c.name == RUN_LEASE).values(first_look=look))
        return refusal, 0

    def _keep_alive(self) -> None:
        while not self._released.wait(self._duration.total_seconds() / RENEWALS_PER_LEASE):
            try:
                with self._database.writing() as connection:
                    self._update(connection, self._expiry(connection))
            except CchcError:
                # A failed renewal has no effect by itself: the fencing token is checked at the next write.
                continue

    def _release(self, connection: Connection) -> None:
        self._update(connection, {"expires_at": RELEASED})

    def _update(self, connection: Connection, values: Mapping[str, object]) -> None:
        own = (lease.c.name == RUN_LEASE) & (lease.c.token == self.token)
        connection.execute(update(lease).where(own).values(**values))

    def _expiry(self, connection: Connection) -> Mapping[str, object]:
        """Return the columns that say when the lease is over; `expires_at` is shown to people and judges nothing."""
        now = _now(connection, self._clock)
        return {
            "clock": now.clock,
            "expires_s": now.seconds + self._duration.total_seconds(),
            "expires_at": to_timestamp_text(self._clock.now() + self._duration),
        }


def read_with_token(
    database: SharedDatabase,
    token: int | None,
    sleep: Callable[[float], None],
    read: Callable[[DirectConnection], Result],
) -> Result:
    """Return what `read` reads in the transaction that checks that a run still has the lease.

    Outside a write transaction, which checks it by itself. It costs some hundredths of a millisecond, as it is done
    before each group of messages. Without a `token` no lease is checked.

    Raises:
        LeaseLost: the lease has another token now.
        DatabaseUnusable: the database failed, or the connection broke in every repetition.
    """

    def checked(connection: DirectConnection) -> Result:
        row = None if token is None else run_lease(connection)
        if token is not None and (row is None or row["token"] != token):
            raise LeaseLost("lease.lost", token=token)
        return read(connection)

    return replayed_direct_read(database, checked, sleep=sleep)


def live_token(connection: Connection, clock: Clock, duration: timedelta) -> int | None:
    """Return the fencing token of the lease whose holder may still act by it; None if nobody may.

    A process of this machine may as long as it lives: one that is frozen past its lease may have a request begun.

    Args:
        connection: a write transaction, in which a look at a lease by another clock is noted.
        clock: gives the machine's monotonic time.
        duration: duration of a lease, as in `Lease`.
    """
    row, now = _row(connection), _now(connection, clock)
    if row is None or row["expires_at"] == RELEASED or _was_left_here(row["holder"]):
        return None
    if not runs_here(row["holder"]) and is_over(row, now, duration):
        return None
    look = first_look(row, now)
    if look is not None:
        connection.execute(update(lease).where(lease.c.name == RUN_LEASE).values(first_look=look))
    token: int = row["token"]
    return token


def _row(connection: Connection) -> Mapping[str, Any] | None:
    row = connection.execute(select(lease).where(lease.c.name == RUN_LEASE)).mappings().one_or_none()
    return None if row is None else dict(row)


def _now(connection: Connection, clock: Clock) -> LeaseInstant:
    """Return the present instant of the clock by which leases of this database are judged."""
    if connection.dialect.name == "postgresql":
        seconds = connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one()
        return server_instant(float(seconds))
    return machine_instant(clock.monotonic())


def _was_left_here(holder: str) -> bool:
    """True if this process held the lease and could not give it back."""
    return holder.startswith(f"{this_process()} ") and holder not in _held_here
