"""Gaps of the audit log, and the entries that account for them: what a purge removed, and an erased subject index.

Only an entry that a seal covers accounts for a gap: any other can have been made by whoever made the gap. A gap that is
accepted is told all the same, since somebody who writes the database can make such an entry before the next seal.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, datetime
from typing import Any, Protocol, TypeVar

from cchc_connect.clock import VIETNAM_TIME, from_timestamp_text
from cchc_connect.database.audit.chain import EntryNumber, Head
from cchc_connect.database.audit.retention_rules import may_be_removed
from cchc_connect.errors import CchcError
from cchc_connect.messages import Message

Name = TypeVar("Name")

Segment = tuple[str, int, str]
"""Chain, number and hash of the last entry of what was removed."""


_KEY_YEAR = re.compile(r"[0-9]{4}(?=-)")


class LogBroken(CchcError):
    """The audit log was changed after it was written."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An entry that says what was removed."""

    entry: EntryNumber
    at: datetime
    """Aware."""
    is_sealed: bool


@dataclass(kw_only=True)
class Accounts:
    """What the entries of a chain account for; of two accounts of the same the earlier one holds."""

    segments: dict[Segment, Account] = field(default_factory=dict[Segment, Account])
    subject_keys: dict[str, Account] = field(default_factory=dict[str, Account])

    def note(self, document: Mapping[str, Any], account: Account) -> None:
        """Keep what the body of an entry accounts for."""
        for segment in document.get("removed", ()):
            self.segments.setdefault((segment["chain"], segment["last"], segment["hash"]), account)
        for key_id in document.get("erased_subject_keys", ()):
            self.subject_keys.setdefault(key_id, account)


class ChainWithGaps(Protocol):
    """What was found while a chain was read."""

    start: tuple[Head, str] | None
    missing_subjects: dict[str, EntryNumber]
    accounts: Accounts


@dataclass(frozen=True, kw_only=True)
class ExplainedGaps:
    """Gaps for which there is an account."""

    accepted: Sequence[Message]
    not_sealed: Message | None
    """The first gap whose account no seal covers yet."""


def explain_gaps(chains: Sequence[ChainWithGaps], now: datetime) -> ExplainedGaps:
    """Return the gaps of all chains.

    Raises:
        LogBroken: nothing accounts for a gap, or entries were removed too early.
    """
    explained = [*_removed(chains, now), *_erased(chains)]
    not_sealed = next((account for _, account in explained if not account.is_sealed), None)
    return ExplainedGaps(
        accepted=tuple(message for message, account in explained if account.is_sealed),
        not_sealed=None
        if not_sealed is None
        else Message("audit_fault.gap_not_sealed", {"account": str(not_sealed.entry)}),
    )


def _removed(chains: Sequence[ChainWithGaps], now: datetime) -> list[tuple[Message, Account]]:
    declared = _sealed_first(chain.accounts.segments for chain in chains)
    explained: list[tuple[Message, Account]] = []
    for chain in chains:
        if chain.start is None:
            continue
        head, sealed_at = chain.start
        account, entry = declared.get((head.chain, head.entry, head.hash)), str(EntryNumber(head.chain, head.entry))
        if account is None:
            raise LogBroken("audit_fault.removed_without_entry", entry=entry)
        if not may_be_removed(from_timestamp_text(sealed_at), account.at) or account.at > now:
            raise LogBroken("audit_fault.removed_too_early", entry=entry)
        explained.append((_told("audit_gap.removed", account, entry=entry), account))
    return explained


def _erased(chains: Sequence[ChainWithGaps]) -> list[tuple[Message, Account]]:
    declared = _sealed_first(chain.accounts.subject_keys for chain in chains)
    missing: dict[str, EntryNumber] = {}
    for chain in chains:
        for key_id, entry in chain.missing_subjects.items():
            missing.setdefault(key_id, entry)
    explained: list[tuple[Message, Account]] = []
    for key_id, entry in missing.items():
        account = declared.get(key_id)
        if account is None:
            raise LogBroken("audit_fault.subjects", entry=str(entry))
        code = "audit_gap.subjects" if _is_past(key_id, account.at) else "audit_gap.subjects_early"
        explained.append((_told(code, account, entry=str(entry), key_id=key_id), account))
    return explained


def _sealed_first(declared: Iterable[Mapping[Name, Account]]) -> dict[Name, Account]:
    accounts: dict[Name, Account] = {}
    for of_chain in declared:
        for name, account in of_chain.items():
            if name not in accounts or (account.is_sealed and not accounts[name].is_sealed):
                accounts[name] = account
    return accounts


def _told(code: str, account: Account, **context: object) -> Message:
    return Message(code, {**context, "account": str(account.entry), "at": account.at})


def _is_past(key_id: str, erased_at: datetime) -> bool:
    """Return whether the year of a key of the subject index was over for as long as entries must be kept."""
    year = _KEY_YEAR.match(key_id)
    if year is None or int(year[0]) >= MAXYEAR:
        return False
    return may_be_removed(datetime(int(year[0]) + 1, 1, 1, tzinfo=VIETNAM_TIME), erased_at)
