"""A stream: one listing of one connection, which becomes one type of record."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Whose records they are and of which type; cursor, quarantine and rows are kept by it."""

    connection: str
    record_type: str
    agency: str
