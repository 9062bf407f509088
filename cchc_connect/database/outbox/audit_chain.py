"""The chain of the audit log: each hash covers an entry and the hash before it."""

import hashlib
from collections.abc import Iterable

GENESIS_HASH = "0" * 64
"""Hash before the first entry."""

StoredEntry = tuple[int, str, str]
"""Number, body and hash of an entry."""


def chained_hash(previous_hash: str, body: str) -> str:
    """Return the hash of an entry."""
    return hashlib.sha256(f"{previous_hash}\n{body}".encode()).hexdigest()


def first_broken(entries: Iterable[StoredEntry], last_seen: int) -> int | None:
    """Return the number of the first entry that does not fit the chain, None where the chain is intact.

    Args:
        entries: all entries, by number.
        last_seen: the largest number that a run stored at its end. Entries removed from the end of the log leave an
            intact chain, and this number above it.
    """
    previous_hash, expected_number = GENESIS_HASH, 1
    for number, body, stored_hash in entries:
        if number != expected_number or stored_hash != chained_hash(previous_hash, body):
            return expected_number
        previous_hash, expected_number = stored_hash, expected_number + 1
    return expected_number if last_seen >= expected_number else None
