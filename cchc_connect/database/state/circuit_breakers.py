"""Circuit breakers: connections that failed in consecutive runs, and when they are tried again.

The state is in the database because runs are short-lived processes: the next run must not wait again for
a system that did not respond to the last three.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from cchc_connect.clock import from_timestamp_text, to_timestamp_text
from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.tables import circuit_breaker

FAILURE_THRESHOLD = 3
"""Consecutive runs in which a connection could not be reached before its circuit opens."""

INITIAL_PAUSE = timedelta(minutes=1)
"""Pause after the run that opens the circuit; it doubles with each further failure."""

MAX_FAILURE_PAUSE = timedelta(hours=1)

MAX_REQUESTED_PAUSE = timedelta(days=1)
"""Longest pause that a system may ask for itself."""


@dataclass(frozen=True, kw_only=True)
class CircuitBreaker:
    """Circuit breaker of one connection."""

    failures: int
    """Consecutive runs in which the connection could not be reached."""
    opened_at: datetime
    retry_at: datetime

    def is_open(self, now: datetime) -> bool:
        """True if the connection must not be used now; a clock that jumped back does not prolong the pause."""
        return self.opened_at <= now < self.retry_at


def read_circuit_breakers(connection: Connection) -> Mapping[str, CircuitBreaker]:
    """Return the circuit breakers by connection; a connection without failures has none."""
    return {
        row.connection: CircuitBreaker(
            failures=row.failures,
            opened_at=from_timestamp_text(row.opened_at),
            retry_at=from_timestamp_text(row.retry_at),
        )
        for row in connection.execute(select(circuit_breaker))
    }


def record_failure(connection: Connection, name: str, now: datetime) -> None:
    """Count a run that could not reach the connection; from the third on open its circuit, longer each time."""
    query = select(circuit_breaker.c.failures).where(circuit_breaker.c.connection == name)
    failures = (connection.execute(query).scalar() or 0) + 1
    wait = timedelta(0)
    if failures >= FAILURE_THRESHOLD:
        wait = min(MAX_FAILURE_PAUSE, INITIAL_PAUSE * 2 ** min(failures - FAILURE_THRESHOLD, 10))
    values = {"failures": failures, "opened_at": to_timestamp_text(now), "retry_at": to_timestamp_text(now + wait)}
    upsert_row(connection, circuit_breaker, {"connection": name}, values)


def pause(connection: Connection, name: str, now: datetime, seconds: float) -> None:
    """Pause a connection for the seconds that its system asked for, at most a day; this is no failure."""
    until = now + min(timedelta(seconds=seconds), MAX_REQUESTED_PAUSE)
    values = {"failures": 0, "opened_at": to_timestamp_text(now), "retry_at": to_timestamp_text(until)}
    upsert_row(connection, circuit_breaker, {"connection": name}, values)


def record_success(connection: Connection, name: str) -> None:
    """Delete the circuit breaker of a connection that responded."""
    connection.execute(delete(circuit_breaker).where(circuit_breaker.c.connection == name))
