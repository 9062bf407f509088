"""Who had a person's data (ai đã xem dữ liệu của tôi), from the subject index.

A use is what another agency or an official got. No name of an official and no other person is in it, and a use that is
to be told later is not there before its day, nor counted. Messages that may have left, because the program died while
it sent them or no answer came, are told as such.

What a push released about a person is one use for each entry that announced it: the person is indexed with that entry,
and once more with an outcome where nothing about the person was released. Entries of former programs are indexed with
each outcome.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from cchc_connect.clock import VIETNAM_TIME, Clock, SystemClock
from cchc_connect.database.audit.chain import EntryNumber
from cchc_connect.database.audit.entries import (
    HAS_PERSONS,
    LEAVING,
    MAY_HAVE_ARRIVED,
    AuditEntry,
    AuditKind,
    Decision,
    Disclosure,
    entry_of_body,
)
from cchc_connect.database.audit.persons import normal_number, person_numbers
from cchc_connect.database.audit.push_outcomes import PushOutcomes, keys_of, push_outcomes
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.bulk import batches
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import audit_entry, audit_subject, run
from cchc_connect.errors import UsageMistake
from cchc_schemas import RECORD_TYPES

if TYPE_CHECKING:
    from cchc_connect.database.shared_database import SharedDatabase

RELEASES = frozenset({AuditKind.READ, AuditKind.MATCH, AuditKind.PUSH, AuditKind.EXPORT, AuditKind.REVEAL})
"""What gives a person's data to somebody."""


@dataclass(frozen=True, kw_only=True)
class DataUse:
    """One use of a person's data."""

    at: datetime
    """Aware, in Vietnamese time."""
    kind: AuditKind
    """What was done."""
    agency: str | None
    """Code of the agency that got the data."""
    record_type: str | None
    purpose: str | None
    """Code of the purpose, or its text."""
    acts: tuple[str, ...]
    """Ids of the acts on which it is based; empty where they are only in `legal_basis`."""
    legal_basis: str | None
    fields: tuple[str, ...]
    """Paths of the released fields; empty: all that the route does not withhold."""
    dossier: str | None
    """The dossier for which it was, if the person is its applicant."""
    is_certain: bool = True
    """False: the program died while it sent this, or no answer came, so it may not have arrived."""


def who_looked(
    database: "SharedDatabase", number: str, subject_keys: SubjectKeys, *, clock: Clock | None = None
) -> list[DataUse]:
    """Return who had the data of the person with this identity number, the newest first.

    Args:
        database: the shared database.
        number: identity number (số định danh cá nhân); blanks, dots and hyphens in it do not count.
        subject_keys: the keys of the subject index.
        clock: gives the present day; None: the system clock.

    Raises:
        UsageMistake: it is no identity number.
        ConfigurationError: a key cannot be read.
        DatabaseUnusable: the database failed.
    """
    digits = normal_number(number)
    if digits is None:
        raise UsageMistake("audit.number_unreadable")
    now = (clock or SystemClock()).now().astimezone(VIETNAM_TIME)
    with database.reading() as connection:
        entries = _entries(connection, subject_keys.hashes_of(digits))
        pushes = _Pushes(connection, entries, digits)
        released: list[tuple[AuditEntry, bool]] = []
        for entry_number, entry in entries:
            is_certain = pushes.certainty(entry_number, entry)
            if is_certain is not None and _is_told(entry, now):
                released.append((entry, is_certain))
        dossiers = {entry.dossier for entry, _ in released if entry.dossier is not None}
        own = {code for code in dossiers if _is_party(connection, "dossier", code, digits)}
    return [_use(entry, own, is_certain=is_certain) for entry, is_certain in released]


def _entries(connection: Connection, hashes: Mapping[str, bytes]) -> list[tuple[EntryNumber, AuditEntry]]:
    """Return the entries about one person with their chains and numbers, the newest first."""
    same = (audit_entry.c.chain == audit_subject.c.chain) & (audit_entry.c.entry == audit_subject.c.entry)
    stored = select(audit_entry.c.chain, audit_entry.c.entry, audit_entry.c.body).join(audit_subject, same)
    found_entries: dict[EntryNumber, AuditEntry] = {}
    for key_id, subject in hashes.items():
        of_person = (audit_subject.c.subject == subject) & (audit_subject.c.key_id == key_id)
        for row in connection.execute(stored.where(of_person)):
            found_entries[EntryNumber(row.chain, row.entry)] = entry_of_body(row.body)
    return sorted(found_entries.items(), key=lambda numbered: (numbered[1].at, numbered[0]), reverse=True)


class _Pushes:
    """What became of what was about to leave with data of one person."""

    def __init__(self, connection: Connection, entries: Sequence[tuple[EntryNumber, AuditEntry]], number: str) -> None:
        """Read it for the entries about the person, the newest first."""
        self._connection = connection
        self._number = number
        self._unfinished = _unfinished_runs(connection, {entry.run_id for _, entry in entries if entry.run_id})
        self._without_release = {
            EntryNumber(outcome.chain, entry.leaving) for outcome, entry in entries if entry.leaving is not None
        }
        """Entries of which nothing about the person was released for certain."""
        self._outcomes = {
            entry_number: push_outcomes(connection, entry_number, entry)
            for entry_number, entry in entries
            if HAS_PERSONS in entry.details
        }
        self._unanswered = self._first_unanswered(entries)

    def certainty(self, entry_number: EntryNumber, entry: AuditEntry) -> bool | None:
        """Return whether an entry is of something released: True; False if it may have left; None if it is not."""
        if entry.kind not in RELEASES or entry.leaving is not None:
            return None
        if entry_number in self._unanswered:
            return False
        outcomes = self._outcomes.get(entry_number)
        if outcomes is not None:
            return self._certainty_of(entry_number, entry, outcomes)
        if entry.decision is Decision.RELEASED or (entry.outcome or "").startswith("delivered"):
            return True
        if entry.outcome == LEAVING and entry.run_id in self._unfinished:
            return False if _may_have_left(self._connection, entry_number, entry, self._number) else None
        return None

    def _certainty_of(self, entry_number: EntryNumber, leaving: AuditEntry, outcomes: PushOutcomes) -> bool | None:
        if entry_number in self._without_release:
            return None
        return outcomes.is_complete or any(self._is_party(leaving, key) for key in sorted(outcomes.released))

    def _first_unanswered(self, entries: Sequence[tuple[EntryNumber, AuditEntry]]) -> frozenset[EntryNumber]:
        """Return the first attempts that may have arrived with data of the person and that no answer followed."""
        first: dict[tuple[str | None, str | None, str, str], EntryNumber] = {}
        of_person: dict[tuple[str | None, str | None, str, str], AuditEntry] = {}
        for entry_number, entry in reversed(entries):
            released, perhaps = self._attempts(entry_number, entry)
            for key in perhaps:
                name = (entry.route, entry.agreement, entry.record_type or "", key)
                first.setdefault(name, entry_number)
                of_person[name] = entry
            for key in released if first else ():
                first.pop((entry.route, entry.agreement, entry.record_type or "", key), None)
        return frozenset(number for name, number in first.items() if self._is_party(of_person[name], name[3]))

    def _attempts(self, entry_number: EntryNumber, entry: AuditEntry) -> tuple[Collection[str], Collection[str]]:
        """Return the keys that an entry released, and those of which it may have; an announcement has one of them."""
        if entry.kind is not AuditKind.PUSH or entry.leaving is not None:
            return (), ()
        if entry_number in self._outcomes:
            outcomes = self._outcomes[entry_number]
            return ((), outcomes.perhaps) if entry_number in self._without_release else (outcomes.released, ())
        is_open = entry.details.get(MAY_HAVE_ARRIVED, False)
        if not (is_open or entry.decision is Decision.RELEASED):
            return (), ()
        keys = keys_of(self._connection, entry_number, entry)
        return ((), keys) if is_open else (keys, ())

    def _is_party(self, entry: AuditEntry, key: str) -> bool:
        return _is_party(self._connection, entry.record_type or "", key, self._number)


def _may_have_left(connection: Connection, entry_number: EntryNumber, leaving: AuditEntry, number: str) -> bool:
    """Return whether a killed run of a former program has no outcome for a record of the person that it announced."""
    keys = set(keys_of(connection, entry_number, leaving))
    chain = entry_number.chain
    following = (audit_entry.c.chain == chain) & (audit_entry.c.entry > entry_number.entry)
    columns = (audit_entry.c.entry, audit_entry.c.body)
    for row in connection.execute(select(*columns).where(following).order_by(audit_entry.c.entry)):
        later = entry_of_body(row.body)
        if later.run_id not in {None, leaving.run_id}:
            break
        is_outcome = later.outcome != LEAVING and later.route == leaving.route
        if is_outcome and later.record_type == leaving.record_type:
            keys.difference_update(keys_of(connection, EntryNumber(chain, row.entry), later))
    return any(_is_party(connection, leaving.record_type or "", key, number) for key in sorted(keys))


def _unfinished_runs(connection: Connection, run_ids: set[str]) -> frozenset[str]:
    """Return those of these runs that have no end: they were killed, or are in progress."""
    unfinished: set[str] = set()
    for batch in batches(sorted(run_ids)):
        without_end = select(run.c.run_id).where(run.c.run_id.in_(batch), run.c.finished_at.is_(None))
        unfinished |= set(connection.execute(without_end).scalars())
    return frozenset(unfinished)


def _is_told(entry: AuditEntry, now: datetime) -> bool:
    """Return whether the person may know of it today."""
    if entry.disclosure is Disclosure.SHOWN:
        return True
    return entry.disclosed_from is not None and entry.disclosed_from <= now.date()


def _is_party(connection: Connection, record_type: str, key: str, number: str) -> bool:
    """Return whether a record has the person's own number."""
    if record_type not in RECORD_TYPES:
        return False
    table = record_table(record_type)
    stored = connection.execute(select(table).where(table.c.record_key == key)).mappings().one_or_none()
    if stored is None:
        return False
    return number in person_numbers(record_type, _document({str(name): value for name, value in stored.items()}))


def _document(row: Mapping[str, object]) -> Mapping[str, object]:
    """Return the columns of a record; SQLite holds nested parts as JSON texts."""
    return {
        name: json.loads(value) if isinstance(value, str) and value.startswith(("[", "{")) else value
        for name, value in row.items()
    }


def _use(entry: AuditEntry, own_dossiers: set[str], *, is_certain: bool) -> DataUse:
    return DataUse(
        at=entry.at.astimezone(VIETNAM_TIME),
        kind=entry.kind,
        agency=entry.consumer,
        record_type=entry.record_type,
        purpose=entry.purpose,
        acts=entry.acts,
        legal_basis=entry.legal_basis,
        fields=tuple(sorted(entry.fields)),
        dossier=entry.dossier if entry.dossier in own_dossiers else None,
        is_certain=is_certain,
    )
