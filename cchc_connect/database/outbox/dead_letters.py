"""Dead letters: messages that a target will never accept as they are, and requeueing them by hand.

A requeued letter keeps its idempotency key, so a target that accepted it before does not process it twice.
Only the newest version of a record is requeued: an older letter is outdated, even if the newer one was not delivered.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, RowMapping, select, update

from cchc_connect.database.bulk import RowQuery, batches, select_in
from cchc_connect.database.outbox.deliveries import DeliveryState
from cchc_connect.database.tables import GONE, change, delivery


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One message that is not sent again automatically."""

    route: str
    sequence: int
    """Number of the letter: the sequence of its change in the feed."""
    record_type: str
    record_key: str
    attempts: int
    reason: str
    finished_at: str | None
    """When it became a dead letter, UTC, as stored."""
    shortened_fields: tuple[str, ...]
    """Fields whose text was cut when it was last sent."""
    outdated_by: int | None
    """Sequence of the record's latest change, where that is a newer one."""
    is_gone: bool
    """True if the record is deleted or has another key now."""

    @property
    def is_worth_sending(self) -> bool:
        """True if the letter holds the newest version of a live record."""
        return self.outdated_by is None and not self.is_gone


def dead_letters(connection: Connection, route: str | None = None) -> list[DeadLetter]:
    """Return the dead letters, of one route where it is named, in the order of the feed."""
    chosen = select(delivery).where(delivery.c.state == DeliveryState.DEAD)
    if route is not None:
        chosen = chosen.where(delivery.c.route == route)
    dead = connection.execute(chosen.order_by(delivery.c.route, delivery.c.sequence)).mappings().all()
    latest: dict[tuple[str, str], tuple[int, str]] = {}
    keys = [row["record_key"] for row in dead]
    for record_type, key, sequence, operation in select_in(connection, _versions(), change.c.record_key, keys):
        newest = latest.get((record_type, key), (0, ""))
        latest[record_type, key] = max(newest, (sequence, operation))
    return [_letter(row, *latest[row["record_type"], row["record_key"]]) for row in dead]


@cache
def _versions() -> RowQuery:
    return select(change.c.record_type, change.c.record_key, change.c.sequence, change.c.operation)


def requeue(connection: Connection, letters: Collection[DeadLetter]) -> list[DeadLetter]:
    """Requeue those letters that are worth sending, as if never sent; return them."""
    requeued = [letter for letter in letters if letter.is_worth_sending]
    waiting = {"state": DeliveryState.WAITING, "attempts": 0, "next_attempt_at": None, "finished_at": None}
    for route in {letter.route for letter in requeued}:
        sequences: Sequence[int] = [letter.sequence for letter in requeued if letter.route == route]
        for batch in batches(sequences):
            chosen = (
                (delivery.c.route == route) & delivery.c.sequence.in_(batch) & (delivery.c.state == DeliveryState.DEAD)
            )
            connection.execute(update(delivery).where(chosen).values(**waiting))
    return requeued


def _letter(row: RowMapping, latest: int, operation: str) -> DeadLetter:
    return DeadLetter(
        route=row["route"],
        sequence=row["sequence"],
        record_type=row["record_type"],
        record_key=row["record_key"],
        attempts=row["attempts"],
        reason=row["reason"],
        finished_at=row["finished_at"],
        shortened_fields=tuple((row["shortened_fields"] or "").split()),
        outdated_by=latest if latest != row["sequence"] else None,
        is_gone=operation in GONE,
    )
