"""Entries of the audit log: who had which records, for which purpose and on which legal basis.

Entries are only added; what was committed before a message leaves or a value is shown is the proof. An entry names keys
of records and holds no value of any record, and no name of an official: the official's id stands for it.

The body of an entry is canonical JSON. It names its own chain and number, so that an entry does not fit elsewhere.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, select

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.audit.chain import (
    COMMANDS_CHAIN,
    GENESIS_HASH,
    EntryNumber,
    Head,
    canonical_json,
    chained_hash,
)
from cchc_connect.database.audit.key_digests import keys_digest
from cchc_connect.database.audit.subjects import NO_SUBJECTS, Subjects
from cchc_connect.database.bulk import insert_rows
from cchc_connect.database.replay import replayed_write
from cchc_connect.database.tables import audit_entry, audit_key, audit_subject

if TYPE_CHECKING:
    from cchc_connect.database.shared_database import SharedDatabase

LEAVING = "leaving"
"""Outcome of an entry written before messages are sent. A later entry has the result, unless the program died."""

NOT_SENT = "not_sent"
"""Outcome of messages that were announced as leaving and were not sent after all."""

MAY_HAVE_ARRIVED = "may_have_arrived"
"""In the details of a push without an answer: the receiver may have the message all the same."""

HAS_PERSONS = "has_persons"
"""In the details of what is about to leave: its persons stand in the subject index once, and not with each outcome."""

MAX_KEYS_IN_BODY = 200
"""With more keys, the body has their digest, and `audit_key` the keys."""


class AuditKind(StrEnum):
    """What an entry is about."""

    READ = "read"
    """Records were read for another agency, or by an official with all values."""
    MATCH = "match"
    """A value was compared, and the result was yes or no."""
    PUSH = "push"
    """Messages of a route."""
    PULL = "pull"
    """A run read a source of a connection."""
    EXPORT = "export"
    """Records were written into a file."""
    REFUSED = "refused"
    """A request was refused; nothing was shown."""
    REVEAL = "reveal"
    """Masked values were shown."""
    AGREEMENT = "agreement"
    """An agreement was signed, suspended or ended."""
    CORRECTION = "correction"
    """A request to correct a record was opened, sent, answered or closed, or a discrepancy was assigned."""
    PURGE = "purge"
    """The oldest entries were removed, or the subject index of a year."""
    KEY_CHANGE = "key_change"
    """Seals are made with another key from now on."""


class Decision(StrEnum):
    """What became of a request."""

    RELEASED = "released"
    REFUSED = "refused"


class Disclosure(StrEnum):
    """Whether a person is told that somebody had their records."""

    SHOWN = "shown"
    DELAYED = "delayed"
    """Not before the date `disclosed_from`; without a date never."""


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One entry; whatever does not apply is None or empty."""

    at: datetime
    """Aware; stored in UTC."""
    kind: AuditKind
    request_id: str | None = None
    """Ids under which requests of ours left or a caller's came in (`X-Request-Id`), separated by spaces."""
    run_id: str | None = None
    official: str | None = None
    """Id of the official, never the name."""
    account: str | None = None
    """Service account with which it was sent or read."""
    consumer: str | None = None
    """Code of the agency that received the records."""
    provider: str | None = None
    """Code of the agency that is responsible for the records."""
    connection: str | None = None
    """Name of the connection that was read."""
    route: str | None = None
    purpose: str | None = None
    agreement: str | None = None
    """Agreement with its version, `ID@VERSION`."""
    acts: tuple[str, ...] = ()
    """Ids of the acts on which it is based."""
    legal_basis: str | None = None
    """Act and clause as free text, of routes without an agreement."""
    dossier: str | None = None
    procedure: str | None = None
    record_type: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    """Path of each released field -> how it was treated. The body of an outcome has none: they stand in `leaving`."""
    keys: tuple[str, ...] = ()
    """Keys of the records; each counts once."""
    count: int = 0
    """Number of records or messages."""
    message_kind: str | None = None
    """Of a push: `record`, or `withdrawal` where deleted records were withdrawn."""
    outcome: str | None = None
    """Of a push: `leaving` before it is sent, then the outcome of all these messages. Of a pull: how it ended."""
    leaving: int | None = None
    """Of the outcome of a push: number of the entry of the same chain that said that it was about to leave."""
    decision: Decision | None = None
    reasons: tuple[str, ...] = ()
    """Codes of the reasons of a refusal."""
    answer_sha512: str | None = None
    """SHA-512 of what was released, in hexadecimal digits."""
    disclosure: Disclosure = Disclosure.SHOWN
    disclosed_from: date | None = None
    """Day (Vietnamese) from which a delayed entry is shown to the persons."""
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What only this kind of entry says: counts and ranges, removed segments, signatures; codes and numbers only."""


@dataclass(frozen=True, kw_only=True)
class KeyDigest:
    """Number and digest of keys that are not in the body."""

    count: int
    sha256: str
    form: str | None = None
    """How it was made: `PAIRS`; None in an entry of a former program, whose digest is over the keys alone."""


def append(connection: Connection, entry: AuditEntry, *, chain: str, subjects: Subjects = NO_SUBJECTS) -> EntryNumber:
    """Append an entry to a chain and return its number. Nothing may leave or be shown before the commit.

    Args:
        connection: a write transaction (`SharedDatabase.writing`), whose lock makes the number unique.
        entry: the entry.
        chain: `RUNS_CHAIN` within a run, `COMMANDS_CHAIN` elsewhere.
        subjects: the persons in what was released, for the subject index.
    """
    (entry_number,) = append_all(connection, [(entry, subjects)], chain=chain)
    return entry_number


def append_all(
    connection: Connection, entries: Iterable[tuple[AuditEntry, Subjects]], *, chain: str
) -> list[EntryNumber]:
    """Append entries, each with the persons in what it released, to a chain in their order, as `append` does."""
    head = head_of(connection, chain)
    number, entry_hash = (0, GENESIS_HASH) if head is None else (head.entry, head.hash)
    rows, keys, persons = list[tuple[object, ...]](), list[tuple[object, ...]](), list[tuple[object, ...]]()
    for entry, subjects in entries:
        number += 1
        document, further_keys = _document(entry, EntryNumber(chain, number), subjects)
        body = canonical_json(document)
        entry_hash = chained_hash(entry_hash, body)
        rows.append((chain, number, body, entry_hash))
        keys += [(chain, number, entry.record_type or "", key) for key in further_keys]
        persons += [(subject, subjects.key_id, chain, number) for subject in sorted(subjects.hashes)]
    insert_rows(connection, audit_entry, rows)
    insert_rows(connection, audit_key, keys)
    insert_rows(connection, audit_subject, persons)
    return [EntryNumber(chain, row_number) for row_number in range(number - len(rows) + 1, number + 1)]


def record_command(database: "SharedDatabase", entry: AuditEntry, subjects: Subjects = NO_SUBJECTS) -> EntryNumber:
    """Commit an entry that is alone in its transaction to the chain of commands, and return its number.

    Afterwards its records may be shown or sent. No lease is needed, and a run may go on beside it.

    Raises:
        DatabaseUnusable: the database failed, and nothing may be shown.
    """
    return replayed_write(
        database, lambda connection: append(connection, entry, chain=COMMANDS_CHAIN, subjects=subjects)
    )


_HEAD = (
    select(audit_entry.c.chain, audit_entry.c.entry, audit_entry.c.hash)
    .where(audit_entry.c.chain == bindparam("of_chain"))
    .order_by(audit_entry.c.entry.desc())
    .limit(1)
)


def head_of(connection: Connection, chain: str) -> Head | None:
    """Return the latest entry of a chain, None where there is none."""
    row = connection.execute(_HEAD, {"of_chain": chain}).one_or_none()
    return None if row is None else Head(*row)


def last_entry_number(connection: Connection, chain: str) -> int:
    """Return the number of the latest entry of a chain, 0 where there is none."""
    head = head_of(connection, chain)
    return 0 if head is None else head.entry


def _document(
    entry: AuditEntry, entry_number: EntryNumber, subjects: Subjects
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return the body of an entry as a document, and those keys that are too many for it."""
    members = {name: value for name, value in vars(entry).items() if value and name != "details"}
    document: dict[str, Any] = {**entry.details, **members}
    document |= {"chain": entry_number.chain, "entry": entry_number.entry, "at": to_timestamp_text(entry.at)}
    document["count"] = entry.count
    if entry.disclosure is Disclosure.SHOWN:
        del document["disclosure"]
    if entry.disclosed_from is not None:
        document["disclosed_from"] = entry.disclosed_from.isoformat()
    keys, further_keys = tuple(dict.fromkeys(entry.keys)), tuple[str, ...]()
    if len(keys) > MAX_KEYS_IN_BODY:
        further_keys = tuple(sorted(keys))
        del document["keys"]
        document["keys_digest"] = keys_digest(entry.record_type or "", further_keys)
    elif keys:
        document["keys"] = keys
    if subjects.hashes:
        document["subjects"] = subjects.digest(entry_number)
    return document, further_keys


_FORMER_NAMES = {"receiver": "consumer", "record_keys": "keys", "kind": "message_kind"}
"""Members of the bodies up to schema version 8, which are kept as they are, with today's names."""

_MEMBERS = frozenset(AuditEntry.__dataclass_fields__) - {"details"}

_NOT_DETAILS = frozenset({"chain", "entry", "keys_digest", "subjects"})


def entry_of_body(body: str) -> AuditEntry:
    """Return the entry of a stored body; `keys` lacks those that are in `audit_key`."""
    document: dict[str, Any] = json.loads(body)
    if "record_keys" in document:
        document = _present_names(document)
    members = {name: value for name, value in document.items() if name in _MEMBERS}
    details = {name: value for name, value in document.items() if name not in _MEMBERS | _NOT_DETAILS}
    members["at"] = datetime.fromisoformat(document["at"])
    members["kind"] = AuditKind(document["kind"])
    for name in ("acts", "keys", "reasons"):
        members[name] = tuple(document.get(name, ()))
    if "decision" in members:
        members["decision"] = Decision(members["decision"])
    if "disclosure" in members:
        members["disclosure"] = Disclosure(members["disclosure"])
    if "disclosed_from" in members:
        members["disclosed_from"] = date.fromisoformat(members["disclosed_from"])
    return AuditEntry(**members, details=details)


def keys_digest_of_body(body: str) -> KeyDigest | None:
    """Return what a body says of keys that are in `audit_key`, None if it has all its keys itself."""
    stored: Mapping[str, Any] | None = json.loads(body).get("keys_digest")
    return None if stored is None else KeyDigest(**stored)


def _present_names(former: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body of schema version 8 or older with today's members; its outcomes may differ for each key."""
    document = {_FORMER_NAMES.get(name, name): value or None for name, value in former.items()}
    outcomes = list(dict.fromkeys(former["outcomes"]))
    del document["outcomes"]
    document |= {"kind": AuditKind.PUSH, "count": len(former["record_keys"]), "outcome": " ".join(outcomes)}
    return document
