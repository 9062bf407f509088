"""Counters of a run, one set for each source and each route; they are committed with the pages that they count."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self


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
    drafts: int = 0
    """Fetched items that are no records yet, such as dossiers without a number."""
    outdated: int = 0
    """Versions and deletions that are older than the stored version by the source's own time; they changed nothing."""
    deleted: int = 0
    """Records that were deleted at the source."""
    resolved: int = 0
    """Quarantine entries that were closed."""
    delivered: int = 0
    """Messages that the target accepted, or had already."""
    refused: int = 0
    """Messages that the target will never accept; they are dead letters."""
    withdrawn: int = 0
    """Delivered messages that withdrew a deleted record."""
    not_granted: int = 0
    """Messages with records that the agreement of the route does not reach: they are not sent."""
    not_withdrawn: int = 0
    """Deleted records that the receiver keeps, as it takes no withdrawals."""
    initial: int = 0
    """Live records that were queued because the route begins with this receiver or record type."""
    dropped: int = 0
    """Messages that waited and became dead letters because the route has another receiver or lost the record type."""
    waiting: int = 0
    """Messages to be sent again later."""
    shortened: int = 0
    """Messages of which a text was cut to the length that the target accepts."""
    held: int = 0
    """Records that are missing from a listing but were not deleted, as the listing is implausible."""
    absent: int = 0
    """Records that are missing from a complete listing, and are deleted if the next one lacks them too."""
    went_back: int = 0
    """Fetched items that became new versions although the stored ones were newer: the source went back."""
    unlisted: int = 0
    """Known items that the source left out when it was asked for the changes since a time before theirs."""
    times_ahead: int = 0
    """Fetched items whose change time lies in the future."""
    times_ahead_s: int = 0
    """Most seconds by which such a change time is ahead of our clock; the only counter that is not a sum."""
    noted: dict[str, int] = field(default_factory=dict[str, int])
    """Notes on the records of new and changed items, by rule."""
    expected: dict[str, int] = field(default_factory=dict[str, int])
    """The same of the rules of the severity `info`."""
    noted_fields: dict[str, int] = field(default_factory=dict[str, int])
    """The notes of `noted` by field and rule: "area_m2: area_not_positive"."""
    noted_records: dict[str, str] = field(default_factory=dict[str, str])
    """Key of the first record with each of them."""
    times_unreadable: int = 0
    """Fetched items whose change time cannot be read."""
    pages: int = 0
    requests: int = 0
    bytes_received: int = 0

    def add(self, counts: Self) -> None:
        """Add the counters of `counts` to these."""
        times_ahead_s = max(self.times_ahead_s, counts.times_ahead_s)
        for counter in fields(self):
            number: Any = getattr(self, counter.name)
            added: Any = getattr(counts, counter.name)
            if counter.name == "noted_records":
                setattr(self, counter.name, added | number)
            elif isinstance(added, int | float):
                setattr(self, counter.name, number + added)
            else:
                setattr(self, counter.name, dict(Counter[str](number) + Counter[str](added)))
        self.times_ahead_s = times_ahead_s

    def copy(self) -> Self:
        """Return a copy of the counters."""
        by_rule = (self.noted, self.expected, self.noted_fields)
        noted, expected, noted_fields = map(dict[str, int], by_rule)
        noted_records = dict(self.noted_records)
        return replace(self, noted=noted, expected=expected, noted_fields=noted_fields, noted_records=noted_records)

    def as_document(self) -> Mapping[str, Any]:
        """Return the counters by name."""
        return dict(vars(self.copy()))

    @property
    def rows_written(self) -> int:
        """Return how many record rows were written."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, kw_only=True)
class RunCounters:
    """Committed counters of one source or route in one run, summed over all partitions."""

    kind: str
    """`pull`, `push` or `write`."""
    name: str
    """Connection or route."""
    record_type: str
    counts: Counters
