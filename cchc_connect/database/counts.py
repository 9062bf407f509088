"""What a run counts, for each source and each route."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Self

from sqlalchemy import Connection, select

from cchc_connect.database.bulk import upsert
from cchc_connect.database.stream import WHOLE
from cchc_connect.database.tables import run_counter


@dataclass(kw_only=True)
class Counts:
    """Counters of one source or route in one run; each item is in one of the lines under its head."""

    fetched: int = 0
    """Items read from the source, of which"""
    unchanged: int = 0
    """... the same as last time, or read twice in this run;"""
    inserted: int = 0
    """... became new records;"""
    updated: int = 0
    """... became new versions of records;"""
    quarantined: int = 0
    """... are in quarantine, newly or still;"""
    foreign: int = 0
    """... speak of records that another agency owns; differing values became discrepancies."""
    deleted: int = 0
    """Records that are gone at the source."""
    resolved: int = 0
    """Quarantine entries that ended."""
    delivered: int = 0
    """Messages the target took, or had already."""
    refused: int = 0
    """Messages the target will never take; they are dead letters."""
    waiting: int = 0
    """Messages to be tried again later."""
    shortened: int = 0
    """Messages of which a text was cut to what the target takes."""
    held: int = 0
    """Records that a listing lacks and that were not believed to be gone."""
    pages: int = 0
    requests: int = 0
    bytes_received: int = 0

    def add(self, other: Self) -> None:
        """Add the counters of `other` to these."""
        for counter in fields(self):
            setattr(self, counter.name, getattr(self, counter.name) + getattr(other, counter.name))

    def copy(self) -> Self:
        """Return the counters as they are now."""
        return replace(self)

    def as_document(self) -> Mapping[str, int]:
        """Return the counters by name."""
        return asdict(self)

    @property
    def rows_written(self) -> int:
        """Return how many record rows were written."""
        return self.inserted + self.updated + self.deleted


def write_counts(
    connection: Connection, place: tuple[str, str, str, str], counts: Counts, partition: str = WHOLE
) -> None:
    """Store the counters of one place: run, kind (`pull` or `push`), name, record type; each partition has its own."""
    keys: dict[str, str] = dict(zip(("run_id", "kind", "name", "record_type"), place, strict=True))
    upsert(connection, run_counter, {**keys, "partition": partition}, {"counts": json.dumps(counts.as_document())})


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a run counted at one place, over all partitions, as far as it was committed."""

    kind: str
    """`pull` or `push`."""
    name: str
    record_type: str
    counts: Counts


def read_tallies(connection: Connection, run_id: str) -> list[Tally]:
    """Return what a run did, committed with the pages and messages it counts: also of a run that was killed."""
    order = (run_counter.c.kind, run_counter.c.name, run_counter.c.record_type)
    chosen = select(run_counter).where(run_counter.c.run_id == run_id).order_by(*order)
    found: dict[tuple[str, str, str], Counts] = {}
    for row in connection.execute(chosen):
        counts = found.setdefault((row.kind, row.name, row.record_type), Counts())
        counts.add(Counts(**json.loads(row.counts)))
    return [
        Tally(kind=kind, name=name, record_type=record_type, counts=counts)
        for (kind, name, record_type), counts in found.items()
    ]
