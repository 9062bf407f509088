"""A shared database for tests: sources are pulled into it, and its content is read back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from cchc_connect.adapter import ListingOrder, Source
from cchc_connect.database.reading.change_feed import change_rows
from cchc_connect.database.reading.discrepancies import discrepancy_rows
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.record_tables import all_tables, record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.cursor import Cursor
from cchc_connect.database.state.cursors import hold, read_cursor
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.ownership import NO_SENDERS, Senders
from cchc_connect.errors import CchcError
from cchc_connect.sync.pull import Pull
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.run_context import RunContext
from tests.sync.memory_systems import START, ManualClock, NoRequestTransport, UnfencedRunContext


@dataclass
class PulledDatabase:
    """One database, a clock, and the declared owners."""

    database: SharedDatabase
    owners: Mapping[str, str] = field(default_factory=dict[str, str])
    clock: ManualClock = field(default_factory=ManualClock)
    senders: Senders = NO_SENDERS
    """The configured connections."""

    @property
    def run_context(self) -> RunContext:
        """Return a run's scope without a lease and without prefetching."""
        return UnfencedRunContext(
            run_id="run",
            database=self.database,
            clock=self.clock,
            token=None,
            owners=self.owners,
            senders=self.senders,
            prefetch=0,
        )

    def pull(
        self,
        connection: str,
        source: Source,
        *failures: CchcError | None,
        partition: str = "",
        pull_range: PullRange | None = None,
    ) -> Pull:
        """Pull a source once for a connection."""
        prepared = self.prepared(source, self.stream(connection, source, partition), *failures, pull_range=pull_range)
        prepared.run()
        return prepared

    def pull_twice(self, connection: str, source: Source, *, partition: str = "") -> Pull:
        """Pull a source in two runs, so that what both listings lack is deleted; return the second."""
        self.pull(connection, source, partition=partition)
        return self.pull(connection, source, partition=partition)

    def prepared(
        self,
        source: Source,
        stream: Stream,
        *failures: CchcError | None,
        pull_range: PullRange | None = None,
        **run_context: Any,
    ) -> Pull:
        """Return a pull that has not been run."""
        return Pull(source, stream, NoRequestTransport(failures), replace(self.run_context, **run_context), pull_range)

    def stream(self, connection: str, source: Source, partition: str = "") -> Stream:
        """Return the stream of a connection's source."""
        kind = source.record_type.record_type
        return Stream(connection=connection, record_type=kind, agency="H09.1", partition=partition)

    def hold(self, stream: Stream, reason: CchcError, order: ListingOrder = ListingOrder.NONE) -> None:
        """Record a hold on a stream, as a run does."""
        with self.database.writing() as connection:
            hold(connection, stream, reason, START, order)

    def cursor(self, stream: Stream) -> Cursor:
        """Return the cursor of a stream."""
        with self.database.reading() as connection:
            return read_cursor(connection, stream)

    def row(self, key: str, record_type: str = "land_parcel") -> Any:
        """Return one record's row."""
        table = record_table(record_type)
        with self.database.reading() as connection:
            return connection.execute(select(table).where(table.c.record_key == key)).one()

    def rows(self, record_type: str = "land_parcel") -> list[dict[str, Any]]:
        """Return all rows of a record type, by record key."""
        table = record_table(record_type)
        with self.database.reading() as connection:
            return [dict(row) for row in connection.execute(select(table).order_by(table.c.record_key)).mappings()]

    def live_parcels(self) -> list[str]:
        """Return the sorted numbers of the parcels that are not deleted."""
        table = record_table("land_parcel")
        with self.database.reading() as connection:
            chosen = select(table.c.parcel_number).where(table.c.deleted_at.is_(None))
            return sorted(connection.execute(chosen).scalars())

    def versions(self, record_type: str = "land_parcel") -> list[tuple[str, str, str]]:
        """Return the change feed: last character of the key, operation, connection."""
        with self.database.reading() as connection:
            feed = change_rows(connection, record_types=[record_type])
        return [(row["record_key"][-1], row["operation"], row["connection"]) for row in feed]

    def differences(self) -> list[tuple[str, str, str, str]]:
        """Return the open discrepancies: field, connection that differs, its value, the owner's value."""
        with self.database.reading() as connection:
            rows = discrepancy_rows(connection)
        return [(row["field"], row["connection"], row["value"], row["owner_value"]) for row in rows]

    def everything(self, *but: str) -> Mapping[str, list[tuple[Any, ...]]]:
        """Return every row of every table except those named."""
        tables = [table for table in all_tables().sorted_tables if table.name not in but]
        with self.database.reading() as connection:
            return {table.name: sorted(map(tuple, connection.execute(select(table))), key=str) for table in tables}

    def quarantined(self) -> list[str]:
        """Return the source keys in quarantine."""
        with self.database.reading() as connection:
            return [entry.source_key for entry in entries(connection)]


def parcel_key(number: int, commune: str = "25747") -> str:
    """Return the record key of the parcel with this number."""
    return f"gso-2025-07:{commune}:12:{number}"
