"""Rate limits in the shared database, so that all processes and machines that call one system share its quota.

Each request reserves a slot, an instant: the caller moves the connection's next free instant on by one interval and
waits for its own. Nobody polls, and two requests are at least one interval apart. This is the generic cell rate
algorithm (ITU-T I.371) without bursts; it keeps a quota counted by sliding window as well as by leaky bucket.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from cchc_connect.clock import from_timestamp_text, to_timestamp_text
from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.replay import replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import rate_limit
from cchc_connect.http import Rate

MAX_PAUSE = timedelta(minutes=1)
"""Longest pause of requests that a system may ask for; for a longer one the circuit breaker pauses the connection."""


class SharedRateLimit:
    """The rate limit of one connection."""

    def __init__(self, database: SharedDatabase, name: str, rate: Rate, now: Callable[[], datetime]) -> None:
        """Limit the requests of connection `name` to `rate`; `now` returns the present instant."""
        self._database = database
        self._name = name
        self._interval = timedelta(seconds=rate.interval_s)
        self._now = now

    def acquire(self, max_wait_s: float) -> float | None:
        """Reserve the next slot and return the seconds until it; None, without one, if it is later than `max_wait_s`.

        Raises:
            DatabaseUnusable: the database failed.
        """

        def reserve(connection: Connection) -> float | None:
            now = self._now()
            slot = max(self._next_free(connection, now, timedelta(seconds=max_wait_s)), now)
            wait_s = (slot - now).total_seconds()
            if wait_s > max_wait_s:
                return None
            self._store(connection, slot + self._interval)
            return wait_s

        return replayed_write(self._database, reserve)

    def pause(self, seconds: float) -> None:
        """Allow no request for the seconds that the system asked for, at most a minute.

        Raises:
            DatabaseUnusable: the database failed.
        """

        def defer(connection: Connection) -> None:
            now = self._now()
            until = now + min(timedelta(seconds=seconds), MAX_PAUSE)
            if until > self._next_free(connection, now, MAX_PAUSE):
                self._store(connection, until)

        replayed_write(self._database, defer)

    def _next_free(self, connection: Connection, now: datetime, max_wait: timedelta) -> datetime:
        """Return the next free instant; one too late for any caller was stored by a wrong clock and is ignored."""
        query = select(rate_limit.c.next_free_at).where(rate_limit.c.connection == self._name)
        stored = connection.execute(query).scalar()
        next_free = now if stored is None else from_timestamp_text(stored)
        return next_free if next_free <= now + max_wait + self._interval + MAX_PAUSE else now

    def _store(self, connection: Connection, next_free: datetime) -> None:
        upsert_row(connection, rate_limit, {"connection": self._name}, {"next_free_at": to_timestamp_text(next_free)})
