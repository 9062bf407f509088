"""The rows of indicators at one sequence of the change feed: the stored ones at its end, else made anew in memory."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.pool import StaticPool

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.columns import METADATA
from cchc_connect.database.kpi_tables import DERIVED_TABLES, kpi_position
from cchc_connect.database.maintenance import MarkName, read_mark
from cchc_connect.database.reading.change_feed import last_sequence
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import change
from cchc_connect.errors import NotFound, UsageMistake
from cchc_connect.kpi.following import follow, position, rows_as_of
from cchc_schemas import vietnamese_day
from cchc_schemas.working_days import DayKind


@dataclass(frozen=True, slots=True)
class RowsAt:
    """A connection to the rows of indicators, and to the shared database, at one sequence."""

    rows: Connection
    shared: Connection
    sequence: int
    stored_at: str | None
    """When the last change was stored, UTC; None where there is none."""
    run_id: str | None

    @property
    def today(self) -> date:
        """Vietnamese day of the last change, which is the present as far as the rows know."""
        return date.max if self.stored_at is None else vietnamese_day(from_timestamp_text(self.stored_at))


@contextmanager
def rows_at(
    database: SharedDatabase, as_of: int | None, days: Mapping[date, DayKind] | None = None
) -> Generator[RowsAt, None, None]:
    """Open the rows as of a sequence; None: at the end of the feed, which is followed first.

    Raises:
        UsageMistake: the feed has not come so far.
        NotFound: versions that held at that sequence were purged.
    """
    if as_of is None:
        follow(database, days=days)
    with database.reading() as shared:
        sequence = position(shared) if as_of is None else as_of
        if sequence > last_sequence(shared) or sequence < 0:
            raise UsageMistake("kpi.as_of_ahead", sequence=sequence, last=last_sequence(shared))
        _require_versions(shared, sequence)
        at, run_id = _last_change(shared, sequence)
        if as_of is None:
            yield RowsAt(shared, shared, sequence, at, run_id)
            return
        with _in_memory() as rows:
            rows_as_of(shared, rows, sequence, days=days)
            yield RowsAt(rows, shared, sequence, at, run_id)


@contextmanager
def _in_memory() -> Generator[Connection, None, None]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.connect() as rows:
            METADATA.create_all(rows, tables=[*DERIVED_TABLES, kpi_position])
            yield rows
    finally:
        engine.dispose()


def _require_versions(shared: Connection, sequence: int) -> None:
    """Check that each record's version of that sequence is there: a purge deletes what later versions replaced."""
    purged, scanned = read_mark(shared, MarkName.HISTORY), read_mark(shared, MarkName.HISTORY_SCAN)
    if purged is not None and scanned is not None and sequence < scanned.sequence:
        raise NotFound("kpi.as_of_purged", sequence=sequence, since=scanned.sequence)


def _last_change(shared: Connection, sequence: int) -> tuple[str | None, str | None]:
    latest = select(func.max(change.c.sequence)).where(change.c.sequence <= sequence).scalar_subquery()
    row = shared.execute(select(change.c.changed_at, change.c.run_id).where(change.c.sequence == latest)).one_or_none()
    return (None, None) if row is None else (row.changed_at, row.run_id)
