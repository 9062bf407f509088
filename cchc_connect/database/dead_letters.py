"""Dead letters: messages that a target will never take as they are, and sending them again by hand.

A letter that is sent again keeps its idempotency key, so a target that took it after all does not take it twice.
Only a record's newest version is worth sending: an older letter is outdated, whatever became of the newer one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, RowMapping, select, update

from cchc_connect.database.bulk import Rows, chunks, rows_among
from cchc_connect.database.deliveries import State
from cchc_connect.database.tables import change, delivery
from cchc_connect.database.writer import GONE


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One message that will not leave by itself any more."""

    route: str
    sequence: int
    """Its number: the sequence of the change it speaks of."""
    record_type: str
    record_key: str
    attempts: int
    reason: str
    finished_at: str | None
    shortened_fields: tuple[str, ...]
    """Fields whose text was cut when it was last sent."""
    outdated_by: int | None
    """Sequence of the record's latest change where that is another."""
    is_gone: bool
    """Is the record not there any more?"""

    @property
    def is_worth_sending(self) -> bool:
        """Say whether it holds the newest version of a record that is there."""
        return self.outdated_by is None and not self.is_gone


def dead_letters(connection: Connection, route: str | None = None) -> list[DeadLetter]:
    """Return the dead letters, of one route where it is named, in the order of the feed."""
    chosen = select(delivery).where(delivery.c.state == State.DEAD)
    if route is not None:
        chosen = chosen.where(delivery.c.route == route)
    dead = connection.execute(chosen.order_by(delivery.c.route, delivery.c.sequence)).mappings().all()
    latest: dict[tuple[str, str], tuple[int, str]] = {}
    for kind, key, *last in rows_among(
        connection, _versions(), change.c.record_key, [row["record_key"] for row in dead]
    ):
        sequence, operation = last
        latest[kind, key] = max(latest.get((kind, key), (0, "")), (sequence, operation))
    return [_letter(row, *latest[row["record_type"], row["record_key"]]) for row in dead]


@cache
def _versions() -> Rows:
    return select(change.c.record_type, change.c.record_key, change.c.sequence, change.c.operation)


def send_again(connection: Connection, letters: Collection[DeadLetter]) -> list[DeadLetter]:
    """Put those letters that are worth sending to waiting, as if never sent; return them."""
    again = [one for one in letters if one.is_worth_sending]
    waiting = {"state": State.WAITING, "attempts": 0, "next_attempt_at": None, "finished_at": None}
    for route in {one.route for one in again}:
        numbers: Sequence[int] = [one.sequence for one in again if one.route == route]
        for some in chunks(numbers):
            here = (delivery.c.route == route) & delivery.c.sequence.in_(some) & (delivery.c.state == State.DEAD)
            connection.execute(update(delivery).where(here).values(**waiting))
    return again


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
