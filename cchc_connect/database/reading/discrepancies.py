"""Reads discrepancies: fields in which another connection's value differs from the owner's."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.names import record_type_name
from cchc_connect.database.reading.known_connections import require_connection
from cchc_connect.database.reading.records import RECORD_BATCH_SIZE
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import discrepancy
from cchc_schemas import Record


class DiscrepancyState(StrEnum):
    """State of a discrepancy."""

    OPEN = "open"
    REPORTED = "reported"
    """A person reported it to the agency that must correct its record."""
    DISMISSED = "dismissed"
    """A person found that nothing must be done; it opens again when a value changes."""
    ENDED = "ended"
    """The values match, or the other agency no longer sends one."""


UNHANDLED = (DiscrepancyState.OPEN, DiscrepancyState.REPORTED)
"""States in which a discrepancy still needs somebody."""


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """One field of one record in which a connection's value differs from the owner's."""

    number: int
    """Number by which `cchc-connect discrepancies resolve` names it."""
    record_type: str
    record_key: str
    field: str
    connection: str
    """Connection whose value differs."""
    value: Any = dataclasses.field(repr=False)
    """Its value, JSON-ready; it may be personal."""
    owner: str
    """Connection that owns the field."""
    owner_value: Any = dataclasses.field(repr=False)
    """The owner's value, which the record has; JSON-ready."""
    detected_at: datetime
    """When it was found, UTC."""
    state: DiscrepancyState
    note: str | None = dataclasses.field(repr=False)
    """What a person wrote who handled it."""
    resolved_at: datetime | None
    """When a person handled it or it ended, UTC."""
    due_on: date | None
    """Last Vietnamese day to handle it; None where nobody was assigned."""
    official: str | None
    """Id of the official in charge; None where nobody was assigned."""

    def is_overdue(self, day: date) -> bool:
        """True if its last day is before a Vietnamese day and it has not ended."""
        return self.due_on is not None and self.due_on < day and self.state in UNHANDLED


def discrepancies(
    database: SharedDatabase,
    *,
    connection: str | None = None,
    record_type: type[Record] | str | None = None,
    include_ended: bool = False,
) -> Iterator[Discrepancy]:
    """Return the discrepancies that have not ended, oldest first; with `include_ended` all of them.

    No transaction is open while the caller handles one.

    Args:
        database: the shared database.
        connection: only those of values that this connection sent.
        record_type: only those of this record type, a class or its name.
        include_ended: whether ended ones are returned too.

    Raises:
        UsageMistake: a connection or record type is unknown.
    """
    query, name = _query(include_ended=include_ended), record_type_name(record_type)
    if name is not None:
        query = query.where(discrepancy.c.record_type == name)
    if connection is not None:
        with database.reading() as transaction:
            require_connection(transaction, connection, discrepancy)
        query = query.where(discrepancy.c.connection == connection)
    return _batches(database, query.limit(RECORD_BATCH_SIZE))


def _batches(database: SharedDatabase, query: Select[Any]) -> Iterator[Discrepancy]:
    after = ("", 0)
    while True:
        detected_at, number = after
        is_later = (discrepancy.c.detected_at > detected_at) | (
            (discrepancy.c.detected_at == detected_at) & (discrepancy.c.id > number)
        )
        with database.reading() as connection:
            rows = connection.execute(query.where(is_later)).mappings().all()
        yield from map(_discrepancy, rows)
        if len(rows) < RECORD_BATCH_SIZE:
            return
        after = (rows[-1]["detected_at"], rows[-1]["id"])


def discrepancy_rows(connection: Connection, *, include_ended: bool = False) -> list[RowMapping]:
    """Return the rows of the discrepancies that have not ended, oldest first; with `include_ended` of all."""
    return list(connection.execute(_query(include_ended=include_ended)).mappings())


def _query(*, include_ended: bool) -> Select[Any]:
    statement = select(discrepancy).order_by(discrepancy.c.detected_at, discrepancy.c.id)
    return statement if include_ended else statement.where(discrepancy.c.state != DiscrepancyState.ENDED)


def _discrepancy(row: RowMapping) -> Discrepancy:
    resolved_at = row["resolved_at"]
    names = ("record_type", "record_key", "field", "connection", "owner", "note", "official")
    return Discrepancy(
        number=row["id"],
        value=json.loads(row["value"] or "null"),
        owner_value=json.loads(row["owner_value"] or "null"),
        detected_at=from_timestamp_text(row["detected_at"]),
        state=DiscrepancyState(row["state"]),
        resolved_at=None if resolved_at is None else from_timestamp_text(resolved_at),
        due_on=None if row["due_on"] is None else date.fromisoformat(row["due_on"]),
        **{name: row[name] for name in names},
    )
