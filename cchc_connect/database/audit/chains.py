"""The chains of the audit log as they stand in the database, without their seals.

Whoever may write the table can make every chain fit again; `audit verify` finds that, by the seals, and this does not.
"""

from cchc_connect.database.audit.chain import RUNS_CHAIN, EntryNumber, StoredEntry, first_broken, removed_segments
from cchc_connect.database.direct import audit_queries, queries
from cchc_connect.database.direct.connection import DirectConnection


def first_broken_entry(connection: DirectConnection) -> EntryNumber | None:
    """Return the first entry that does not fit its chain, None where every one does."""
    removed = _removed(connection)
    for chain in sorted({RUNS_CHAIN, *audit_queries.audit_chains(connection)}):
        rows = audit_queries.stored_entries(connection, chain)
        last_seen = queries.last_audit_entry_seen(connection) if chain == RUNS_CHAIN else 0
        entries = (StoredEntry(row["entry"], row["body"], row["hash"]) for row in rows)
        broken = first_broken(entries, last_seen, removed.get(chain))
        if broken is not None:
            return EntryNumber(chain, broken)
    return None


def _removed(connection: DirectConnection) -> dict[str, dict[int, str]]:
    """Return number and hash of the last entry of each removed segment, by chain; most databases have none."""
    if all(audit_queries.first_audit_entry(connection, chain) <= 1 for chain in audit_queries.audit_chains(connection)):
        return {}
    removed: dict[str, dict[int, str]] = {}
    for chain, last, entry_hash in removed_segments(audit_queries.audit_removals(connection)):
        removed.setdefault(chain, {})[last] = entry_hash
    return removed
