"""Dead letters: messages that are not sent again automatically, and requeueing them by hand.

The target refused the message, it failed too often, its record is deleted or has another key now, or the route has
another receiver or no longer this record type.

A requeued message keeps its idempotency key if the target may have it, so that it is not processed twice. A refused
one gets the key of what is sent then, which is the same if the record and the epoch are.
Only the newest version of a record is requeued: an older message is outdated, even if the newer one was not delivered.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, RowMapping, select, update

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.bulk import RowQuery, batches, select_in
from cchc_connect.database.outbox.deliveries import (
    RECEIVER_CHANGED,
    REQUEUED,
    TYPE_REMOVED,
    DeliveryKind,
    DeliveryState,
)
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import GONE, change, delivery

DEAD_LETTER_BATCH_SIZE = 1000
"""Dead letters read from the database at a time; memory does not grow with their number."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One message that is not sent again automatically."""

    route: str
    sequence: int
    """Number of the dead letter: the sequence of its change in the feed."""
    record_type: str
    record_key: str
    attempts: int
    reason: str
    """Code of why it is not sent again, with a detail after a colon where there is one."""
    finished_at: datetime | None
    """When it became a dead letter, UTC."""
    shortened_fields: tuple[str, ...]
    """Fields whose text was cut when it was last sent."""
    outdated_by: int | None
    """Sequence of the record's latest change, where that is a newer one."""
    is_gone: bool
    """True if the record is deleted or has another key now, and the message is no withdrawal of it."""
    kind: str = DeliveryKind.RECORD.value
    """`record` or `withdrawal`."""

    @property
    def is_worth_sending(self) -> bool:
        """True if the route still sends it: the newest version of a live record, or a withdrawal of a deleted one."""
        has_left_the_route = self.reason in {RECEIVER_CHANGED, TYPE_REMOVED}
        return self.outdated_by is None and not self.is_gone and not has_left_the_route


def dead_letters(database: SharedDatabase) -> Iterator[DeadLetter]:
    """Yield the dead letters of all routes, by route, in the order of the feed.

    No transaction is open while the caller handles one.
    """
    after = ("", 0)
    while True:
        with database.reading() as connection:
            letters = stored_dead_letters(connection, after=after, limit=DEAD_LETTER_BATCH_SIZE)
        yield from letters
        if len(letters) < DEAD_LETTER_BATCH_SIZE:
            return
        after = (letters[-1].route, letters[-1].sequence)


def stored_dead_letters(
    connection: Connection, route: str | None = None, *, after: tuple[str, int] = ("", 0), limit: int | None = None
) -> list[DeadLetter]:
    """Return dead letters after a route and sequence, in that order; of one route where it is named."""
    last_route, last_sequence = after
    is_later = (delivery.c.route > last_route) | (
        (delivery.c.route == last_route) & (delivery.c.sequence > last_sequence)
    )
    query = select(delivery).where((delivery.c.state == DeliveryState.DEAD) & is_later)
    if route is not None:
        query = query.where(delivery.c.route == route)
    dead = connection.execute(query.order_by(delivery.c.route, delivery.c.sequence).limit(limit)).mappings().all()
    latest: dict[tuple[str, str], tuple[int, str]] = {}
    keys = [row["record_key"] for row in dead]
    for record_type, key, sequence, operation in select_in(connection, _change_query(), change.c.record_key, keys):
        newest = latest.get((record_type, key), (0, ""))
        latest[record_type, key] = max(newest, (sequence, operation))
    return [_dead_letter(row, *latest[row["record_type"], row["record_key"]]) for row in dead]


def requeue(connection: Connection, selected: Collection[DeadLetter]) -> list[DeadLetter]:
    """Requeue those of the selected dead letters that are worth sending, as if never sent; return them."""
    requeued = [dead_letter for dead_letter in selected if dead_letter.is_worth_sending]
    for route in {dead_letter.route for dead_letter in requeued}:
        sequences: Sequence[int] = [dead_letter.sequence for dead_letter in requeued if dead_letter.route == route]
        for batch in batches(sequences):
            is_selected = (
                (delivery.c.route == route) & delivery.c.sequence.in_(batch) & (delivery.c.state == DeliveryState.DEAD)
            )
            connection.execute(update(delivery).where(is_selected).values(**REQUEUED))
    return requeued


@cache
def _change_query() -> RowQuery:
    return select(change.c.record_type, change.c.record_key, change.c.sequence, change.c.operation)


def _dead_letter(row: RowMapping, latest: int, operation: str) -> DeadLetter:
    finished_at = row["finished_at"]
    return DeadLetter(
        route=row["route"],
        sequence=row["sequence"],
        record_type=row["record_type"],
        record_key=row["record_key"],
        attempts=row["attempts"],
        reason=row["reason"],
        finished_at=None if finished_at is None else from_timestamp_text(finished_at),
        shortened_fields=tuple((row["shortened_fields"] or "").split()),
        outdated_by=latest if latest != row["sequence"] else None,
        is_gone=operation in GONE and row["kind"] == DeliveryKind.RECORD,
        kind=row["kind"],
    )
