"""What became of messages that the audit log announced: the outcomes that name the entry which announces them.

They follow it in its chain and belong to the same run, so they are found without an index.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from cchc_connect.database.audit.chain import EntryNumber, StoredEntry
from cchc_connect.database.audit.entries import MAY_HAVE_ARRIVED, AuditEntry, Decision, entry_of_body
from cchc_connect.database.tables import audit_entry, audit_key

ENTRIES_AT_A_TIME = 100


@dataclass(kw_only=True)
class PushOutcomes:
    """What became of the messages of one entry."""

    is_complete: bool = False
    """Whether there is an outcome of each message; False where the program died, or is sending."""
    released: set[str] = field(default_factory=set[str])
    """Keys of the records that the receiver got."""
    perhaps: set[str] = field(default_factory=set[str])
    """Keys of the records that it may have got, since there was no answer."""


def push_outcomes(connection: Connection, number: EntryNumber, leaving: AuditEntry) -> PushOutcomes:
    """Return what became of the messages that an entry announces."""
    outcomes, accounted = PushOutcomes(), 0
    for outcome_number, outcome in _outcomes(connection, number, leaving):
        accounted += outcome.count
        if outcome.decision is Decision.RELEASED:
            outcomes.released.update(keys_of(connection, outcome_number, outcome))
        elif outcome.details.get(MAY_HAVE_ARRIVED, False):
            outcomes.perhaps.update(keys_of(connection, outcome_number, outcome))
        if accounted >= leaving.count:
            outcomes.is_complete = True
            break
    return outcomes


def keys_of(connection: Connection, number: EntryNumber, entry: AuditEntry) -> Sequence[str]:
    """Return the keys of an entry, from its body or from beside it."""
    if entry.keys:
        return entry.keys
    same = (audit_key.c.chain == number.chain) & (audit_key.c.entry == number.entry)
    return connection.execute(select(audit_key.c.record_key).where(same)).scalars().all()


def _outcomes(
    connection: Connection, number: EntryNumber, leaving: AuditEntry
) -> Iterator[tuple[EntryNumber, AuditEntry]]:
    of_run, of_leaving = f'"run_id":{json.dumps(leaving.run_id)}', f'"leaving":{number.entry},'
    for stored in _following(connection, number):
        if of_run not in stored.body:
            return
        if of_leaving in stored.body:
            yield EntryNumber(number.chain, stored.entry), entry_of_body(stored.body)


def _following(connection: Connection, number: EntryNumber) -> Iterator[StoredEntry]:
    """Yield the entries of a chain after one of them, by number."""
    columns = select(audit_entry.c.entry, audit_entry.c.body, audit_entry.c.hash).order_by(audit_entry.c.entry)
    of_chain, last = columns.where(audit_entry.c.chain == number.chain).limit(ENTRIES_AT_A_TIME), number.entry
    while rows := connection.execute(of_chain.where(audit_entry.c.entry > last)).all():
        yield from (StoredEntry(*row) for row in rows)
        last = rows[-1].entry
