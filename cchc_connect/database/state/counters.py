"""Counters of a run, one set for each source and each route; they are committed with the pages that they count."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import NamedTuple, Self

from sqlalchemy import Connection, select

from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.stream import NO_PARTITION
from cchc_connect.database.tables import run_counter


@dataclass(kw_only=True)
class Counters:
    """Counters of one source or route in one run; each fetched item is also counted once by its result."""

    fetched: int = 0
    """Items read from the source."""
    unchanged: int = 0
    """Fetched items that are the same as last time, or were read twice in this run."""
    inserted: int = 0
    """Fetched items that became new records."""
    updated: int = 0
    """Fetched items that became new versions of records."""
    quarantined: int = 0
    """Fetched items that are in quarantine, new or still."""
    foreign: int = 0
    """Fetched items of records that another agency owns; differing values became discrepancies."""
    outdated: int = 0
    """Records and deletions of a program that are older than the stored version, and so changed nothing."""
    deleted: int = 0
    """Records that were deleted at the source."""
    resolved: int = 0
    """Quarantine entries that were closed."""
    delivered: int = 0
    """Messages that the target accepted, or had already."""
    refused: int = 0
    """Messages that the target will never accept; they are dead letters."""
    waiting: int = 0
    """Messages to be sent again later."""
    shortened: int = 0
    """Messages of which a text was cut to the length that the target accepts."""
    held: int = 0
    """Records that are missing from a listing but were not deleted, as the listing is implausible."""
    pages: int = 0
    requests: int = 0
    bytes_received: int = 0

    def add(self, counts: Self) -> None:
        """Add the counters of `counts` to these."""
        for counter in fields(self):
            setattr(self, counter.name, getattr(self, counter.name) + getattr(counts, counter.name))

    def copy(self) -> Self:
        """Return a copy of the counters."""
        return replace(self)

    def as_document(self) -> Mapping[str, int]:
        """Return the counters by name."""
        return asdict(self)

    @property
    def rows_written(self) -> int:
        """Return how many record rows were written."""
        return self.inserted + self.updated + self.deleted


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


@dataclass(frozen=True, kw_only=True)
class RunCounters:
    """Committed counters of one source or route in one run, summed over all partitions."""

    kind: str
    """`pull`, `push` or `write`."""
    name: str
    """Connection or route."""
    record_type: str
    counts: Counters


def read_counters(connection: Connection, run_id: str) -> list[RunCounters]:
    """Return the counters of a run; they are committed with the pages they count, so a killed run has them too."""
    order = (run_counter.c.kind, run_counter.c.name, run_counter.c.record_type)
    query = select(run_counter).where(run_counter.c.run_id == run_id).order_by(*order)
    totals: dict[tuple[str, str, str], Counters] = {}
    for row in connection.execute(query):
        counts = totals.setdefault((row.kind, row.name, row.record_type), Counters())
        counts.add(Counters(**json.loads(row.counts)))
    return [
        RunCounters(kind=kind, name=name, record_type=record_type, counts=counts)
        for (kind, name, record_type), counts in totals.items()
    ]
