"""The audit log: who sent what to whom, for which purpose and on which legal basis.

Entries are only added, and each entry's hash covers the entry and the hash before it: `first_broken_entry` finds an
entry that was changed, removed or moved later, also at the end. The log holds keys of records and no values.
"""

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from cchc_connect.database.tables import audit_log, run

SENDING = "leaving"
"""Outcome of an entry written before a message is sent; a later entry has the result, unless the program died."""

GENESIS_HASH = "0" * 64
"""Hash before the first entry."""


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One message that was sent, or a group of them."""

    at: str
    """Instant, UTC, as stored."""
    run_id: str
    route: str
    receiver: str
    """Agency code of the receiving system."""
    account: str
    """Service account with which it was sent; "" where the system requires none."""
    purpose: str
    legal_basis: str
    record_type: str
    record_keys: tuple[str, ...]
    outcomes: tuple[str, ...]
    """Outcome for each record, or `SENDING` before it is sent."""


def append_entry(connection: Connection, entry: AuditEntry) -> None:
    """Append one entry to the chain."""
    latest = select(audit_log.c.entry, audit_log.c.hash).order_by(audit_log.c.entry.desc()).limit(1)
    last = connection.execute(latest).one_or_none()
    body = json.dumps(vars(entry), ensure_ascii=False, sort_keys=True)
    number, before = (1, GENESIS_HASH) if last is None else (last.entry + 1, last.hash)
    connection.execute(audit_log.insert().values(entry=number, body=body, hash=_hash(before, body)))


def first_broken_entry(connection: Connection) -> int | None:
    """Return the number of the first entry that does not fit the chain, None where the chain is intact."""
    before, expected = GENESIS_HASH, 1
    for row in connection.execute(select(audit_log).order_by(audit_log.c.entry)):
        if row.entry != expected or row.hash != _hash(before, row.body):
            return expected
        before, expected = row.hash, expected + 1
    # Entries removed from the end leave an intact chain; each run stored the number of its last entry.
    last_seen = connection.execute(select(func.max(run.c.last_audit_entry))).scalar() or 0
    return expected if last_seen >= expected else None


def last_entry_number(connection: Connection) -> int:
    """Return the number of the latest entry, 0 where there is none."""
    return connection.execute(select(func.max(audit_log.c.entry))).scalar() or 0


def _hash(before: str, body: str) -> str:
    return hashlib.sha256(f"{before}\n{body}".encode()).hexdigest()
