"""Verifies the audit log: every chain, every seal, and the seals that are kept elsewhere.

What it trusts is outside the database: public keys of the configuration or the command line, and anchors. A key that is
named in the database alone is refused. Everything is read once, in the order of numbers, and memory does not grow with
the log.

The signature of the last seal of each key is checked, and those before by the hash that each seal has of the whole seal
before it: nobody without the key can make one that another seal follows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from cchc_connect.clock import Clock, SystemClock, from_timestamp_text
from cchc_connect.database.audit.anchors import AnchorUnusable, read_anchor
from cchc_connect.database.audit.chain import GENESIS_HASH, RUNS_CHAIN, EntryNumber, Head
from cchc_connect.database.audit.chain_reader import ChainReader
from cchc_connect.database.audit.gaps import LogBroken, explain_gaps
from cchc_connect.database.audit.keys import TrustedKey
from cchc_connect.database.audit.seals import SEALS_AT_A_TIME, Seal
from cchc_connect.database.direct import audit_queries, queries
from cchc_connect.database.direct.connection import DirectConnection
from cchc_connect.errors import CchcError
from cchc_connect.messages import Message

if TYPE_CHECKING:
    from cchc_connect.database.shared_database import SharedDatabase

ANY_KEY_ID = ""
"""Id of a trusted key that stands for whatever key a seal names."""


class LogUnchecked(CchcError):
    """What is needed to verify the audit log is missing."""


class VerificationOutcome(StrEnum):
    """Result of a verification."""

    INTACT = "intact"
    BROKEN = "broken"
    """An entry, a seal or an anchor was changed, removed, moved or made by somebody else."""
    UNCHECKED = "unchecked"
    """It cannot be told: there is no seal, no public key, or an anchor cannot be read."""


@dataclass(frozen=True, kw_only=True)
class AuditVerification:
    """What a verification of the audit log found."""

    outcome: VerificationOutcome
    fault: Message | None
    """What is broken first, or what is missing; None if it is intact."""
    entries: int
    """Entries of all chains that were read."""
    seals: int
    sealed_at: datetime | None
    """Instant of the last seal; aware, in UTC."""
    unsealed: int
    """Entries after the last seal: they fit their chains, and nothing else protects them."""
    anchored_at: datetime | None
    """Instant of the last seal that an anchor has; None without an anchor."""
    notes: tuple[Message, ...] = ()
    """What is no fault, and what people should judge: each gap that an entry accounts for, and seals that are earlier
    than the one before them."""


class LogVerifier:
    """One verification, over one committed state of the database."""

    def __init__(self, connection: DirectConnection, keys: Sequence[TrustedKey], anchors: Sequence[Path]) -> None:
        """Prepare; nothing is read."""
        self._connection = connection
        self._keys = {key.key_id: key for key in keys}
        self._anchors = anchors
        self._entries = 0
        self._unsealed = 0
        self._last_seal: Seal | None = None
        self._anchored: Seal | None = None
        self._key_transitions: list[tuple[str, str]] = []
        self._notes: list[Message] = []
        self._not_sealed: Message | None = None

    def run(self, now: datetime) -> AuditVerification:
        """Verify everything; the first fault ends it.

        Raises:
            DatabaseUnusable: the database failed.
        """
        outcome, fault = VerificationOutcome.INTACT, None
        try:
            self._verify_seals()
            for path in self._anchors:
                self._verify_anchor(path)
            self._verify_chains(now)
            self._require_verifiable()
        except LogBroken as error:
            outcome, fault = VerificationOutcome.BROKEN, Message(error.code, error.context)
        except (LogUnchecked, AnchorUnusable) as error:
            outcome, fault = VerificationOutcome.UNCHECKED, Message(error.code, error.context)
        return AuditVerification(
            outcome=outcome,
            fault=fault,
            entries=self._entries,
            seals=0 if self._last_seal is None else self._last_seal.id,
            sealed_at=_instant(self._last_seal),
            unsealed=self._unsealed,
            anchored_at=_instant(self._anchored),
            notes=tuple(self._notes),
        )

    def _verify_seals(self) -> None:
        previous: Seal | None = None
        earlier: list[int] = []
        for number, seal in enumerate(self._seals(), start=1):
            if seal is None or seal.id != number:
                raise LogBroken("audit_fault.seal_missing", seal=number)
            if seal.previous != (GENESIS_HASH if previous is None else previous.digest):
                raise LogBroken("audit_fault.seal_changed", seal=max(number - 1, 1))
            if previous is not None and previous.key_id != seal.key_id:
                self._require_signed(previous)
                self._key_transitions.append((previous.key_id, seal.key_id))
            if previous is not None and not _is_continued(previous.heads, seal.heads):
                raise LogBroken("audit_fault.seal_goes_back", seal=number)
            if previous is not None and seal.at < previous.at:
                earlier.append(number)
            previous = seal
        if earlier:
            self._notes.append(Message("audit_gap.seal_earlier", {"seal": earlier[0], "seals": len(earlier)}))
        self._last_seal = previous
        if previous is not None:
            self._require_signed(previous)

    def _require_signed(self, seal: Seal) -> None:
        key = self._keys.get(seal.key_id) or self._keys.get(ANY_KEY_ID)
        if key is None:
            if not self._keys:
                raise LogUnchecked("audit_fault.no_public_key", key_id=seal.key_id)
            raise LogBroken("audit_fault.key_unknown", seal=seal.id, key_id=seal.key_id)
        if not key.has_signed(seal.signed_content, seal.signature_bytes):
            raise LogBroken("audit_fault.signature", seal=seal.id, key_id=seal.key_id)

    def _verify_anchor(self, path: Path) -> None:
        """Compare an anchor with the seals of the database; each has what the other has, up to the anchor's end."""
        last: Seal | None = None
        stored: Iterator[Seal | None] = iter(())
        for seal in read_anchor(path):
            if seal is None or (last is not None and seal.id != last.id + 1):
                raise LogBroken("audit_fault.anchor_damaged", path=path, seal=0 if last is None else last.id)
            if last is None:
                stored = self._seals(seal.id - 1)
            if next(stored, None) != seal:
                raise LogBroken("audit_fault.anchor_differs", path=path, seal=seal.id)
            last = seal
        if last is None:
            raise LogUnchecked("audit_fault.anchor_empty", path=path)
        if self._anchored is None or last.id > self._anchored.id:
            self._anchored = last

    def _verify_chains(self, now: datetime) -> None:
        heads = {head.chain: head for head in self._last_seal.heads} if self._last_seal is not None else {}
        stored = (*audit_queries.audit_chains(self._connection), *audit_queries.chains_beside(self._connection))
        sealed = {chain: head.entry for chain, head in heads.items()}
        readers = [
            ChainReader(self._connection, chain, self._heads(chain), sealed=sealed.get(chain, 0))
            for chain in sorted({*heads, *stored})
        ]
        for reader in readers:
            try:
                reader.read()
            finally:
                self._entries += reader.entries
            self._unsealed += reader.last - heads[reader.chain].entry if reader.chain in heads else reader.entries
            if reader.chain == RUNS_CHAIN and queries.last_audit_entry_seen(self._connection) > reader.last:
                raise LogBroken("audit_fault.entry_missing", entry=str(EntryNumber(RUNS_CHAIN, reader.last + 1)))
        self._explain_gaps(readers, now)
        self._verify_key_changes(readers)

    def _explain_gaps(self, readers: Sequence[ChainReader], now: datetime) -> None:
        """Check that an entry of the log accounts for each gap, and note which gaps these are."""
        gaps = explain_gaps(readers, now)
        self._notes += gaps.accepted
        self._not_sealed = gaps.not_sealed

    def _verify_key_changes(self, readers: Sequence[ChainReader]) -> None:
        """Check that each change of the key is an entry that both keys have signed."""
        changes = [change for reader in readers for change in reader.key_changes]
        for old_id, new_id in self._key_transitions:
            old, new = self._keys.get(old_id), self._keys.get(new_id)
            if old is None or new is None:
                raise LogBroken("audit_fault.key_unknown", seal=0, key_id=old_id if old is None else new_id)
            if not any(change.is_signed_by(old, new) for change in changes):
                raise LogBroken("audit_fault.key_change", old=old_id, new=new_id)

    def _require_verifiable(self) -> None:
        if self._last_seal is None and self._entries:
            raise LogUnchecked("audit_fault.no_seal")
        if self._not_sealed is not None:
            raise LogUnchecked(self._not_sealed.code, **self._not_sealed.context)

    def _seals(self, after: int = 0) -> Iterator[Seal | None]:
        """Yield the stored seals after a number; None for a row that is none."""
        while rows := audit_queries.audit_seals(self._connection, after, SEALS_AT_A_TIME):
            yield from map(Seal.of_row, rows)
            after = rows[-1]["id"]

    def _heads(self, chain: str) -> Iterator[tuple[Head, str]]:
        """Yield the heads of a chain in the seals, each once, with the latest instant of the seals up to there."""
        latest, at = 0, ""
        for seal in self._seals():
            at = at if seal is None else max(at, seal.at)
            for head in () if seal is None else seal.heads:
                if head.chain == chain and head.entry > latest:
                    latest = head.entry
                    yield head, at


def _is_continued(before: Sequence[Head], after: Sequence[Head]) -> bool:
    """Return whether no chain is shorter than before, and one that is as long ends in the same entry."""
    present: Mapping[str, Head] = {head.chain: head for head in after}
    names = [head.chain for head in after]
    if any(first >= second for first, second in pairwise(names)):
        return False
    for head in before:
        now = present.get(head.chain)
        if now is None or now.entry < head.entry or (now.entry == head.entry and now.hash != head.hash):
            return False
    return True


def _instant(seal: Seal | None) -> datetime | None:
    """Return the instant of a seal, None if there is no seal, or none that says when: then it was changed."""
    try:
        return None if seal is None else from_timestamp_text(seal.at)
    except ValueError:
        return None


def verify_log(
    connection: DirectConnection, keys: Sequence[TrustedKey], anchors: Sequence[Path], now: datetime
) -> AuditVerification:
    """Verify the audit log of the database that `connection` reads.

    Args:
        connection: one committed state of the database.
        keys: the public keys that are trusted.
        anchors: files with the seals that are kept elsewhere.
        now: the present instant, aware: nothing can have been removed later.

    Raises:
        DatabaseUnusable: the database failed.
    """
    return LogVerifier(connection, keys, anchors).run(now)


def verify_audit_log(
    database: "SharedDatabase",
    public_keys: Mapping[str, Path],
    anchors: Sequence[Path] = (),
    *,
    clock: Clock | None = None,
) -> AuditVerification:
    """Verify the audit log: every entry, every seal, and the seals that are kept elsewhere.

    Args:
        database: the shared database.
        public_keys: name of each key of seals -> PEM file with its public key; nothing else is trusted.
        anchors: files with seals, one line each.
        clock: gives the present time; None: the system clock.

    Raises:
        ConfigurationError: a public key cannot be read, or the extra `sign` is not installed.
        DatabaseUnusable: the database failed.
    """
    keys = [TrustedKey.read(key_id, path) for key_id, path in public_keys.items()]
    with database.reading_directly() as connection:
        return verify_log(connection, keys, anchors, (clock or SystemClock()).now())
