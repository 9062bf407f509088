"""What a route may send by its agreement: decided for each of its record types, by the facts of one transaction.

The agreement says why, by which acts and what; the configuration of the route can only withhold more. If it grants the
push of one of the record types not, or in a form that no message can have, the route sends nothing at all.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from cchc_connect.config.file import Config
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, Decision, Disclosure
from cchc_connect.database.outbox.deliveries import DeliveryKind
from cchc_connect.errors import SourceHeld
from cchc_connect.messages import Message, Messages
from cchc_connect.sharing.agencies import AgencyTree
from cchc_connect.sharing.agreements import Action, Agreement
from cchc_connect.sharing.decision import AccessDecision, AccessRefusal, RefusalReason, decide
from cchc_connect.sharing.facts import Facts, decisive_versions
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.sent_records import SentRecords, key_alone
from cchc_connect.sharing.stored_agreements import facts_of, stored_agreements, terms_on
from cchc_connect.sharing.terms import SharingTerms, sharing_terms
from cchc_connect.sharing.treatments import agreement_key
from cchc_schemas import vietnamese_day

ROUTE_REASONS = frozenset(
    {
        RefusalReason.NO_AGREEMENT,
        RefusalReason.ACTION,
        RefusalReason.PROCEDURE,
        RefusalReason.NOT_IN_FORCE,
        RefusalReason.OFFICIAL_MISSING,
        RefusalReason.DOSSIER_MISSING,
    }
)
"""Reasons with a sentence for routes of their own."""

UNSENDABLE = "unsendable"
"""Reason of a refusal: fields are granted in a form that no message can have."""


@dataclass(frozen=True, kw_only=True)
class TypeGrant:
    """What a route may send of one record type."""

    decision: AccessDecision
    records: SentRecords
    """Makes of a record what leaves: the granted fields that the route does not withhold."""
    withdrawals: SentRecords
    """Makes of a record what its withdrawal names, whether the grant reaches its last version or not: the key."""
    members: Mapping[str, Any]
    """What each entry of the audit log says of it: the agreement, and its acts in force on the day."""

    def fields_of(self, kind: DeliveryKind) -> Mapping[str, str]:
        """Return what leaves in messages of a kind: path of each field -> how it is treated."""
        sent = self.records if kind is DeliveryKind.RECORD else self.withdrawals
        return {path: treatment.value for path, treatment in sent.fields.items()}


@dataclass(frozen=True, kw_only=True)
class RouteGrants:
    """What a route may send on one day."""

    agreement: Agreement
    day: date
    """Vietnamese day for which it was decided."""
    versions: tuple[tuple[int, str], ...]
    """Version and state of each stored version of the agreement, which it was decided from."""
    by_type: Mapping[str, TypeGrant]
    """Record type -> what of it."""
    agencies: AgencyTree
    """The agencies on that day."""
    providers: frozenset[str]
    """Codes of the agencies whose records are the provider's, of both systems."""
    quota_refusal: "RouteRefusal | None" = None
    """Why no record leaves any more on this day, where the quota is used up; withdrawals leave."""

    @property
    def records_left(self) -> int | None:
        """Return how many records may leave on this day; None: any number."""
        return min(
            (each.decision.records_left for each in self.by_type.values() if each.decision.records_left is not None),
            default=None,
        )


@dataclass(frozen=True, kw_only=True)
class RouteRefusal:
    """Why a route may send nothing."""

    agreement: str
    """Id and version of the agreement, or its id alone where there is none."""
    reasons: Mapping[str, tuple[str, ...]]
    """Record type -> codes of the reasons."""
    faults: Messages
    """The same in sentences, with what to do."""

    @property
    def error(self) -> SourceHeld:
        """Return the error that puts the route on hold."""
        if set(self.reasons.values()) == {(RefusalReason.QUOTA.value,)}:
            return SourceHeld("push.quota_used_up", agreement=self.agreement)
        return SourceHeld("push.not_granted", agreement=self.agreement, faults=self.faults)


@dataclass(frozen=True, kw_only=True)
class RouteAgreement:
    """By which agreement a route sends which record types to whom."""

    id: str
    """Id of the agreement, whose version in force decides."""
    consumer: str
    """Code of the agency that receives."""
    record_types: tuple[str, ...]
    withhold: tuple[str, ...] = ()
    """Fields that are not sent although they are granted, `record_type.field`."""
    terms: SharingTerms = field(default_factory=SharingTerms)
    pseudonym_key: bytes | None = field(default=None, repr=False)
    """Key of the installation for pseudonyms; without one such fields are withheld."""

    def decide(self, connection: Connection, at: datetime) -> RouteGrants | RouteRefusal:
        """Return what may leave at an instant, by the facts of this transaction.

        Where the quota is used up, no record may, and each withdrawal.
        """
        day = vietnamese_day(at)
        terms = terms_on(connection, self.terms, day)
        requests = [self._request(record_type, at) for record_type in self.record_types]
        facts = facts_of(connection, terms, requests[0])
        decisions = {request.record_type: decide(request, facts) for request in requests}
        refused, quota_refusal = _refused(decisions), None
        if refused and {refusal.reasons for refusal in refused.values()} == {(RefusalReason.QUOTA,)}:
            quota_refusal = self._refusal(refused, {}, facts, day)
            decisions = {request.record_type: _without_records(request, facts) for request in requests}
            refused = _refused(decisions)
        granted = {
            record_type: self._grant(record_type, decision, facts, day)
            for record_type, decision in decisions.items()
            if isinstance(decision, AccessDecision)
        }
        refusal = self._refusal(refused, granted, self._with_all_versions(connection, facts), day)
        if refusal is not None:
            return refusal
        versions = [each for each in facts.agreements if each.agreement.id == self.id]
        agreement = granted[self.record_types[0]].decision.agreement
        return RouteGrants(
            agreement=agreement,
            day=day,
            versions=tuple((each.agreement.version, each.state.value) for each in versions),
            by_type=granted,
            agencies=terms.agencies,
            providers=terms.agencies.codes(terms.agencies.as_provider(agreement.provider)),
            quota_refusal=quota_refusal,
        )

    def _with_all_versions(self, connection: Connection, facts: Facts) -> Facts:
        """Return the facts with the agreement as it is stored, where it is with another agency than the receiver."""
        if any(each.agreement.id == self.id for each in facts.agreements):
            return facts
        elsewhere = [each for each in stored_agreements(connection) if each.agreement.id == self.id]
        return replace(facts, agreements=elsewhere)

    def _request(self, record_type: str, at: datetime) -> AccessRequest:
        return AccessRequest(
            consumer=self.consumer, action=Action.PUSH, record_type=record_type, agreement=self.id, at=at
        )

    def _grant(self, record_type: str, decision: AccessDecision, facts: Facts, day: date) -> TypeGrant:
        fields = {
            path: treatment
            for path, treatment in decision.fields.items()
            if f"{record_type}.{path.partition('.')[0]}" not in self.withhold
        }
        cited = dict.fromkeys(basis.act for basis in (*decision.agreement.legal_basis, *decision.grant.legal_basis))
        key = None if self.pseudonym_key is None else agreement_key(self.pseudonym_key, decision.agreement.id)
        shown_from = decision.agreement.disclosed_from(day)
        return TypeGrant(
            decision=decision,
            records=SentRecords(facts.records[record_type], fields, pseudonym_key=key),
            withdrawals=SentRecords(facts.records[record_type], key_alone(facts.records[record_type])),
            members={
                "provider": decision.agreement.provider,
                "purpose": decision.agreement.purpose,
                "agreement": decision.agreement.reference,
                "acts": tuple(act for act in cited if act in facts.acts and facts.acts[act].in_force(day)),
                "disclosure": Disclosure.SHOWN if shown_from is None else Disclosure.DELAYED,
                "disclosed_from": shown_from,
            },
        )

    def _sentence(self, reason: RefusalReason, facts: Facts, day: date) -> Message:
        """Return what a reason means for a route, and what to do."""
        if reason not in ROUTE_REASONS:
            return Message(f"access_refusal.{reason}")
        context: dict[str, object] = {"agreement": self.id, "consumer": self.consumer}
        stored_for = sorted({each.agreement.consumer for each in facts.agreements if each.agreement.id == self.id})
        if reason is RefusalReason.NO_AGREEMENT and stored_for and self.consumer not in stored_for:
            return Message("route_fault.other_consumer", {**context, "stored": ", ".join(stored_for)})
        for stored in decisive_versions(each for each in facts.agreements if each.agreement.id == self.id):
            context["state"] = stored.as_of(day).state_message
        return Message(f"route_fault.{reason}", context)

    def _refusal(
        self, refused: Mapping[str, AccessRefusal], granted: Mapping[str, TypeGrant], facts: Facts, day: date
    ) -> RouteRefusal | None:
        """Return why nothing may leave, of each record type; None if everything may."""
        reasons, faults = dict[str, tuple[str, ...]](), list[Message]()
        for record_type, refusal in refused.items():
            reasons[record_type] = tuple(reason.value for reason in refusal.reasons)
            sentences = Messages([self._sentence(reason, facts, day) for reason in refusal.reasons])
            faults.append(Message("route_fault.refused", {"record_type": record_type, "reasons": sentences}))
        for record_type, grant in granted.items():
            for fault in grant.records.unsendable():
                reasons[record_type] = (UNSENDABLE,)
                context = {"record_type": record_type, "field": fault.field}
                faults.append(Message(f"route_fault.{fault.rule}", context))
        if not faults:
            return None
        named = [refusal.agreement for refusal in refused.values() if refusal.agreement is not None]
        named += [grant.decision.agreement.reference for grant in granted.values()]
        return RouteRefusal(agreement=next(iter(named), self.id), reasons=reasons, faults=Messages(faults))


def _refused(decisions: Mapping[str, AccessDecision | AccessRefusal]) -> Mapping[str, AccessRefusal]:
    return {name: decision for name, decision in decisions.items() if isinstance(decision, AccessRefusal)}


def _without_records(request: AccessRequest, facts: Facts) -> AccessDecision | AccessRefusal:
    """Return the decision on a request whose quota is used up, as it is for what counts for no quota."""
    decision = decide(request, replace(facts, uses=()))
    return replace(decision, records_left=0) if isinstance(decision, AccessDecision) else decision


def route_agreements(config: Config, names: Collection[str]) -> Mapping[str, RouteAgreement]:
    """Return by which agreements these routes of the configuration send.

    Raises:
        ConfigurationError: a table of acts or purposes has faults, or the key for pseudonyms cannot be read.
    """
    tables = {name: table for name, table in config.routes.items() if name in names}
    if not tables:
        return {}
    terms, secret = sharing_terms(config), config.agreements.pseudonym_key
    key = None if secret is None else secret.reveal().encode()
    return {
        name: RouteAgreement(
            id=table.agreement,
            consumer=config.connections[table.to].agency,
            record_types=table.records,
            withhold=table.withhold,
            terms=terms,
            pseudonym_key=key,
        )
        for name, table in tables.items()
    }


def refused_entry(refusal: RouteRefusal, record_type: str, entry: AuditEntry) -> AuditEntry:
    """Return the entry of a refusal of one record type; `entry` says who would have sent it to whom, and when."""
    return replace(
        entry,
        kind=AuditKind.REFUSED,
        agreement=refusal.agreement,
        record_type=record_type,
        decision=Decision.REFUSED,
        reasons=refusal.reasons[record_type],
        details={"action": Action.PUSH.value},
    )
