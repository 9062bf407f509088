"""All that a run may leave in the database and that must not change when nothing happens."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from cchc_connect import SharedDatabase
from cchc_connect.database.tables import METADATA

OF_EACH_RUN = frozenset({"run", "tally", "lease", "cursor", "route"})
"""Tables in which every run leaves a trace."""


def contents(database: SharedDatabase) -> Mapping[str, list[Any]]:
    """Return the rows of every table but those of the runs themselves."""
    with database.reading() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in METADATA.sorted_tables
            if table.name not in OF_EACH_RUN
        }
