"""Reads the audit log for people: entries by what they are about, the newest first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cchc_connect.database.audit.chain import EntryNumber
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, Decision, entry_of_body, keys_digest_of_body
from cchc_connect.database.direct import audit_queries
from cchc_connect.database.direct.connection import DirectConnection
from cchc_connect.errors import NotFound

if TYPE_CHECKING:
    from cchc_connect.database.shared_database import SharedDatabase

ROWS_AT_A_TIME = 500


@dataclass(frozen=True, kw_only=True)
class NumberedEntry:
    """An entry with its place in the log."""

    number: EntryNumber
    hash: str
    entry: AuditEntry
    further_keys: int = 0
    """Keys of records that `entry` lacks because there are too many; `audit_entry` has them all."""


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    """Which entries are listed: those to which everything applies that is not None."""

    kind: AuditKind | None = None
    agency: str | None = None
    """Code of the agency that received the records, or is responsible for them."""
    official: str | None = None
    dossier: str | None = None
    record_key: str | None = None
    run_id: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    """Earliest instant, aware."""
    until: datetime | None = None
    """Instant before which the entries were made, aware."""
    refused_only: bool = False

    def accepts(self, entry: AuditEntry, keys_beside: frozenset[int], number: int) -> bool:
        """Return whether an entry is one of them; `keys_beside` are the numbers of those that have the key beside."""
        expected: tuple[tuple[object, tuple[object, ...]], ...] = (
            (self.kind, (entry.kind,)),
            (self.agency, (entry.consumer, entry.provider)),
            (self.official, (entry.official,)),
            (self.dossier, (entry.dossier,)),
            (self.run_id, (entry.run_id,)),
            (self.request_id, tuple((entry.request_id or "").split())),
        )
        if any(value is not None and value not in present for value, present in expected):
            return False
        if self.record_key is not None and self.record_key not in entry.keys and number not in keys_beside:
            return False
        if self.refused_only and entry.decision is not Decision.REFUSED and entry.kind is not AuditKind.REFUSED:
            return False
        return (self.since is None or entry.at >= self.since) and (self.until is None or entry.at < self.until)


EVERYTHING = AuditFilter()


def audit_entries(
    database: "SharedDatabase", audit_filter: AuditFilter = EVERYTHING, *, limit: int = 100
) -> list[NumberedEntry]:
    """Return the newest entries of all chains that the filter accepts, at most `limit`, the newest first.

    Raises:
        DatabaseUnusable: the database failed.
    """
    listed: list[NumberedEntry] = []
    with database.reading_directly() as connection:
        streams = [_of_chain(connection, chain, audit_filter) for chain in audit_queries.audit_chains(connection)]
        following = {number: each for number, stream in enumerate(streams) if (each := next(stream, None)) is not None}
        while following and len(listed) < limit:
            newest = max(following, key=lambda number: (following[number].entry.at, following[number].number))
            listed.append(following.pop(newest))
            if (entry := next(streams[newest], None)) is not None:
                following[newest] = entry
        fields = dict[EntryNumber, Mapping[str, str]]()
        return [_with_fields(connection, numbered, fields) for numbered in listed]


def audit_entry(database: "SharedDatabase", number: EntryNumber) -> NumberedEntry:
    """Return one entry of the audit log with all its keys.

    Raises:
        NotFound: there is no such entry, or it was removed by a purge.
        DatabaseUnusable: the database failed.
    """
    with database.reading_directly() as connection:
        row = audit_queries.stored_entry(connection, number.chain, number.entry)
        if row is None:
            raise NotFound("audit.no_entry", entry=str(number))
        numbered = _with_fields(connection, _numbered(number.chain, row), {})
        if not numbered.further_keys:
            return numbered
        keys = tuple(audit_queries.keys_of_audit_entry(connection, number.chain, number.entry))
    return replace(numbered, entry=replace(numbered.entry, keys=keys), further_keys=0)


def _with_fields(
    connection: DirectConnection, numbered: NumberedEntry, fields_of: dict[EntryNumber, Mapping[str, str]]
) -> NumberedEntry:
    """Return the outcome of a push with the fields of the entry that announced it; any other entry as it is."""
    if numbered.entry.leaving is None:
        return numbered
    number = EntryNumber(numbered.number.chain, numbered.entry.leaving)
    if number not in fields_of:
        row = audit_queries.stored_entry(connection, number.chain, number.entry)
        fields_of[number] = {} if row is None else entry_of_body(row["body"]).fields
    return replace(numbered, entry=replace(numbered.entry, fields=fields_of[number]))


def _of_chain(connection: DirectConnection, chain: str, audit_filter: AuditFilter) -> Iterator[NumberedEntry]:
    keys_beside = frozenset[int]()
    if audit_filter.record_key is not None:
        keys_beside = frozenset(audit_queries.entries_with_key(connection, chain, audit_filter.record_key))
    before: int | None = None
    while rows := audit_queries.audit_entries_before(connection, chain, before, ROWS_AT_A_TIME):
        for row in rows:
            numbered = _numbered(chain, row)
            if audit_filter.accepts(numbered.entry, keys_beside, numbered.number.entry):
                yield numbered
        before = rows[-1]["entry"]


def _numbered(chain: str, row: Any) -> NumberedEntry:
    digest = keys_digest_of_body(row["body"])
    return NumberedEntry(
        number=EntryNumber(chain, row["entry"]),
        hash=row["hash"],
        entry=entry_of_body(row["body"]),
        further_keys=0 if digest is None else digest.count,
    )
