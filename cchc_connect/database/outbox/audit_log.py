"""The audit log: who sent what to whom, for which purpose and on which legal basis.

Entries are only added, and each entry's hash covers the entry and the hash before it: `first_broken_entry` finds an
entry that was changed, removed or moved afterwards, also the last one. The log holds keys of records and no values.
"""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from cchc_connect.database.outbox.audit_chain import GENESIS_HASH, chained_hash, first_broken
from cchc_connect.database.tables import audit_log, run

SENDING = "leaving"
"""Outcome of an entry written before a message is sent, as stored in the log.

A later entry has the result, unless the program died.
"""


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
    kind: str
    """`record`, or `withdrawal` where deleted records were withdrawn."""
    outcomes: tuple[str, ...]
    """Outcome for each record, or `SENDING` before it is sent."""


def append_entry(connection: Connection, entry: AuditEntry) -> None:
    """Append one entry to the chain."""
    latest_entry = select(audit_log.c.entry, audit_log.c.hash).order_by(audit_log.c.entry.desc()).limit(1)
    previous = connection.execute(latest_entry).one_or_none()
    body = json.dumps(vars(entry), ensure_ascii=False, sort_keys=True)
    number, previous_hash = (1, GENESIS_HASH) if previous is None else (previous.entry + 1, previous.hash)
    connection.execute(audit_log.insert().values(entry=number, body=body, hash=chained_hash(previous_hash, body)))


def first_broken_entry(connection: Connection) -> int | None:
    """Return the number of the first entry that does not fit the chain, None where the chain is intact."""
    rows = connection.execute(select(audit_log.c.entry, audit_log.c.body, audit_log.c.hash).order_by(audit_log.c.entry))
    last_seen = connection.execute(select(func.max(run.c.last_audit_entry))).scalar() or 0
    return first_broken(((row.entry, row.body, row.hash) for row in rows), last_seen)


def last_entry_number(connection: Connection) -> int:
    """Return the number of the latest entry, 0 where there is none."""
    return connection.execute(select(func.max(audit_log.c.entry))).scalar() or 0
