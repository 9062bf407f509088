"""Reads one chain of the audit log from its first entry to its last and checks everything that stands in it.

Beside the hashes these are the heads in the seals, the keys of records and the persons that stand in tables of their
own, and that each body names its own chain and number.
"""

import json
from collections.abc import Iterator
from typing import Any

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.audit.chain import GENESIS_HASH, EntryNumber, Head, chained_hash
from cchc_connect.database.audit.gaps import Account, Accounts, LogBroken
from cchc_connect.database.audit.key_changes import KeyChange
from cchc_connect.database.audit.key_digests import has_keys
from cchc_connect.database.audit.subjects import subjects_digest
from cchc_connect.database.direct import audit_queries
from cchc_connect.database.direct.connection import DirectConnection

_NO_HEAD = (Head("", 0, ""), "")


class ChainReader:
    """Reads one chain; its attributes hold what only the whole log can prove."""

    def __init__(
        self, connection: DirectConnection, chain: str, heads: Iterator[tuple[Head, str]], *, sealed: int
    ) -> None:
        """Prepare; nothing is read.

        Args:
            connection: one committed state of the database.
            chain: the chain.
            heads: the heads of this chain in the seals, with the seals' instants.
            sealed: number of the last entry that a seal covers, 0 if there is none.
        """
        self.chain = chain
        self.entries = 0
        """Entries read so far."""
        self.last = 0
        """Number of the last entry read."""
        self.start: tuple[Head, str] | None = None
        """The head up to which the chain was removed, with its seal's instant."""
        self.accounts = Accounts()
        """What entries say was removed."""
        self.key_changes = list[KeyChange]()
        self.missing_subjects: dict[str, EntryNumber] = {}
        """Key of the subject index -> first entry whose persons are not in it."""
        self._connection = connection
        self._heads = heads
        self._sealed = sealed
        self._head, self._sealed_at = next(heads, _NO_HEAD)
        self._is_former = True
        self._first = 0
        """Number of the first entry that is there, 0 before it is read."""
        self._mark = f'"chain":{json.dumps(chain)}'
        self._keys = _Grouped(audit_queries.audit_keys(connection, chain))
        self._subjects = _Grouped(audit_queries.audit_subjects(connection, chain))

    def read(self) -> None:
        """Read and check the chain.

        Raises:
            LogBroken: something does not fit.
        """
        previous_hash, expected = GENESIS_HASH, 1
        for entry, body, entry_hash in audit_queries.audit_bodies(self._connection, self.chain):
            self._first = self._first or entry
            if not self.entries and entry > 1:
                self.start = self._start_before(entry)
                previous_hash, expected = self.start[0].hash, entry
            if entry != expected:
                raise self._broken("audit_fault.entry_missing", expected)
            if entry_hash != chained_hash(previous_hash, body):
                raise self._broken("audit_fault.entry_changed", entry)
            if entry == self._head.entry:
                if entry_hash != self._head.hash:
                    raise self._broken("audit_fault.entry_not_sealed", entry)
                self._head, self._sealed_at = next(self._heads, _NO_HEAD)
            self._check(entry, body)
            previous_hash, expected = entry_hash, entry + 1
            self.entries, self.last = self.entries + 1, entry
        if self._head.entry:
            raise self._broken("audit_fault.entry_missing", self.last + 1)
        if not (self._keys.is_at_end and self._subjects.is_at_end):
            raise self._broken("audit_fault.keys_added", self.last + 1)

    def _start_before(self, entry: int) -> tuple[Head, str]:
        """Return the sealed head directly before the first entry that is there."""
        while self._head.entry and self._head.entry < entry - 1:
            self._head, self._sealed_at = next(self._heads, _NO_HEAD)
        start = (self._head, self._sealed_at)
        if self._head.entry != entry - 1:
            raise self._broken("audit_fault.entry_missing", 1)
        self._head, self._sealed_at = next(self._heads, _NO_HEAD)
        return start

    def _check(self, entry: int, body: str) -> None:
        """Check a body; one that is no JSON object of ours was not written by this program."""
        try:
            self._check_body(entry, body)
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        else:
            return
        raise self._broken("audit_fault.entry_changed", entry)

    def _check_body(self, entry: int, body: str) -> None:
        is_former = '"record_keys": ' in body and self._mark not in body
        if is_former and not self._is_former:
            raise self._broken("audit_fault.entry_moved", entry)
        if not is_former:
            self._is_former = False
            if self._mark not in body or f'"entry":{entry},' not in body:
                raise self._broken("audit_fault.entry_moved", entry)
        if (announced := _announcing_entry(body)) is not None and not self._first <= announced < entry:
            raise self._broken("audit_fault.entry_missing", announced)
        is_beside, has_subjects = '"keys_digest":' in body, '"subjects":' in body
        keys, subjects = self._keys.of(entry), self._subjects.of(entry)
        if is_beside or has_subjects or keys is not None or subjects is not None:
            document = json.loads(body)
            if not has_keys(document, keys or ()):
                raise self._broken("audit_fault.keys", entry)
            self._check_subjects(entry, document.get("subjects"), subjects)
        if '"removed":' in body or '"erased_subject_keys":' in body or '"new_public_key":' in body:
            self._note(entry, json.loads(body))

    def _check_subjects(self, entry: int, declared: dict[str, Any] | None, subjects: Iterator[Any] | None) -> None:
        entry_number, key_ids = EntryNumber(self.chain, entry), set[str]()

        def hashes() -> Iterator[bytes]:
            for subject, key_id in subjects or ():
                key_ids.add(key_id)
                yield bytes(subject)

        present = subjects_digest(entry_number, hashes())
        if declared is not None and not key_ids:
            self.missing_subjects.setdefault(declared["key_id"], entry_number)
        elif any(declared != {"key_id": key_id, **present} for key_id in key_ids):
            raise self._broken("audit_fault.subjects", entry)

    def _note(self, entry: int, document: dict[str, Any]) -> None:
        """Keep what an entry says of removals and of keys."""
        at, number = from_timestamp_text(document["at"]), EntryNumber(self.chain, entry)
        self.accounts.note(document, Account(entry=number, at=at, is_sealed=entry <= self._sealed))
        for member in (document, *document.get("key_changes", ())):
            if (change := KeyChange.of_details(member)) is not None:
                self.key_changes.append(change)

    def _broken(self, code: str, entry: int) -> LogBroken:
        return LogBroken(code, entry=str(EntryNumber(self.chain, entry)))


def _announcing_entry(body: str) -> int | None:
    """Return the number of the entry to which the outcome of a push refers, None where there is none.

    In canonical JSON only the member itself has this spelling: a quotation mark within a text is written otherwise.
    """
    _, name, rest = body.partition('"leaving":')
    return int(rest[: rest.index(",")]) if name else None


class _Grouped:
    """Rows in the order of their entries, which are taken entry by entry."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    @property
    def is_at_end(self) -> bool:
        return self._next is None

    def of(self, entry: int) -> Iterator[tuple[Any, ...]] | None:
        """Return the other values of the rows of an entry, None if it has none. Rows of earlier entries stay unread."""
        if self._next is None or self._next[0] != entry:
            return None
        return self._taken(entry)

    def _taken(self, entry: int) -> Iterator[tuple[Any, ...]]:
        while self._next is not None and self._next[0] == entry:
            values = self._next[1:]
            self._next = next(self._rows, None)
            yield values
