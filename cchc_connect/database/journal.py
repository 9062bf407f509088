"""The journal: who sent what to whom, why and by which act.

It only grows, and each entry's hash covers the entry and the hash before it: an entry that was changed,
removed or put elsewhere later is found by `broken_entry`. Keys of records stand in it, values do not.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select

from cchc_connect.database.tables import journal

ORIGIN = "0" * 64
"""The hash before the first entry."""


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    """One message that left."""

    at: str
    run_id: str
    route: str
    receiver: str
    """Agency code of the receiving system."""
    account: str
    """Service account with which it was sent; "" where the system asks for none."""
    purpose: str
    legal_basis: str
    record_type: str
    record_keys: tuple[str, ...]
    outcomes: tuple[str, ...]


def write_entry(connection: Connection, entry: JournalEntry) -> None:
    """Add one entry to the chain."""
    last = connection.execute(select(journal.c.hash).order_by(journal.c.entry.desc()).limit(1)).scalar()
    body = json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True)
    connection.execute(journal.insert().values(body=body, hash=_hash(last or ORIGIN, body)))


def broken_entry(connection: Connection) -> int | None:
    """Return the number of the first entry that does not fit the chain, None where the chain is whole."""
    before, expected = ORIGIN, 1
    for row in connection.execute(select(journal).order_by(journal.c.entry)):
        if row.entry != expected or row.hash != _hash(before, row.body):
            return expected
        before, expected = row.hash, expected + 1
    return None


def _hash(before: str, body: str) -> str:
    return hashlib.sha256(f"{before}\n{body}".encode()).hexdigest()
