"""The content of a database that must not change while nothing happens at the sources."""

from collections.abc import Mapping
from typing import Any

from cchc_connect import SharedDatabase
from cchc_connect.database.tables import METADATA

OF_EACH_RUN = frozenset({"run", "run_counter", "lease", "cursor", "route", "maintenance", "audit_entry", "freshness"})
"""Tables that every run writes to: the audit log has an entry for each source, freshness when it was read last."""


def contents(database: SharedDatabase) -> Mapping[str, list[Any]]:
    """Return the rows of every table except those that every run writes to."""
    with database.reading() as connection:
        return {
            # Driver SQL: compiling each statement each time takes a sixth of a simulation's time.
            table.name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {table.name}")))  # noqa: S608  # our own names
            for table in METADATA.sorted_tables
            if table.name not in OF_EACH_RUN
        }
