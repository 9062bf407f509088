"""Completeness of the demonstration: records at the sources, compared with rows and quarantine entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.writing import quarantine
from cchc_schemas import RECORD_TYPES


@dataclass(frozen=True, kw_only=True)
class Census:
    """Numbers of records of one type, by location."""

    record_type: str
    rows: int
    """Rows in the table of the record type."""
    quarantined: int
    held: int
    """Records at the sources, including faulty ones."""

    @property
    def is_complete(self) -> bool:
        """True if every record at the sources is either in its table or in quarantine."""
        return self.rows + self.quarantined == self.held


def take_census(database: SharedDatabase, held: Mapping[str, int]) -> Sequence[Census]:
    """Count every record type in one transaction; `held` is the number of records at the sources, by record type."""
    with database.reading() as connection:
        waiting = quarantine.open_counts(connection)
        return [
            Census(
                record_type=record_type,
                rows=connection.execute(select(func.count()).select_from(record_table(record_type))).scalar_one(),
                quarantined=sum(number for (_, kind, _), number in waiting.items() if kind == record_type),
                held=held.get(record_type, 0),
            )
            for record_type in RECORD_TYPES
        ]
