"""The disclosure point (điểm cung cấp dữ liệu): the one place through which records leave for another agency.

A request is decided twice: when the records are read, and in the write transaction that puts its entry into the audit
log and counts it. What is returned was on record before; a refusal is on record too. Which keys exist cannot be learnt:
a key outside the grant is absent like an unknown one.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from cchc_connect.database.audit.chain import COMMANDS_CHAIN, EntryNumber, canonical_json
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, Decision, Disclosure, append
from cchc_connect.database.audit.subjects import NO_SUBJECTS, Subjects
from cchc_connect.database.bulk import batches
from cchc_connect.database.reading.records import live_records_query
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.replay import replayed_read, replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import AccessDenied, UsageMistake
from cchc_connect.sharing.agreements import Action, Agreement, DisclosureTime, GrantScope, Treatment
from cchc_connect.sharing.case_keys import case_keys
from cchc_connect.sharing.decision import AccessDecision, AccessRefusal, RefusalReason, decide
from cchc_connect.sharing.facts import AgreementUse
from cchc_connect.sharing.granted_rows import is_described, narrowing_condition
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.stored_agreements import agency_tree, count_use, facts_of
from cchc_connect.sharing.terms import SharingTerms
from cchc_connect.sharing.treatments import agreement_key, compared_signs, treated
from cchc_schemas import Record, vietnamese_day
from cchc_schemas.record_paths import leaves, values_at

Document = Mapping[str, Any]

Outcome = tuple["Release | None", AccessRefusal | None]

KINDS: Mapping[Action, AuditKind] = {Action.READ: AuditKind.READ, Action.EXPORT: AuditKind.EXPORT}
"""Actions of which documents are released, with the kind of their entry."""

_IDENTITY_NUMBER = re.compile(r"\d{9}|\d{12}", re.ASCII)
"""A national identity number (CMND with 9 digits, CCCD with 12); a telephone number has 10 or 11."""

IndexSubjects = Callable[[date, Iterable[str]], Subjects]
"""Returns the persons with these identity numbers as the subject index of a day knows them."""


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
    documents: Mapping[str, Document]
    """Key -> stored document of the records within the grant, untreated."""


class DisclosurePoint:
    """Answers access requests from one shared database."""

    def __init__(
        self,
        database: SharedDatabase,
        terms: SharingTerms,
        *,
        index_subjects: IndexSubjects = lambda _day, _numbers: NO_SUBJECTS,
        pseudonym_key: bytes | None = None,
        chain: str = COMMANDS_CHAIN,
    ) -> None:
        """Take the database and the terms of its configuration; the agencies are those of the database.

        Args:
            database: the shared database.
            terms: acts, purposes and officials.
            index_subjects: names the persons in a release for the subject index.
            pseudonym_key: key of the installation for pseudonyms; without one such fields are withheld.
            chain: chain of the audit log.
        """
        self._database = database
        self._terms = terms
        self._index_subjects = index_subjects
        self._pseudonym_key = pseudonym_key
        self._chain = chain

    def disclose(self, request: AccessRequest) -> Release:
        """Return the records that a request gets; its entry is committed before.

        Where no key of the request is within the grant, the release is empty and its entry says `record`.

        Raises:
            AccessDenied: no agreement in force covers the request; `reasons` says what is missing, and that is on
                record.
            UsageMistake: records are not read by this action, or there is no such record type.
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

        Raises:
            AccessDenied: as `disclose`.
            DatabaseUnusable: the database failed.
        """
        request = replace(request, action=Action.MATCH)
        compared = compared_signs(value)
        prepared = replayed_read(self._database, lambda connection: self._prepare(connection, request))
        outcome = replayed_write(
            self._database, lambda connection: self._match(connection, request, prepared, compared)
        )
        return bool(_released_or_denied(outcome).documents)

    def _prepare(self, connection: Connection, request: AccessRequest) -> _Prepared:
        tree = agency_tree(connection, self._terms.agencies_from, vietnamese_day(request.at))
        terms = replace(self._terms, agencies=tree)
        decision = decide(request, facts_of(connection, terms, request))
        if isinstance(decision, AccessRefusal):
            return _Prepared(decision, {})
        rows = GrantedRows(connection, terms, request, decision)
        return _Prepared(decision, dict(rows.documents()))

    def _decided_again(self, connection: Connection, request: AccessRequest, prepared: _Prepared) -> _Prepared:
        """Return what was prepared with the decision of now; where it is another one, all is read again."""
        tree = agency_tree(connection, self._terms.agencies_from, vietnamese_day(request.at))
        terms = replace(self._terms, agencies=tree)
        decision = decide(request, facts_of(connection, terms, request))
        if isinstance(decision, AccessDecision) and isinstance(prepared.decision, AccessDecision):
            same = replace(prepared.decision, records_left=decision.records_left)
            return _Prepared(decision, prepared.documents) if same == decision else self._prepare(connection, request)
        return self._prepare(connection, request) if isinstance(decision, AccessDecision) else _Prepared(decision, {})

    def _release(self, connection: Connection, request: AccessRequest, prepared: _Prepared) -> Outcome:
        current = self._decided_again(connection, request, prepared)
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
            _entry(request, AuditKind.REFUSED if is_outside else KINDS[request.action]),
            **_terms_of(request, decision.agreement),
            acts=_acts(decision),
            fields={path: treatment.value for path, treatment in decision.fields.items()},
            keys=tuple(leaving),
            count=len(leaving),
            decision=Decision.REFUSED if is_outside else Decision.RELEASED,
            reasons=(RefusalReason.RECORD.value,) if is_outside else (),
            answer_sha512=sha512,
        )
        record_class = self._terms.records[request.record_type]
        numbers = {number for document in documents.values() for number in person_numbers(record_class, document)}
        subjects = self._index_subjects(vietnamese_day(request.at), numbers)
        number = append(connection, entry, chain=self._chain, subjects=subjects)
        return _release_of(decision, leaving, number, sha512), None

    def _match(self, connection: Connection, request: AccessRequest, prepared: _Prepared, compared: str) -> Outcome:
        current = self._decided_again(connection, request, prepared)
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
            _entry(request, AuditKind.MATCH),
            **_terms_of(request, decision.agreement),
            acts=_acts(decision),
            fields=dict.fromkeys(decision.fields, "match"),
            keys=request.keys or (),
            count=1,
            decision=Decision.RELEASED,
        )
        subjects = self._index_subjects(vietnamese_day(request.at), [compared])
        number = append(connection, entry, chain=self._chain, subjects=subjects)
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
            _entry(request, AuditKind.REFUSED),
            agreement=refusal.agreement,
            keys=request.keys or (),
            decision=Decision.REFUSED,
            reasons=tuple(reason.value for reason in refusal.reasons),
            details={"action": request.action.value},
        )
        append(connection, entry, chain=self._chain)
        return refusal


class GrantedRows:
    """The records that a decision reaches."""

    def __init__(
        self, connection: Connection, terms: SharingTerms, request: AccessRequest, decision: AccessDecision
    ) -> None:
        """Read in the transaction of `connection`; `terms` has the agencies of the database."""
        self._connection = connection
        self._terms = terms
        self._request = request
        self._decision = decision
        self._record_class: type[Record] = terms.records[request.record_type]

    def documents(self) -> Iterator[tuple[str, Document]]:
        """Yield key and stored document of each record, in key order."""
        keys = self._keys()
        if keys is None:
            yield from self._among(None)
            return
        for batch in batches(sorted(keys)):
            yield from self._among(batch)

    def _keys(self) -> frozenset[str] | None:
        """Return the keys to which the records are limited; None for no limit."""
        requested_keys = None if self._request.keys is None else frozenset(self._request.keys)
        if self._decision.grant.scope is not GrantScope.CASE:
            return requested_keys
        linked = case_keys(self._connection, self._request.dossier or "").get(self._request.record_type, frozenset())
        return linked if requested_keys is None else linked & requested_keys

    def _among(self, keys: Sequence[str] | None) -> Iterator[tuple[str, Document]]:
        table, agencies = record_table(self._request.record_type), self._terms.agencies
        grant, provider = self._decision.grant, self._decision.agreement.provider
        is_narrow = narrowing_condition(
            self._record_class, grant.rows, agencies, dialect=self._connection.dialect.name
        ) & table.c.agency.in_(sorted(agencies.codes(agencies.as_provider(provider))))
        query = live_records_query(self._record_class).where(is_narrow)
        if keys is not None:
            query = query.where(table.c.record_key.in_(keys))
        for row in self._connection.execute(query):
            document: Document = json.loads(row.document)
            if is_described(self._record_class, document, grant.rows, agencies):
                yield row.record_key, document


def person_numbers(record_class: type[Record], document: Document) -> Iterator[str]:
    """Yield each identity number in the fields of a record that are marked as personal numbers, without spaces."""
    for leaf in leaves(record_class).values():
        if leaf.is_number:
            for value in values_at(document, leaf.path):
                number = compared_signs(str(value))
                if _IDENTITY_NUMBER.fullmatch(number):
                    yield number


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


def _entry(request: AccessRequest, kind: AuditKind) -> AuditEntry:
    """Return an entry with what the request says."""
    return AuditEntry(
        at=request.at,
        kind=kind,
        request_id=request.request_id,
        official=request.official,
        account=request.account,
        consumer=request.consumer,
        provider=request.provider,
        purpose=request.purpose,
        dossier=request.dossier,
        procedure=request.procedure,
        record_type=request.record_type,
    )


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


def _acts(decision: AccessDecision) -> tuple[str, ...]:
    bases = (*decision.agreement.legal_basis, *decision.grant.legal_basis)
    return tuple(dict.fromkeys(basis.act for basis in bases))


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
