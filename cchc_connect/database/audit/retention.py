"""Removes what is old from the audit log: whole sealed segments, and the subject index of a year.

A segment is everything up to the head of a seal, so that the chain stays checkable from there on. It ends where a run
does, since entries of a run refer to each other. An entry says what was removed, and keeps what the removed entries
proved about keys. The last entry of a chain always stays.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, select

from cchc_connect.database.audit.chain import COMMANDS_CHAIN, RUNS_CHAIN, Head
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append
from cchc_connect.database.audit.key_changes import KeyChange
from cchc_connect.database.audit.retention_rules import years_before
from cchc_connect.database.audit.seals import current_heads, seals_backwards
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.replay import replayed_write
from cchc_connect.database.tables import audit_entry, audit_key, audit_subject

if TYPE_CHECKING:
    from cchc_connect.database.shared_database import SharedDatabase

MAX_SEALS_READ = 10_000
"""Seals that a purge looks at; a chain whose last entry is older than all of them keeps its last segment."""


def removable_segments(connection: Connection, now: datetime, years: int) -> list[tuple[Head, int]]:
    """Return the head of each segment that is old enough, with the number of its first entry that is still there."""
    latest, before = dict[str, Head](), years_before(now, years)
    ends = {head.chain: head.entry for head in current_heads(connection)}
    for seal in seals_backwards(connection, before, MAX_SEALS_READ):
        for head in seal.heads:
            is_earlier = head.entry < ends.get(head.chain, 0)
            if is_earlier and head.chain not in latest and not _is_within_run(connection, head):
                latest[head.chain] = head
        if latest.keys() == ends.keys():
            break
    segments: list[tuple[Head, int]] = []
    for head in latest.values():
        entry = audit_entry.c.entry
        first = connection.execute(select(func.min(entry)).where(audit_entry.c.chain == head.chain)).scalar()
        if first is not None and first <= head.entry:
            segments.append((head, first))
    return segments


def _is_within_run(connection: Connection, head: Head) -> bool:
    """Return whether the entry after a head is of the same run, so that it may refer to one before it."""
    beside = audit_entry.c.entry.in_((head.entry, head.entry + 1))
    bodies = connection.execute(select(audit_entry.c.body).where(audit_entry.c.chain == head.chain, beside)).scalars()
    run_ids = [json.loads(body).get("run_id") for body in bodies]
    return len(run_ids) > 1 and run_ids[0] is not None and run_ids[0] == run_ids[1]


def count_removable(connection: Connection, now: datetime, years: int) -> int:
    """Return how many entries a purge would remove."""
    return sum(head.entry - first + 1 for head, first in removable_segments(connection, now, years))


def remove_segments(connection: Connection, now: datetime, years: int, *, run_id: str | None) -> int:
    """Remove the oldest segments in the write transaction of `connection`, and add the entry that says so.

    Args:
        connection: a write transaction.
        now: the present instant, aware.
        years: how long entries are kept.
        run_id: the run that purges.

    Returns:
        How many entries were removed.
    """
    segments = removable_segments(connection, now, years)
    if not segments:
        return 0
    removed: list[Mapping[str, Any]] = [
        {"chain": head.chain, "first": first, "last": head.entry, "hash": head.hash} for head, first in segments
    ]
    key_changes = [change for head, _ in segments for change in _key_changes(connection, head)]
    for head, _ in segments:
        for table in (audit_entry, audit_key, audit_subject):
            connection.execute(delete(table).where(table.c.chain == head.chain, table.c.entry <= head.entry))
    number = sum(head.entry - first + 1 for head, first in segments)
    details: dict[str, Any] = {"removed": removed, "retention_years": years}
    details |= {"key_changes": key_changes} if key_changes else {}
    entry = AuditEntry(at=now, kind=AuditKind.PURGE, run_id=run_id, count=number, details=details)
    append(connection, entry, chain=RUNS_CHAIN)
    return number


def erase_subject_index(database: "SharedDatabase", year: int, subject_keys: SubjectKeys, now: datetime) -> int:
    """Delete the subject index of a year with its key, and add the entry that says so; return the number of rows.

    Without the key the rows in backups belong to nobody either.

    Raises:
        ConfigurationError: the key cannot be read.
        OSError: the key cannot be deleted.
        DatabaseUnusable: the database failed.
    """
    rows: int = replayed_write(database, partial(_erase, year=year, now=now, present=subject_keys.id_of(year)))
    subject_keys.drop(year)
    return rows


def _erase(connection: Connection, year: int, now: datetime, present: str | None) -> int:
    of_year = audit_subject.c.key_id.like(f"{year}-%")
    stored = connection.execute(select(audit_subject.c.key_id).where(of_year).distinct()).scalars()
    key_ids = sorted({*stored, *([] if present is None else [present])})
    if not key_ids:
        return 0
    rows: int = connection.execute(select(func.count()).select_from(audit_subject).where(of_year)).scalar_one()
    connection.execute(delete(audit_subject).where(of_year))
    entry = AuditEntry(at=now, kind=AuditKind.PURGE, count=rows, details={"erased_subject_keys": key_ids})
    append(connection, entry, chain=COMMANDS_CHAIN)
    return rows


def _key_changes(connection: Connection, head: Head) -> list[Mapping[str, Any]]:
    """Return the changes of keys that stand in a segment, and those that a removal in it has kept."""
    in_segment = (audit_entry.c.chain == head.chain) & (audit_entry.c.entry <= head.entry)
    bodies = select(audit_entry.c.body).where(in_segment, audit_entry.c.body.like('%"new_public_key":%'))
    changes: list[Mapping[str, Any]] = []
    for body in connection.execute(bodies).scalars():
        document: Mapping[str, Any] = json.loads(body)
        changes += document.get("key_changes", ())
        if (change := KeyChange.of_details(document)) is not None:
            changes.append(vars(change))
    return changes
