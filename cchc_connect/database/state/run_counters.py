"""Stored counters of a run: one row for each source, partition and route, committed with the pages that they count."""

import json
from typing import NamedTuple

from sqlalchemy import Connection

from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.stream import NO_PARTITION
from cchc_connect.database.tables import run_counter


class CounterKey(NamedTuple):
    """What a set of counters belongs to."""

    run_id: str
    kind: str
    """`pull`, `push` or `write`."""
    name: str
    """Connection or route."""
    record_type: str


def write_counters(connection: Connection, key: CounterKey, counts: Counters, partition: str = NO_PARTITION) -> None:
    """Store the counters of a source or route; one row per partition."""
    upsert_row(
        connection, run_counter, {**key._asdict(), "partition": partition}, {"counts": json.dumps(counts.as_document())}
    )
