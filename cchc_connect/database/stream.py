"""A stream: one listing of one connection and record type; its own module because all of database/ and sync/ use it."""

from dataclasses import dataclass

NO_PARTITION = ""
"""Partition of a listing without partitions."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One listing; cursors differ by partition, rows and quarantine by connection and record type only."""

    connection: str
    record_type: str
    agency: str
    partition: str = NO_PARTITION
