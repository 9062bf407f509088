"""Dead letters: messages that a target will never take as they are, and sending them again by hand.

A letter that is sent again keeps its idempotency key, so a target that took it after all does not take it twice.
Only a record's newest version is worth sending: an older letter is outdated, whatever became of the newer one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, select, update

from cchc_connect.database.bulk import chunks
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
    settled_at: str | None
    shortened: tuple[str, ...]
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
    newer = change.alias()
    same = (newer.c.record_type == delivery.c.record_type) & (newer.c.record_key == delivery.c.record_key)
    latest = select(func.max(newer.c.sequence)).where(same).scalar_subquery()
    dead = select(delivery, change.c.sequence.label("latest"), change.c.operation).join(
        change, change.c.sequence == latest
    )
    statement = dead.where(delivery.c.state == State.DEAD).order_by(delivery.c.route, delivery.c.sequence)
    if route is not None:
        statement = statement.where(delivery.c.route == route)
    return [_letter(row) for row in connection.execute(statement).mappings()]


def send_again(connection: Connection, letters: Collection[DeadLetter]) -> list[DeadLetter]:
    """Put those letters that are worth sending to waiting, as if never sent; return them."""
    again = [one for one in letters if one.is_worth_sending]
    waiting = {"state": State.WAITING, "attempts": 0, "next_at": None, "settled_at": None}
    for route in {one.route for one in again}:
        numbers: Sequence[int] = [one.sequence for one in again if one.route == route]
        for some in chunks(numbers):
            here = (delivery.c.route == route) & delivery.c.sequence.in_(some) & (delivery.c.state == State.DEAD)
            connection.execute(update(delivery).where(here).values(**waiting))
    return again


def _letter(row: RowMapping) -> DeadLetter:
    return DeadLetter(
        route=row["route"],
        sequence=row["sequence"],
        record_type=row["record_type"],
        record_key=row["record_key"],
        attempts=row["attempts"],
        reason=row["reason"],
        settled_at=row["settled_at"],
        shortened=tuple((row["shortened"] or "").split()),
        outdated_by=row["latest"] if row["latest"] != row["sequence"] else None,
        is_gone=row["operation"] in GONE,
    )
