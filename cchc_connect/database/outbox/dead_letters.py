"""Dead letters: messages that are not sent again automatically, and requeueing them by hand.

The target refused the message, it failed too often, its record is deleted or has another key now, or the route has
another receiver or no longer this record type.

A requeued message keeps its idempotency key if the target may have it, so that it is not processed twice. A refused
one gets the key of what is sent then, which is the same if the record and the epoch are.
Only the newest version of a record is requeued: an older message is outdated, even if the newer one was not delivered.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select, update

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.bulk import RowQuery, batches, select_in
from cchc_connect.database.names import record_type_name, require_known
from cchc_connect.database.outbox.deliveries import (
    RECEIVER_CHANGED,
    REQUEUED,
    TYPE_REMOVED,
    DeliveryKind,
    DeliveryState,
    route_states,
)
from cchc_connect.database.reading.call_checks import require_text
from cchc_connect.database.reading.periods import StoredPeriod
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import GONE, change, delivery
from cchc_connect.messages import Language, sentences_by_code
from cchc_schemas import Record

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
        return self.outdated_by is None and not self.is_gone and not self.has_left_the_route

    @property
    def has_left_the_route(self) -> bool:
        """True if it waited for a former receiver or record type of its route."""
        return self.reason in {RECEIVER_CHANGED, TYPE_REMOVED}


@dataclass(frozen=True, kw_only=True)
class DeadLetterFilter:
    """Which dead letters are read; what is None does not limit them."""

    route: str | None = None
    record_type: type[Record] | str | None = None
    reason: str | None = None
    """The code of the reason, with or without its detail."""
    record_key: str | None = None
    since: date | None = None
    """Dead since this instant or later; a day is its beginning in Vietnamese time."""
    until: date | None = None
    """Dead since this instant or earlier; a day is its end in Vietnamese time."""

    def read(self, database: SharedDatabase, configured: Collection[str] = ()) -> Iterator[DeadLetter]:
        """Return the dead letters, by route, in the order of the feed, read 1,000 at a time.

        Args:
            database: the shared database.
            configured: routes that are known although the database has nothing of them.

        Raises:
            UsageMistake: a name is unknown, or a value is of another kind.
        """
        query = self._query()
        with database.reading() as transaction:
            self._check_names(transaction, configured)
        return _batches(database, query)

    def _query(self) -> Select[Any]:
        query = StoredPeriod.between(self.since, self.until).limited(_dead(), delivery.c.finished_at)
        record_type = record_type_name(self.record_type)
        for column, value in (
            (delivery.c.route, self.route),
            (delivery.c.record_type, record_type),
            (delivery.c.record_key, self.record_key),
        ):
            if value is not None:
                require_text(column.name, value)
                query = query.where(column == value)
        if self.reason is None:
            return query
        require_text("reason", self.reason)
        has_detail = delivery.c.reason.startswith(f"{self.reason}:", autoescape=True)
        return query.where((delivery.c.reason == self.reason) | has_detail)

    def _check_names(self, transaction: Connection, configured: Collection[str]) -> None:
        if self.route is not None:
            routes = {*configured, *(str(state["name"]) for state in route_states(transaction))}
            require_known("names.route_unknown", self.route, sorted(routes))
        if self.reason is not None and f"dead_letter_reason.{self.reason}" not in sentences_by_code(Language.ENGLISH):
            reasons = set(transaction.scalars(_dead().order_by(None).with_only_columns(delivery.c.reason).distinct()))
            codes = {reason.partition(":")[0] for reason in reasons}
            require_known("names.reason_unknown", self.reason, sorted({*reasons, *codes}))


def dead_letters(  # noqa: PLR0913  # each is one filter
    database: SharedDatabase,
    *,
    route: str | None = None,
    record_type: type[Record] | str | None = None,
    reason: str | None = None,
    record_key: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Iterator[DeadLetter]:
    """Return the dead letters, by route, in the order of the feed.

    No transaction is open while the caller handles one.

    Args:
        database: the shared database.
        route: only those of this route.
        record_type: only those of this record type, a class or its name.
        reason: only those with this code, such as `not_found`.
        record_key: only those of the record with this key.
        since: only those that were given up from this instant or Vietnamese day on.
        until: only those that were given up to this instant or Vietnamese day, itself included.

    Raises:
        UsageMistake: a route, record type or reason is unknown, or the period ends before it begins.
    """
    return DeadLetterFilter(
        route=route, record_type=record_type, reason=reason, record_key=record_key, since=since, until=until
    ).read(database)


def _batches(database: SharedDatabase, query: Select[Any]) -> Iterator[DeadLetter]:
    after = ("", 0)
    while True:
        last_route, last_sequence = after
        is_later = (delivery.c.route > last_route) | (
            (delivery.c.route == last_route) & (delivery.c.sequence > last_sequence)
        )
        with database.reading() as connection:
            letters = _letters(connection, query.where(is_later).limit(DEAD_LETTER_BATCH_SIZE))
        yield from letters
        if len(letters) < DEAD_LETTER_BATCH_SIZE:
            return
        after = (letters[-1].route, letters[-1].sequence)


def stored_dead_letters(connection: Connection, route: str) -> list[DeadLetter]:
    """Return the dead letters of a route, in the order of the feed."""
    return _letters(connection, _dead().where(delivery.c.route == route))


def _dead() -> Select[Any]:
    return (
        select(delivery).where(delivery.c.state == DeliveryState.DEAD).order_by(delivery.c.route, delivery.c.sequence)
    )


def _letters(connection: Connection, query: Select[Any]) -> list[DeadLetter]:
    dead = connection.execute(query).mappings().all()
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
