"""Whether a lease is over, judged by one clock that does not jump, however the clocks of machines differ.

PostgreSQL has a clock for all machines. A file has the monotonic clock of the machine that it is on, which all its
processes share until it is started again. If another clock wrote the lease, as on a shared drive, the lease is over
when it was not renewed for its duration between two looks by the same clock; the first look is noted in its row.
"""

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.state.lease_holder import boot_id, has_ended

SERVER_CLOCK = "server"
"""Name of the clock of the database's server."""

RELEASED = to_timestamp_text(datetime(1970, 1, 1, tzinfo=UTC))
"""`expires_at` of a lease that was released."""


@dataclass(frozen=True, kw_only=True)
class LeaseInstant:
    """An instant on one clock: seconds that say nothing to another clock."""

    clock: str
    seconds: float


def machine_instant(seconds: float | None = None) -> LeaseInstant:
    """Return the present instant, or `seconds`, of this machine's monotonic clock."""
    return LeaseInstant(
        clock=boot_id() or socket.gethostname(), seconds=time.monotonic() if seconds is None else seconds
    )


def server_instant(seconds: float) -> LeaseInstant:
    """Return an instant of the clock of the database's server."""
    return LeaseInstant(clock=SERVER_CLOCK, seconds=seconds)


def is_over(row: Mapping[str, Any], now: LeaseInstant, duration: timedelta) -> bool:
    """True if the holder of the lease in `row` has it no more.

    Args:
        row: columns of the lease.
        now: the present instant.
        duration: duration of a lease, for one that another clock wrote.
    """
    if row["expires_at"] == RELEASED or has_ended(row["holder"]):
        return True
    if row["clock"] == now.clock:
        return now.seconds >= float(row["expires_s"])
    look = None if row["first_look"] is None else json.loads(row["first_look"])
    return look is not None and _is_same(look, row, now) and now.seconds - look["seconds"] >= duration.total_seconds()


def first_look(row: Mapping[str, Any], now: LeaseInstant) -> str | None:
    """Return what to note in the row of a lease that another clock wrote; None if nothing is to be noted."""
    if row["clock"] == now.clock:
        return None
    noted = None if row["first_look"] is None else json.loads(row["first_look"])
    if noted is not None and _is_same(noted, row, now):
        return None
    return json.dumps(
        {"clock": now.clock, "seconds": now.seconds, "token": row["token"], "expires_s": row["expires_s"]}
    )


def _is_same(look: Mapping[str, Any], row: Mapping[str, Any], now: LeaseInstant) -> bool:
    """True if a look was taken by this clock, and the lease was not renewed since."""
    return (look["clock"], look["token"], look["expires_s"]) == (now.clock, row["token"], row["expires_s"])
