"""The disclosure point (điểm cung cấp dữ liệu): the one place through which an agency reads records by an agreement.

Exports for a recipient and unmasked views go through it. A route sends by the same decision, which it asks for each of
its record types (`route_grants`).

A request is decided twice by the clock of the disclosure point: when the records are read, and in the write transaction
that puts its entry into the audit log and counts it. If anything was committed in between, the records are read again
there. What is returned was on record before; a refusal is on record too. A key outside the grant is absent like an
unknown one. A request that is no request, such as a text with control characters, is a mistake of the caller: it is
answered by an error, and nothing is recorded.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from cchc_connect.clock import Clock, SystemClock, to_timestamp_text
from cchc_connect.database.audit.chain import COMMANDS_CHAIN, EntryNumber, canonical_json
from cchc_connect.database.audit.entries import (
    MAX_KEYS_IN_BODY,
    AuditEntry,
    AuditKind,
    Decision,
    Disclosure,
    append,
)
from cchc_connect.database.audit.key_digests import keys_digest
from cchc_connect.database.audit.persons import normal_number, person_numbers
from cchc_connect.database.audit.sealing import overdue_since
from cchc_connect.database.audit.subjects import NO_SUBJECTS, Subjects
from cchc_connect.database.reading.case import UnreadableRecord
from cchc_connect.database.reading.change_feed import last_sequence
from cchc_connect.database.replay import replayed_read, replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import AccessDenied, SourceHeld, UsageMistake
from cchc_connect.sharing.agreements import Action, Agreement, Treatment
from cchc_connect.sharing.decision import AccessDecision, AccessRefusal, RefusalReason, decide
from cchc_connect.sharing.facts import AgreementUse
from cchc_connect.sharing.granted_rows import GrantedRows
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.stored_agreements import count_use, facts_of, terms_on
from cchc_connect.sharing.terms import SharingTerms
from cchc_connect.sharing.treatments import agreement_key, compared_signs, treated
from cchc_schemas import vietnamese_day
from cchc_schemas.record_paths import values_at

Document = Mapping[str, Any]

KINDS: Mapping[Action, AuditKind] = {Action.READ: AuditKind.READ, Action.EXPORT: AuditKind.EXPORT}
"""Actions of which documents are released, with the kind of their entry."""

IndexSubjects = Callable[[Iterable[str], datetime], Subjects]
"""Returns the persons with these identity numbers as the subject index knows them at an instant."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """Records that left through the disclosure point, which alone makes one."""

    documents: Mapping[str, Document] = field(repr=False)
    """Key -> document with the granted fields, each treated; in key order."""
    agreement: str
    """Id and version of the agreement."""
    grant: str
    fields: Mapping[str, Treatment]
    """Path of each field that was released -> how it was treated."""
    at: datetime
    """Instant at which it was decided and recorded, aware."""
    entry: EntryNumber
    """Its entry in the audit log."""
    sha512: str
    """SHA-512 of the documents as canonical JSON, in hexadecimal digits; the entry has it too."""
    unreadable: tuple[UnreadableRecord, ...] = ()
    """Records of the dossier's case that could not be read: what only they name was left out; the entry has them too.

    They are for the provider, not for the consumer.
    """


class _Decided(NamedTuple):
    """A decision with what it was made from."""

    terms: SharingTerms
    """Terms with the agencies of the day."""
    decision: AccessDecision | AccessRefusal
    sequence: int
    """Latest change of the database then."""


@dataclass(frozen=True)
class _Prepared:
    """What a request would get, read before it is on record."""

    decision: AccessDecision | AccessRefusal
    documents: Mapping[str, Document] = field(repr=False)
    """Key -> stored document of the records within the grant, untreated."""
    sequence: int
    """Latest change of the database that it is from."""
    unreadable: tuple[UnreadableRecord, ...] = ()


class DisclosurePoint:
    """Answers access requests from one shared database."""

    def __init__(
        self,
        database: SharedDatabase,
        terms: SharingTerms,
        *,
        index_subjects: IndexSubjects = lambda _numbers, _at: NO_SUBJECTS,
        pseudonym_key: bytes | None = None,
        is_sealed: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """Take the database and the terms of its configuration; the agencies are those of the database.

        Args:
            database: the shared database.
            terms: acts, purposes and officials.
            index_subjects: names the persons in a release for the subject index.
            pseudonym_key: key of the installation for pseudonyms; without one such fields are withheld.
            is_sealed: whether the audit log is sealed, so that nothing leaves while its seals are overdue.
            clock: says at which instant a request is decided and recorded, whatever the request says itself.
        """
        self._database = database
        self._terms = terms
        self._index_subjects = index_subjects
        self._pseudonym_key = pseudonym_key
        self._is_sealed = is_sealed
        self._clock = clock or SystemClock()

    def disclose(self, request: AccessRequest) -> Release:
        """Return the records that a request gets; its entry is committed before.

        Where no key of the request is within the grant, the release is empty and its entry says `record`.

        Raises:
            AccessDenied: no agreement in force covers the request; `reasons` says what is missing, and that is on
                record.
            UsageMistake: records are not read by this action.
            SourceHeld: the seals of the audit log are overdue (`audit.sealing_down`).
            DatabaseUnusable: the database failed.
        """
        if request.action not in KINDS:
            raise UsageMistake("access.no_documents", action=request.action.value)
        prepared = self._prepared(request)
        outcome = replayed_write(self._database, lambda connection: self._release(connection, request, prepared))
        if isinstance(outcome, AccessRefusal):
            raise _denial(outcome)
        return outcome

    def matches(self, request: AccessRequest, value: str) -> bool:
        """Return whether a record within the grant has this value in a field that may be compared.

        Digits and letters alone are compared. A record outside the grant has no value. It counts as one record.
        Raises as `disclose` does.
        """
        request = replace(request, action=Action.MATCH)
        compared = compared_signs(value)
        prepared = self._prepared(request)
        outcome = replayed_write(
            self._database, lambda connection: self._match(connection, request, prepared, compared)
        )
        if isinstance(outcome, AccessRefusal):
            raise _denial(outcome)
        return outcome

    def require_seals(self, connection: Connection, at: datetime) -> None:
        """Check that the audit log is sealed in time, where it is sealed: nothing leaves while its seals are overdue.

        Raises:
            SourceHeld: the seals of the audit log are overdue (`audit.sealing_down`).
        """
        overdue = overdue_since(connection, at) if self._is_sealed else None
        if overdue is not None:
            raise SourceHeld("audit.sealing_down", since=to_timestamp_text(overdue))

    def _prepared(self, request: AccessRequest) -> _Prepared:
        request = replace(request, at=self._clock.now())
        return replayed_read(self._database, lambda connection: self._prepare(connection, request))

    def _decided(self, connection: Connection, request: AccessRequest) -> _Decided:
        """Decide on a request at its instant, by the facts of this transaction."""
        terms = terms_on(connection, self._terms, vietnamese_day(request.at))
        decision = decide(request, facts_of(connection, terms, request))
        if isinstance(decision, AccessDecision) and _asks_for_too_many(request, decision):
            decision = _refusal(decision, RefusalReason.QUOTA)
        return _Decided(terms, decision, last_sequence(connection))

    def _prepare(self, connection: Connection, request: AccessRequest) -> _Prepared:
        """Decide on a request, and read the records that it gets."""
        return self._with_documents(connection, request, self._decided(connection, request))

    def _current(self, connection: Connection, request: AccessRequest, prepared: _Prepared) -> _Prepared:
        """Return what was prepared if it still holds in this write transaction; else the records are read again.

        Raises:
            SourceHeld: the seals of the audit log are overdue.
        """
        self.require_seals(connection, request.at)
        decided = self._decided(connection, request)
        is_same = decided.sequence == prepared.sequence and decided.decision == prepared.decision
        return prepared if is_same else self._with_documents(connection, request, decided)

    @staticmethod
    def _with_documents(connection: Connection, request: AccessRequest, decided: _Decided) -> _Prepared:
        if isinstance(decided.decision, AccessRefusal):
            return _Prepared(decided.decision, {}, decided.sequence)
        rows = GrantedRows(connection, decided.terms, request, decided.decision)
        documents = dict(rows.documents())
        return _Prepared(decided.decision, documents, decided.sequence, rows.unreadable)

    def _release(self, connection: Connection, request: AccessRequest, prepared: _Prepared) -> Release | AccessRefusal:
        request = replace(request, at=self._clock.now())
        current = self._current(connection, request, prepared)
        decision, documents = current.decision, current.documents
        if isinstance(decision, AccessRefusal):
            return self._refuse(connection, request, decision)
        if decision.records_left is not None and len(documents) > decision.records_left:
            return self._refuse(connection, request, _refusal(decision, RefusalReason.QUOTA))
        leaving = dict(self._treated(request, decision, documents))
        if leaving:
            count_use(connection, _use(request, decision, len(leaving)))
        sha512 = hashlib.sha512(canonical_json(leaving).encode()).hexdigest()
        is_outside = request.keys is not None and not leaving
        entry = self._entry(request, AuditKind.REFUSED if is_outside else KINDS[request.action])
        entry = replace(
            entry,
            **_terms_of(request, decision.agreement),
            acts=self._acts(request, decision),
            fields={} if is_outside else {path: treatment.value for path, treatment in decision.fields.items()},
            keys=tuple(leaving),
            count=len(leaving),
            decision=Decision.REFUSED if is_outside else Decision.RELEASED,
            reasons=(RefusalReason.RECORD.value,) if is_outside else (),
            answer_sha512=sha512,
            details={**entry.details, **_left_out(current.unreadable)},
        )
        numbers = {number for each in documents.values() for number in person_numbers(request.record_type, each)}
        subjects = self._index_subjects(numbers, request.at)
        number = append(connection, entry, chain=COMMANDS_CHAIN, subjects=subjects)
        return Release(
            documents=leaving,
            agreement=decision.agreement.reference,
            grant=decision.grant.name,
            fields=decision.fields,
            at=request.at,
            entry=number,
            sha512=sha512,
            unreadable=current.unreadable,
        )

    def _match(
        self, connection: Connection, request: AccessRequest, prepared: _Prepared, compared: str
    ) -> bool | AccessRefusal:
        request = replace(request, at=self._clock.now())
        current = self._current(connection, request, prepared)
        decision = current.decision
        if isinstance(decision, AccessRefusal):
            return self._refuse(connection, request, decision)
        is_match = bool(compared) and any(
            compared_signs(str(value)) == compared
            for document in current.documents.values()
            for path in decision.fields
            for value in values_at(document, path)
        )
        count_use(connection, _use(request, decision, 1))
        entry = replace(
            self._entry(request, AuditKind.MATCH),
            **_terms_of(request, decision.agreement),
            acts=self._acts(request, decision),
            fields=dict.fromkeys(decision.fields, "match"),
            keys=() if request.keys is None else tuple(current.documents),
            count=1,
            decision=Decision.RELEASED,
        )
        person = normal_number(compared) if is_match else None
        numbers = [] if person is None else [person]
        append(connection, entry, chain=COMMANDS_CHAIN, subjects=self._index_subjects(numbers, request.at))
        return is_match

    def _treated(
        self, request: AccessRequest, decision: AccessDecision, documents: Mapping[str, Document]
    ) -> Iterator[tuple[str, Document]]:
        record_class = self._terms.records[request.record_type]
        key = None if self._pseudonym_key is None else agreement_key(self._pseudonym_key, decision.agreement.id)
        for record_key, document in documents.items():
            yield record_key, treated(record_class, document, decision.fields, pseudonym_key=key)

    def _refuse(self, connection: Connection, request: AccessRequest, refusal: AccessRefusal) -> AccessRefusal:
        """Put a refusal on record, and return it."""
        entry = self._entry(request, AuditKind.REFUSED)
        beyond = {"refused_fields": list(refusal.fields)} if refusal.fields else {}
        entry = replace(
            entry,
            agreement=refusal.agreement,
            decision=Decision.REFUSED,
            reasons=tuple(reason.value for reason in refusal.reasons),
            details={**entry.details, **beyond},
        )
        append(connection, entry, chain=COMMANDS_CHAIN)
        return refusal

    def _entry(self, request: AccessRequest, kind: AuditKind) -> AuditEntry:
        """Return an entry with what the request says; an unknown purpose is free text, which is not kept."""
        return AuditEntry(
            at=request.at,
            kind=kind,
            request_id=request.request_id,
            official=request.official,
            account=request.account,
            consumer=request.consumer,
            provider=request.provider,
            purpose=request.purpose if request.purpose in self._terms.purposes else None,
            dossier=request.dossier,
            procedure=request.procedure,
            record_type=request.record_type,
            details={"action": request.action.value, **_requested(request)},
        )

    def _acts(self, request: AccessRequest, decision: AccessDecision) -> tuple[str, ...]:
        """Return the acts of the agreement, its grant and the request that are in force on the day of the request."""
        day, acts = vietnamese_day(request.at), self._terms.acts
        bases = (*decision.agreement.legal_basis, *decision.grant.legal_basis)
        cited = dict.fromkeys((*(basis.act for basis in bases), *request.acts))
        return tuple(act for act in cited if act in acts and acts[act].in_force(day))


def _denial(refusal: AccessRefusal) -> AccessDenied:
    reasons = tuple(reason.value for reason in refusal.reasons)
    return AccessDenied("access.denied", reasons=reasons, fields=refusal.fields)


def _refusal(decision: AccessDecision, reason: RefusalReason) -> AccessRefusal:
    return AccessRefusal(reasons=(reason,), agreement=decision.agreement.reference, grant=decision.grant.name)


def _use(request: AccessRequest, decision: AccessDecision, records: int) -> AgreementUse:
    return AgreementUse(
        agreement=decision.agreement.id,
        day=vietnamese_day(request.at),
        dossier=request.dossier or "",
        records=records,
    )


def _asks_for_too_many(request: AccessRequest, decision: AccessDecision) -> bool:
    """True if a request names more keys than may leave. Whether they exist makes no difference."""
    if request.keys is None or decision.records_left is None:
        return False
    return len(set(request.keys)) > decision.records_left


def _requested(request: AccessRequest) -> Mapping[str, Any]:
    """Return what an entry says of the papers to be proved, and of the keys, whether they exist or not."""
    papers = {"papers": list(request.papers)} if request.papers else {}
    if request.keys is None:
        return papers
    keys = sorted(set(request.keys))
    if len(keys) <= MAX_KEYS_IN_BODY:
        return {**papers, "requested_keys": keys}
    return {**papers, "requested_keys_digest": keys_digest(request.record_type, keys)}


def _left_out(unreadable: Iterable[UnreadableRecord]) -> Mapping[str, Any]:
    """Return what an entry says of the records that could not be read."""
    records = [str(record) for record in unreadable]
    return {"unreadable_records": records} if records else {}


def _terms_of(request: AccessRequest, agreement: Agreement) -> dict[str, Any]:
    """Return what an entry says of the agreement by which something was released."""
    members: dict[str, Any] = {
        "provider": agreement.provider,
        "purpose": agreement.purpose,
        "agreement": agreement.reference,
    }
    shown_from = agreement.disclosed_from(vietnamese_day(request.at))
    return members if shown_from is None else members | {"disclosure": Disclosure.DELAYED, "disclosed_from": shown_from}
