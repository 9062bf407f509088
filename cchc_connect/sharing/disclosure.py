"""The disclosure point (điểm cung cấp dữ liệu): the one place through which records leave for another agency.

A request is decided twice by the clock of the disclosure point: when the records are read, and in the write transaction
that puts its entry into the audit log and counts it. If anything was committed in between, the records are read again
there. What is returned was on record before; a refusal is on record too. A key outside the grant is absent like an
unknown one. A request that is no request, such as a text with control characters, is a mistake of the caller: it is
answered by an error, and nothing is recorded.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

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
from cchc_connect.database.replay import replayed_read, replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import change
from cchc_connect.errors import AccessDenied, SourceHeld, UsageMistake
from cchc_connect.sharing.agreements import Action, Agreement, DisclosureTime, Treatment
from cchc_connect.sharing.decision import AccessDecision, AccessRefusal, RefusalReason, decide
from cchc_connect.sharing.facts import AgreementUse
from cchc_connect.sharing.granted_rows import GrantedRows
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.stored_agreements import agency_tree, count_use, facts_of
from cchc_connect.sharing.terms import SharingTerms
from cchc_connect.sharing.treatments import agreement_key, compared_signs, treated
from cchc_schemas import vietnamese_day
from cchc_schemas.record_paths import values_at

Document = Mapping[str, Any]

Outcome = tuple["Release | None", AccessRefusal | None]

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
    entry: EntryNumber
    """Its entry in the audit log."""
    sha512: str
    """SHA-512 of the documents as canonical JSON, in hexadecimal digits; the entry has it too."""


@dataclass(frozen=True)
class _Prepared:
    """What a request would get, read before it is on record."""

    decision: AccessDecision | AccessRefusal
    documents: Mapping[str, Document] = field(repr=False)
    """Key -> stored document of the records within the grant, untreated."""
    sequence: int
    """Latest change of the database that it is from."""


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
        prepared = replayed_read(self._database, lambda connection: self._prepare(connection, request))
        outcome = replayed_write(self._database, lambda connection: self._release(connection, request, prepared))
        return _released_or_denied(outcome)

    def matches(self, request: AccessRequest, value: str) -> bool:
        """Return whether a record within the grant has this value in a field that may be compared.

        Digits and letters alone are compared. A record outside the grant has no value. It counts as one record.
        Raises as `disclose` does.
        """
        request = replace(request, action=Action.MATCH)
        compared = compared_signs(value)
        prepared = replayed_read(self._database, lambda connection: self._prepare(connection, request))
        outcome = replayed_write(
            self._database, lambda connection: self._match(connection, request, prepared, compared)
        )
        return bool(_released_or_denied(outcome).documents)

    def _prepare(self, connection: Connection, request: AccessRequest) -> _Prepared:
        """Decide on a request at this instant, and read the records that it gets."""
        request = replace(request, at=self._clock.now())
        tree = agency_tree(connection, self._terms.agencies_from, vietnamese_day(request.at))
        terms = replace(self._terms, agencies=tree)
        decision = decide(request, facts_of(connection, terms, request))
        sequence = connection.execute(select(func.max(change.c.sequence))).scalar() or 0
        if isinstance(decision, AccessDecision) and _asks_for_too_many(request, decision):
            decision = _refusal(decision, RefusalReason.QUOTA)
        if isinstance(decision, AccessRefusal):
            return _Prepared(decision, {}, sequence)
        rows = GrantedRows(connection, terms, request, decision)
        return _Prepared(decision, dict(rows.documents()), sequence)

    def _current(self, connection: Connection, request: AccessRequest, prepared: _Prepared) -> _Prepared:
        """Return what was prepared if it still holds in this write transaction; else it is prepared again.

        Raises:
            SourceHeld: the seals of the audit log are overdue.
        """
        overdue = overdue_since(connection, request.at) if self._is_sealed else None
        if overdue is not None:
            raise SourceHeld("audit.sealing_down", since=to_timestamp_text(overdue))
        tree = agency_tree(connection, self._terms.agencies_from, vietnamese_day(request.at))
        terms = replace(self._terms, agencies=tree)
        decision = decide(request, facts_of(connection, terms, request))
        sequence = connection.execute(select(func.max(change.c.sequence))).scalar() or 0
        is_same = sequence == prepared.sequence and decision == prepared.decision
        return prepared if is_same else self._prepare(connection, request)

    def _release(self, connection: Connection, request: AccessRequest, prepared: _Prepared) -> Outcome:
        request = replace(request, at=self._clock.now())
        current = self._current(connection, request, prepared)
        decision, documents = current.decision, current.documents
        if isinstance(decision, AccessRefusal):
            return None, self._refuse(connection, request, decision)
        if decision.records_left is not None and len(documents) > decision.records_left:
            return None, self._refuse(connection, request, _refusal(decision, RefusalReason.QUOTA))
        leaving = dict(self._treated(request, decision, documents))
        if leaving:
            count_use(connection, _use(request, decision, len(leaving)))
        sha512 = hashlib.sha512(canonical_json(leaving).encode()).hexdigest()
        is_outside = request.keys is not None and not leaving
        entry = replace(
            self._entry(request, AuditKind.REFUSED if is_outside else KINDS[request.action]),
            **_terms_of(request, decision.agreement),
            acts=self._acts(request, decision),
            fields={} if is_outside else {path: treatment.value for path, treatment in decision.fields.items()},
            keys=tuple(leaving),
            count=len(leaving),
            decision=Decision.REFUSED if is_outside else Decision.RELEASED,
            reasons=(RefusalReason.RECORD.value,) if is_outside else (),
            answer_sha512=sha512,
        )
        numbers = {number for each in documents.values() for number in person_numbers(request.record_type, each)}
        subjects = self._index_subjects(numbers, request.at)
        number = append(connection, entry, chain=COMMANDS_CHAIN, subjects=subjects)
        return _release_of(decision, leaving, number, sha512), None

    def _match(self, connection: Connection, request: AccessRequest, prepared: _Prepared, compared: str) -> Outcome:
        request = replace(request, at=self._clock.now())
        current = self._current(connection, request, prepared)
        decision = current.decision
        if isinstance(decision, AccessRefusal):
            return None, self._refuse(connection, request, decision)
        matching: dict[str, Document] = {
            key: {}
            for key, document in current.documents.items()
            for path in decision.fields
            if compared and any(compared_signs(str(value)) == compared for value in values_at(document, path))
        }
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
        person = normal_number(compared) if matching else None
        numbers = [] if person is None else [person]
        number = append(connection, entry, chain=COMMANDS_CHAIN, subjects=self._index_subjects(numbers, request.at))
        return _release_of(decision, matching, number, ""), None

    def _treated(
        self, request: AccessRequest, decision: AccessDecision, documents: Mapping[str, Document]
    ) -> Iterator[tuple[str, Document]]:
        record_class = self._terms.records[request.record_type]
        key = None if self._pseudonym_key is None else agreement_key(self._pseudonym_key, decision.agreement.id)
        for record_key, document in documents.items():
            yield record_key, treated(record_class, document, decision.fields, pseudonym_key=key)

    def _refuse(self, connection: Connection, request: AccessRequest, refusal: AccessRefusal) -> AccessRefusal:
        """Put a refusal on record, and return it."""
        entry = replace(
            self._entry(request, AuditKind.REFUSED),
            agreement=refusal.agreement,
            decision=Decision.REFUSED,
            reasons=tuple(reason.value for reason in refusal.reasons),
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
        """Return the acts of the agreement and its grant that are in force on the day of the request."""
        day, acts = vietnamese_day(request.at), self._terms.acts
        bases = (*decision.agreement.legal_basis, *decision.grant.legal_basis)
        cited = dict.fromkeys(basis.act for basis in bases)
        return tuple(act for act in cited if act in acts and acts[act].in_force(day))


def _released_or_denied(outcome: Outcome) -> Release:
    release, refusal = outcome
    if release is None:
        reasons = () if refusal is None else refusal.reasons
        raise AccessDenied("access.denied", reasons=tuple(reason.value for reason in reasons))
    return release


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
    """Return what an entry says of the keys that were asked for, whether they exist or not."""
    if request.keys is None:
        return {}
    keys = sorted(set(request.keys))
    if len(keys) <= MAX_KEYS_IN_BODY:
        return {"requested_keys": keys}
    return {"requested_keys_digest": keys_digest(request.record_type, keys)}


def _terms_of(request: AccessRequest, agreement: Agreement) -> dict[str, Any]:
    """Return what an entry says of the agreement by which something was released."""
    members: dict[str, Any] = {
        "provider": agreement.provider,
        "purpose": agreement.purpose,
        "agreement": agreement.reference,
    }
    if agreement.disclosure is DisclosureTime.DELAYED and agreement.delay is not None:
        shown_from = vietnamese_day(request.at) + timedelta(days=agreement.delay.days)
        members |= {"disclosure": Disclosure.DELAYED, "disclosed_from": shown_from}
    return members


def _release_of(
    decision: AccessDecision, documents: Mapping[str, Document], entry: EntryNumber, sha512: str
) -> Release:
    return Release(
        documents=documents,
        agreement=decision.agreement.reference,
        grant=decision.grant.name,
        fields=decision.fields,
        entry=entry,
        sha512=sha512,
    )
