"""All that a run may leave in the database and that must not change when nothing happens."""

from collections.abc import Mapping
from typing import Any

from cchc_connect import SharedDatabase
from cchc_connect.database.tables import METADATA

OF_EACH_RUN = frozenset({"run", "run_counter", "lease", "cursor", "route"})
"""Tables in which every run leaves a trace."""


def contents(database: SharedDatabase) -> Mapping[str, list[Any]]:
    """Return the rows of every table but those of the runs themselves."""
    with database.reading() as connection:
        return {
            # As the driver gives them: to compile each statement for each look takes a sixth of a world's time.
            table.name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {table.name}")))  # noqa: S608  # our own names
            for table in METADATA.sorted_tables
            if table.name not in OF_EACH_RUN
        }
