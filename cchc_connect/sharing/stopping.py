"""Suspends and ends agreements: once that is on record, no first byte leaves on a route by them any more.

From the first commit on every request under the agreement is refused. A run that may be sending by it sees that before
its next messages, holds the route and takes its mark away; that is waited for. The mark of a run of this machine counts
as long as its process lives, also where that is frozen; the mark of a run elsewhere as long as its lease lives. Where
the wait itself is broken off, the same command again goes on with it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from sqlalchemy import Connection

from cchc_connect.clock import Clock, SystemClock
from cchc_connect.database.outbox.deliveries import sending_routes
from cchc_connect.database.replay import replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.lease import live_token
from cchc_connect.errors import UsageMistake
from cchc_connect.sharing.facts import StoredAgreement
from cchc_connect.sharing.life_cycle import ChangedBy, record_stop, versions_of

POLL_S = 0.1
"""Seconds between two looks at the routes that are sending."""


class StopStep(Protocol):
    """Suspends or ends an agreement in a write transaction: `life_cycle.suspend` or `end` with their arguments."""

    def __call__(self, connection: Connection, *, is_sending: bool) -> StoredAgreement:
        """Store the new state and its entry; return the agreement as it is then."""
        ...


def _silent(_: Sequence[str]) -> None:
    """Say nothing."""


@dataclass(frozen=True, kw_only=True)
class SenderWait:
    """How it is waited until no route is sending any more."""

    notify: Callable[[Sequence[str]], None] = _silent
    """Called once with the names of the routes that are waited for."""
    sleep: Callable[[float], None] = time.sleep
    """Waits for a number of seconds."""
    clock: Clock = field(default_factory=SystemClock)
    """Clock of the runs, by which their lease is judged."""


def stop_agreement(
    database: SharedDatabase, step: StopStep, by: ChangedBy, agreement_id: str, lease: timedelta, wait: SenderWait
) -> StoredAgreement:
    """Suspend or end an agreement, and return when nothing leaves under it any more.

    Args:
        database: the shared database.
        step: what is done.
        by: who does it, and when.
        agreement_id: id of the agreement.
        lease: duration of a run's lease.
        wait: how it is waited.

    Raises:
        UsageMistake: somebody resumed it meanwhile; that it is stopped is not put on record.
    """

    def begin(connection: Connection) -> tuple[StoredAgreement, list[str]]:
        routes = _sending(connection, agreement_id, lease, wait.clock)
        stopped = step(connection, is_sending=bool(routes))
        if not routes:
            record_stop(connection, stopped, by)
        return stopped, routes

    stopped, routes = replayed_write(database, begin)
    if not routes:
        return stopped
    wait.notify(routes)

    def is_recorded(connection: Connection) -> bool:
        _require_stopped(connection, stopped)
        if _sending(connection, agreement_id, lease, wait.clock):
            return False
        record_stop(connection, stopped, ChangedBy(official=by.official, at=wait.clock.now()))
        return True

    while not replayed_write(database, is_recorded):
        wait.sleep(POLL_S)
    return stopped


def _sending(connection: Connection, agreement_id: str, lease: timedelta, clock: Clock) -> list[str]:
    """Return the routes that may be sending by the agreement."""
    token = live_token(connection, clock, lease)
    return [] if token is None else sending_routes(connection, agreement_id, token)


def _require_stopped(connection: Connection, stopped: StoredAgreement) -> None:
    states = {each.agreement.reference: each.state for each in versions_of(connection, stopped.agreement.id)}
    if states[stopped.agreement.reference] is not stopped.state:
        raise UsageMistake("sharing.not_stopped", agreement=stopped.agreement.reference)
