"""What the shared database holds of each connection, whether the configuration still has it or not.

A connection that was renamed in cchc.toml, or taken out of it, leaves rows, claims, cursors and quarantine behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import (
    circuit_breaker,
    claim,
    cursor,
    discrepancy,
    maintenance,
    quarantine,
    rate_limit,
)
from cchc_schemas import RECORD_TYPES

RELEASED_MARK = "released:"
"""Begins the name of a mark in `maintenance`: the connection behind it was removed, its records were kept."""


@dataclass(kw_only=True)
class StoredConnection:
    """What the shared database holds of one connection, by its name."""

    records: dict[str, int] = field(default_factory=dict[str, int])
    """Record type -> number of live records that it owns."""
    deleted: int = 0
    """Records that it owned and that are deleted."""
    claims: int = 0
    """Values that it sent for records of others."""
    quarantined: int = 0
    """Open quarantine entries."""
    discrepancies: int = 0
    """Discrepancies, ended ones too, in which its values are."""
    listings: int = 0
    """Listings that were read to some place."""
    holds: int = 0
    """Listings of which nothing was read yet: they are on hold, no more."""

    @property
    def owned(self) -> int:
        """Return the number of live records that it owns."""
        return sum(self.records.values())

    @property
    def has_state(self) -> bool:
        """Whether anything of it would be lost or mixed up under another name; a mere hold is nothing."""
        counted = (self.owned, self.deleted, self.claims, self.quarantined, self.discrepancies, self.listings)
        return any(counted)

    def as_document(self) -> Mapping[str, object]:
        """Return the numbers as a JSON-ready dictionary."""
        counted = {name: getattr(self, name) for name in ("deleted", "claims", "quarantined", "listings")}
        return {"records": self.records, **counted}


def stored_connections(connection: Connection) -> dict[str, StoredConnection]:
    """Return what is stored of every connection, by name; it reads an index of every record table."""
    by_name: dict[str, StoredConnection] = {}
    for record_type in RECORD_TYPES:
        table = record_table(record_type)
        counted = select(table.c.connection, func.count(), func.count(table.c.deleted_at))
        for name, rows, deleted in connection.execute(counted.group_by(table.c.connection)):
            stored = by_name.setdefault(name, StoredConnection())
            stored.deleted += deleted
            if rows > deleted:
                stored.records[record_type] = rows - deleted
    open_entries = select(quarantine.c.connection, func.count()).where(quarantine.c.resolved_at.is_(None))
    for attribute, query in (
        ("claims", select(claim.c.connection, func.count()).group_by(claim.c.connection)),
        ("quarantined", open_entries.group_by(quarantine.c.connection)),
        ("discrepancies", select(discrepancy.c.connection, func.count()).group_by(discrepancy.c.connection)),
    ):
        for name, number in connection.execute(query):
            setattr(by_name.setdefault(name, StoredConnection()), attribute, number)
    for row in connection.execute(select(cursor)):
        stored = by_name.setdefault(row.connection, StoredConnection())
        if row.watermark or row.page_token or row.completed_at or row.translation_key:
            stored.listings += 1
        else:
            stored.holds += 1
    for table in (circuit_breaker, rate_limit):
        for name in connection.execute(select(table.c.connection)).scalars():
            by_name.setdefault(name, StoredConnection())
    return by_name


def pulled_connections(connection: Connection) -> set[str]:
    """Return the connections that were ever pulled, or tried; programs are not among them."""
    return set(connection.execute(select(cursor.c.connection).distinct()).scalars())


def released_connections(connection: Connection) -> set[str]:
    """Return the connections that were removed and whose records pass to whoever sends them."""
    marks = select(maintenance.c.name).where(maintenance.c.name.startswith(RELEASED_MARK, autoescape=True))
    return {name.removeprefix(RELEASED_MARK) for name in connection.execute(marks).scalars()}
