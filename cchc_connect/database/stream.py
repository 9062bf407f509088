"""A stream: one listing of one connection, which becomes one type of record; a large one may come in partitions."""

from dataclasses import dataclass

WHOLE = ""
"""Partition of a listing that has no parts."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Whose records they are and of which type; quarantine and rows are kept by it, the cursor by partition too."""

    connection: str
    record_type: str
    agency: str
    partition: str = WHOLE
