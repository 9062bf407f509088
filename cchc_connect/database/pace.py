"""The turns of all who ask one system: in the shared database, so that processes and machines share them.

A turn is a reserved instant. Whoever wants one moves the connection's next free instant on by an interval and waits
for its own; nobody polls, and nobody comes closer to another than the interval (the generic cell rate algorithm,
ITU-T I.371, without bursts: a quota counted by a sliding window or by a leaky bucket is kept alike).
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from cchc_connect.database.bulk import upsert
from cchc_connect.database.instants import instant, stamp
from cchc_connect.database.shared import SharedDatabase
from cchc_connect.database.tables import rate_limit
from cchc_connect.http import Rate

LONGEST_PAUSE = timedelta(minutes=1)
"""So long nobody asks because a system asked for that; for longer the connection is left alone as a whole."""


class SharedPace:
    """The turns of one connection."""

    def __init__(self, database: SharedDatabase, name: str, rate: Rate, now: Callable[[], datetime]) -> None:
        """Keep `rate` for the connection `name`."""
        self._database = database
        self._name = name
        self._interval = timedelta(seconds=rate.interval_s)
        self._now = now

    def turn(self, patience_s: float) -> float | None:
        """Take the next turn and return in how many seconds it is; None where it is later than `patience_s`.

        Raises:
            DatabaseUnusable: the database failed.
        """
        with self._database.writing() as connection:
            now = self._now()
            mine = max(self._next_free(connection, now, timedelta(seconds=patience_s)), now)
            wait_s = (mine - now).total_seconds()
            if wait_s > patience_s:
                return None
            self._note(connection, mine + self._interval)
        return wait_s

    def put_off(self, seconds: float) -> None:
        """Let nobody have a turn for so many seconds, at the most a minute: the system asked for that.

        Raises:
            DatabaseUnusable: the database failed.
        """
        with self._database.writing() as connection:
            now = self._now()
            until = now + min(timedelta(seconds=seconds), LONGEST_PAUSE)
            if until > self._next_free(connection, now, LONGEST_PAUSE):
                self._note(connection, until)

    def _next_free(self, connection: Connection, now: datetime, patience: timedelta) -> datetime:
        """Return the next free instant; turns lie within their takers' patience, and beyond it a wrong clock's."""
        chosen = select(rate_limit.c.next_free_at).where(rate_limit.c.connection == self._name)
        stored = connection.execute(chosen).scalar()
        next_free = now if stored is None else instant(stored)
        return next_free if next_free <= now + patience + self._interval + LONGEST_PAUSE else now

    def _note(self, connection: Connection, next_free: datetime) -> None:
        upsert(connection, rate_limit, {"connection": self._name}, {"next_free_at": stamp(next_free)})
