"""A chain of the audit log: each hash covers an entry and the hash before it. This module loads no database library."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

RUNS_CHAIN = "runs"
"""Chain of what runs do; a run writes it under its lease."""

COMMANDS_CHAIN = "commands"
"""Chain of what single commands and callers do; each entry in a short transaction of its own, beside a run."""

GENESIS_HASH = "0" * 64
"""Hash before the first entry."""

_DIGITS = frozenset("0123456789")


class StoredEntry(NamedTuple):
    """One entry as stored."""

    entry: int
    body: str
    hash: str


class Head(NamedTuple):
    """The last entry of a chain."""

    chain: str
    entry: int
    hash: str


class EntryNumber(NamedTuple):
    """Which entry it is; written `CHAIN/ENTRY`."""

    chain: str
    entry: int

    def __str__(self) -> str:
        """Return it as it is shown and named on a command line.

        >>> str(EntryNumber("runs", 12))
        'runs/12'
        """
        return f"{self.chain}/{self.entry}"


def parse_entry_number(text: str) -> EntryNumber | None:
    """Return the entry number that `text` writes, None if it writes none.

    >>> parse_entry_number("runs/12")
    EntryNumber(chain='runs', entry=12)
    >>> parse_entry_number("12") is None
    True
    """
    chain, _, digits = text.rpartition("/")
    if not chain or not digits or not _DIGITS.issuperset(digits):
        return None
    return EntryNumber(chain, int(digits))


def chained_hash(previous_hash: str, body: str) -> str:
    """Return the hash of an entry: SHA-256 over the hash before it, a line break and the body, in UTF-8."""
    return hashlib.sha256(f"{previous_hash}\n{body}".encode()).hexdigest()


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical_json(document: Mapping[str, Any] | Sequence[Any] | str) -> str:
    """Return JSON of which there is one spelling only: sorted keys, no spaces, letters as they are.

    >>> canonical_json({"b": "ạ", "a": 1})
    '{"a":1,"b":"ạ"}'
    """
    return _CANONICAL.encode(document)


def first_broken(entries: Iterable[StoredEntry], last_seen: int, before: Mapping[int, str] | None = None) -> int | None:
    """Return the number of the first entry that does not fit the chain, None where every one fits.

    Args:
        entries: all entries of one chain, by number.
        last_seen: the largest number that is known to have been there. Entries removed from the end of the log leave a
            chain that fits, and this number above it.
        before: number and hash of each entry up to which a purge removed the chain.
    """
    previous_hash, expected = GENESIS_HASH, 1
    for position, stored in enumerate(entries):
        if position == 0 and before and stored.entry - 1 in before:
            previous_hash, expected = before[stored.entry - 1], stored.entry
        if stored.entry != expected or stored.hash != chained_hash(previous_hash, stored.body):
            return expected
        previous_hash, expected = stored.hash, expected + 1
    return expected if last_seen >= expected else None


def removed_segments(bodies: Iterable[str]) -> Iterator[tuple[str, int, str]]:
    """Yield chain, last number and hash of each segment that these bodies say was removed by a purge."""
    for body in bodies:
        document: Mapping[str, Any] = json.loads(body)
        for segment in document.get("removed", ()):
            yield segment["chain"], segment["last"], segment["hash"]
