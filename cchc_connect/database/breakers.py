"""Which connections failed run after run, and until when they are left alone.

The state lives in the database because runs are short-lived processes: the next one must not wait again for
a system that made the last three wait in vain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from cchc_connect.database.bulk import upsert
from cchc_connect.database.instants import instant, stamp
from cchc_connect.database.tables import circuit_breaker

OPENS_AT = 3
"""Runs in a row in which a connection could not be reached at all, before it is left alone."""

FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)
LONGEST_PARKING = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """One connection that failed of late."""

    failures: int
    opened_at: datetime
    closed_until: datetime

    def is_open(self, now: datetime) -> bool:
        """Say whether the connection is to be left alone; a clock that jumped back does not prolong that."""
        return self.opened_at <= now < self.closed_until


def read_breakers(connection: Connection) -> Mapping[str, Breaker]:
    """Return the breakers of all connections that failed of late, by connection."""
    return {
        row.connection: Breaker(
            failures=row.failures, opened_at=instant(row.opened_at), closed_until=instant(row.retry_at)
        )
        for row in connection.execute(select(circuit_breaker))
    }


def note_failure(connection: Connection, name: str, now: datetime) -> None:
    """Count a run in which the connection could not be reached; from the third on it rests, longer each time."""
    earlier = select(circuit_breaker.c.failures).where(circuit_breaker.c.connection == name)
    failures = (connection.execute(earlier).scalar() or 0) + 1
    rest = timedelta(0) if failures < OPENS_AT else min(LONGEST_REST, FIRST_REST * 2 ** min(failures - OPENS_AT, 10))
    values = {"failures": failures, "opened_at": stamp(now), "retry_at": stamp(now + rest)}
    upsert(connection, circuit_breaker, {"connection": name}, values)


def park(connection: Connection, name: str, now: datetime, seconds: float) -> None:
    """Leave a connection alone for as long as it asked us to, at the most a day; it did not fail."""
    until = now + min(timedelta(seconds=seconds), LONGEST_PARKING)
    values = {"failures": 0, "opened_at": stamp(now), "retry_at": stamp(until)}
    upsert(connection, circuit_breaker, {"connection": name}, values)


def note_success(connection: Connection, name: str) -> None:
    """Forget the failures of a connection that answered."""
    connection.execute(delete(circuit_breaker).where(circuit_breaker.c.connection == name))
