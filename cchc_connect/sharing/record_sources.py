"""What is known of records beside their values: who provides them, how fresh their source is, what speaks against them.

Nothing here reads a value of a record.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.bulk import batches
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import change, cursor, discrepancy, quarantine
from cchc_connect.sharing.evidence import SourceState

_UNSETTLED = ("open", "reported")
"""States of a discrepancy that nobody has settled."""


@dataclass(frozen=True, kw_only=True)
class SourcedRecord:
    """A live record, and what is known of its source."""

    record_type: str
    key: str
    provider: str
    """Code of the agency whose record it is."""
    source: SourceState


@dataclass(frozen=True, kw_only=True)
class RecordSource:
    """A connection that has records of one type."""

    connection: str
    provider: str
    """Code of the agency whose records they are."""
    complete_at: datetime | None
    """When it was last read completely, or wrote last by itself; UTC. None: never."""
    is_fresh: bool


class SourceStates:
    """Reads in one transaction how records and their sources stand."""

    def __init__(self, connection: Connection, now: datetime, fresh_within: timedelta) -> None:
        """Judge at the instant `now`; a source that was last complete before `fresh_within` is stale."""
        self._connection = connection
        self._fresh_from = now - fresh_within
        self._freshness_by_stream = dict[tuple[str, str], tuple[datetime | None, bool]]()

    def records(self, record_type: str, keys: Collection[str]) -> Sequence[SourcedRecord]:
        """Return the live records with these keys, in key order."""
        table = record_table(record_type)
        columns = (table.c.record_key, table.c.agency, table.c.connection, table.c.source_key)
        query = select(*columns).where(table.c.deleted_at.is_(None)).order_by(table.c.record_key)
        rows = [
            row
            for batch in batches(sorted(keys))
            for row in self._connection.execute(query.where(table.c.record_key.in_(batch)))
        ]
        disputed = self._disputed(record_type, [row.record_key for row in rows])
        quarantined = self._quarantined(record_type, rows)
        return [self._record(record_type, row, disputed, quarantined) for row in rows]

    def sources(self, record_type: str) -> Sequence[RecordSource]:
        """Return the connections that have live records of a type, by name and agency."""
        table = record_table(record_type)
        pairs = select(table.c.connection, table.c.agency).where(table.c.deleted_at.is_(None)).distinct()
        return [
            RecordSource(connection=name, provider=agency, complete_at=complete_at, is_fresh=is_fresh)
            for name, agency in sorted(map(tuple, self._connection.execute(pairs)))
            for complete_at, is_fresh in (self._freshness(name, record_type),)
        ]

    def _record(
        self,
        record_type: str,
        row: Row[Any, Any, Any, Any],
        disputed: Mapping[str, set[str]],
        quarantined: Collection[tuple[str, str]],
    ) -> SourcedRecord:
        complete_at, is_fresh = self._freshness(row.connection, record_type)
        return SourcedRecord(
            record_type=record_type,
            key=row.record_key,
            provider=row.agency,
            source=SourceState(
                complete_at=complete_at,
                is_fresh=is_fresh,
                is_quarantined=(row.connection, row.source_key) in quarantined,
                disputed_fields=frozenset(disputed.get(row.record_key, ())),
            ),
        )

    def _freshness(self, connection: str, record_type: str) -> tuple[datetime | None, bool]:
        """Return when a connection was complete for the last time, and whether that is fresh; read once."""
        if (connection, record_type) not in self._freshness_by_stream:
            self._freshness_by_stream[connection, record_type] = self._read_freshness(connection, record_type)
        return self._freshness_by_stream[connection, record_type]

    def _read_freshness(self, connection: str, record_type: str) -> tuple[datetime | None, bool]:
        is_stream = (cursor.c.connection == connection) & (cursor.c.record_type == record_type)
        streams = self._connection.execute(select(cursor.c.completed_at, cursor.c.held_code).where(is_stream)).all()
        if not streams:  # a program wrote the records, and there are no passes
            written_at = self._written_at(connection, record_type)
            return written_at, written_at is not None and written_at >= self._fresh_from
        completed = [_instant(row.completed_at) for row in streams]
        if any(at is None for at in completed):
            return None, False
        complete_at = min(at for at in completed if at is not None)
        is_held = any(row.held_code is not None for row in streams)
        return complete_at, complete_at >= self._fresh_from and not is_held

    def _written_at(self, connection: str, record_type: str) -> datetime | None:
        table = record_table(record_type)
        latest = select(func.max(table.c.sequence)).where(table.c.connection == connection).scalar_subquery()
        return _instant(
            self._connection.execute(select(change.c.changed_at).where(change.c.sequence == latest)).scalar()
        )

    def _disputed(self, record_type: str, keys: Sequence[str]) -> Mapping[str, set[str]]:
        is_open = (discrepancy.c.record_type == record_type) & discrepancy.c.state.in_(_UNSETTLED)
        query = select(discrepancy.c.record_key, discrepancy.c.field).where(is_open)
        disputed = dict[str, set[str]]()
        for batch in batches(keys):
            for key, field in self._connection.execute(query.where(discrepancy.c.record_key.in_(batch))):
                disputed.setdefault(key, set()).add(field)
        return disputed

    def _quarantined(self, record_type: str, rows: Iterable[Row[Any, Any, Any, Any]]) -> Collection[tuple[str, str]]:
        source_keys = dict[str, list[str]]()
        for row in rows:
            source_keys.setdefault(row.connection, []).append(row.source_key)
        return {
            (connection, source_key)
            for connection, keys in source_keys.items()
            for batch in batches(keys)
            for source_key in self._connection.execute(
                select(quarantine.c.source_key).where(
                    quarantine.c.connection == connection,
                    quarantine.c.record_type == record_type,
                    quarantine.c.source_key.in_(batch),
                    quarantine.c.resolved_at.is_(None),
                )
            ).scalars()
        }


def _instant(stored: str | None) -> datetime | None:
    return None if stored is None else from_timestamp_text(stored)
