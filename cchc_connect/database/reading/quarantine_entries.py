"""Reads the quarantine: wire items that did not become records, in raw form with all their faults.

The raw form holds what the source sent, personal data included.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.names import record_type_name, require_known
from cchc_connect.database.reading.call_checks import require_text
from cchc_connect.database.reading.known_connections import require_connection
from cchc_connect.database.reading.periods import StoredPeriod
from cchc_connect.database.reading.records import RECORD_BATCH_SIZE
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import quarantine as table
from cchc_connect.errors import NotFound
from cchc_connect.messages import Language, sentences_by_code
from cchc_connect.wire.json import Item, RawItem
from cchc_schemas import Fault, Record


@dataclass(frozen=True, kw_only=True)
class QuarantineEntry:
    """One quarantine entry: an item that did not become a record, with all its faults."""

    id: int
    """Number by which `cchc-connect quarantine show` names it."""
    connection: str
    record_type: str
    partition: str
    source_key: str
    item: Item = field(repr=False)
    """The parsed item; a `RawItem`, whose reading raises `ValueError`, where it is no strict JSON."""
    faults: tuple[Fault, ...]
    first_seen: datetime
    """When it was put into quarantine, UTC."""
    resolved_at: datetime | None
    """When it was corrected or no longer sent, UTC; None while the entry is open."""

    @property
    def displayed_item(self) -> Item:
        """Return the item for display; one that cannot be parsed is a single text under an empty name."""
        return {"": self.item.raw.decode()} if isinstance(self.item, RawItem) else self.item


@dataclass(frozen=True, kw_only=True)
class EntryFilter:
    """Which entries are read; what is None does not limit them."""

    connection: str | None = None
    record_type: type[Record] | str | None = None
    rule: str | None = None
    """A rule that one of the entry's faults breaks, as `quarantine show` names it."""
    source_key: str | None = None
    since: date | None = None
    """Put into quarantine at this instant or later; a day is its beginning in Vietnamese time."""
    until: date | None = None
    """Put into quarantine at this instant or earlier; a day is its end in Vietnamese time."""
    include_resolved: bool = False

    def read(self, database: SharedDatabase, configured: Collection[str] = ()) -> Iterator[QuarantineEntry]:
        """Return the entries, oldest first, read 1,000 at a time.

        Args:
            database: the shared database.
            configured: connections that are known although the database has nothing of them.

        Raises:
            UsageMistake: a name is unknown, or a value is of another kind.
        """
        query = self._query()
        with database.reading() as transaction:
            self._check_names(transaction, configured)
        return self._batches(database, query.limit(RECORD_BATCH_SIZE))

    def _query(self) -> Select[Any]:
        query = StoredPeriod.between(self.since, self.until).limited(
            _query(include_resolved=self.include_resolved), table.c.first_seen
        )
        record_type = record_type_name(self.record_type)
        for column, value in (
            (table.c.connection, self.connection),
            (table.c.record_type, record_type),
            (table.c.source_key, self.source_key),
        ):
            if value is not None:
                require_text(column.name, value)
                query = query.where(column == value)
        return query

    def _check_names(self, transaction: Connection, configured: Collection[str]) -> None:
        require_connection(transaction, self.connection, table, configured)
        if self.rule is not None and f"fault.{self.rule}" not in sentences_by_code(Language.ENGLISH):
            stored = transaction.scalars(select(table.c.faults).distinct())  # rules of adapters
            rules = {rule for faults in stored for _, rule, *_ in json.loads(faults)}
            require_known("names.rule_unknown", self.rule, sorted(rules))

    def _batches(self, database: SharedDatabase, query: Select[Any]) -> Iterator[QuarantineEntry]:
        last = 0
        while True:
            with database.reading() as connection:
                rows = connection.execute(query.where(table.c.id > last)).mappings().all()
            for entry in map(_entry, rows):
                if self.rule is None or self.rule in {fault.rule for fault in entry.faults}:
                    yield entry
            if len(rows) < RECORD_BATCH_SIZE:
                return
            last = rows[-1]["id"]


def quarantine(  # noqa: PLR0913  # each is one filter
    database: SharedDatabase,
    *,
    connection: str | None = None,
    record_type: type[Record] | str | None = None,
    rule: str | None = None,
    source_key: str | None = None,
    since: date | None = None,
    until: date | None = None,
    include_resolved: bool = False,
) -> Iterator[QuarantineEntry]:
    """Return the open quarantine entries, oldest first; with `include_resolved` the resolved ones too.

    No transaction is open while the caller handles an entry.

    Args:
        database: the shared database.
        connection: only entries of this connection.
        record_type: only entries of this record type, a class or its name.
        rule: only entries with a fault that breaks this rule, such as `missing`.
        source_key: only entries with this source key.
        since: only entries that were put into quarantine from this instant or Vietnamese day on.
        until: only entries that were put into quarantine up to this instant or Vietnamese day, itself included.
        include_resolved: whether resolved entries are returned too.

    Raises:
        UsageMistake: a connection, record type or rule is unknown, or the period ends before it begins.
    """
    return EntryFilter(
        connection=connection,
        record_type=record_type,
        rule=rule,
        source_key=source_key,
        since=since,
        until=until,
        include_resolved=include_resolved,
    ).read(database)


def entries(connection: Connection, *, include_resolved: bool = False) -> list[QuarantineEntry]:
    """Return the open entries, oldest first; with `include_resolved` the resolved ones too."""
    return [_entry(row) for row in connection.execute(_query(include_resolved=include_resolved)).mappings()]


def entry(connection: Connection, number: int) -> QuarantineEntry:
    """Return one entry.

    Raises:
        NotFound: there is no such entry.
    """
    row = connection.execute(select(table).where(table.c.id == number)).mappings().one_or_none()
    if row is None:
        raise NotFound("quarantine.no_entry", number=number)
    return _entry(row)


def parsed_item(text: str) -> Item:
    """Return a stored item; a `RawItem` if it is no strict JSON."""
    raw = RawItem(text.encode())
    try:
        return raw.read()
    except ValueError:
        return raw


def _query(*, include_resolved: bool) -> Select[Any]:
    statement = select(table).order_by(table.c.id)
    return statement if include_resolved else statement.where(table.c.resolved_at.is_(None))


def _entry(row: RowMapping) -> QuarantineEntry:
    resolved_at = row["resolved_at"]
    return QuarantineEntry(
        item=parsed_item(row["item"] or "{}"),
        faults=tuple(Fault(*parts) for parts in json.loads(row["faults"])),
        first_seen=from_timestamp_text(row["first_seen"]),
        resolved_at=None if resolved_at is None else from_timestamp_text(resolved_at),
        **{name: row[name] for name in ("id", "connection", "record_type", "partition", "source_key")},
    )
