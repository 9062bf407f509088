"""The decision on an access request, from facts alone: no database, no clock, and what nothing grants is refused.

Candidates are the grants of the agreements between the two agencies, each agreement in its decisive version. Those fit
that cover record type, action, purpose, procedure and fields and are in force. Of several the one with the fewest
fields decides, then the name; it alone answers, so that nothing is joined, and where it refuses no other is tried.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

from cchc_connect.sharing.agreements import (
    Action,
    Agreement,
    Grant,
    GrantScope,
    Requirement,
    Treatment,
)
from cchc_connect.sharing.facts import (
    DossierFacts,
    Facts,
    StoredAgreement,
    decisive_versions,
    has_act_in_force,
    is_in_force,
)
from cchc_connect.sharing.granted_fields import beyond_grant, requested
from cchc_connect.sharing.requests import AccessRequest
from cchc_schemas import Record, vietnamese_day
from cchc_schemas.record_paths import leaves_at


class RefusalReason(StrEnum):
    """Why a request is refused (lý do từ chối), in the order in which it is judged. It names no value."""

    NO_AGREEMENT = "no_agreement"
    """There is no agreement between the agencies, or not the one that the request names."""
    RECORD = "record"
    """No grant has this record type; of a disclosure, none of the keys is within the grant."""
    ACTION = "action"
    PURPOSE = "purpose"
    PROCEDURE = "procedure"
    FIELD = "field"
    """The request asks for more fields than are granted."""
    NOT_IN_FORCE = "not_in_force"
    """The agreement is not approved, not begun, suspended or ended, or one of the agencies is no more."""
    ACT_LAPSED = "act_lapsed"
    """None of the acts that the agreement cites is in force."""
    OFFICIAL_MISSING = "official_missing"
    """No official is named, or none of the consumer who still acts."""
    DOSSIER_MISSING = "dossier_missing"
    DOSSIER_FOREIGN = "dossier_foreign"
    """The dossier is not the consumer's, or there is none with this code."""
    DOSSIER_CLOSED = "dossier_closed"
    QUOTA = "quota"


FITTING = frozenset(
    {
        RefusalReason.RECORD,
        RefusalReason.ACTION,
        RefusalReason.PURPOSE,
        RefusalReason.PROCEDURE,
        RefusalReason.FIELD,
        RefusalReason.NOT_IN_FORCE,
        RefusalReason.ACT_LAPSED,
    }
)
"""What must hold for a grant to be a candidate; the rest is asked of the chosen one only."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One question that was asked about a grant, and whether the request stands it."""

    reason: RefusalReason
    """Why the request is refused if it does not."""
    holds: bool
    context: Mapping[str, object] = field(default_factory=dict[str, object])
    """Values for the sentence about it; none of a record."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One grant with all that was judged of it."""

    stored: StoredAgreement
    grant: Grant
    judgements: tuple[Judgement, ...]
    fields: Mapping[str, Treatment]
    """Fields that would leave; of a match those that are compared."""
    records_left: int | None

    @property
    def failures(self) -> tuple[RefusalReason, ...]:
        """Return the reasons that speak against it, in their order."""
        return tuple(judgement.reason for judgement in self.judgements if not judgement.holds)

    @property
    def fields_beyond(self) -> tuple[str, ...]:
        """Return the paths that are asked for and that the grant does not have."""
        of_fields = next(judgement for judgement in self.judgements if judgement.reason is RefusalReason.FIELD)
        return cast("tuple[str, ...]", of_fields.context.get("fields", ()))

    @property
    def fits(self) -> bool:
        """Whether the request is within the grant and the agreement in force."""
        return not FITTING & set(self.failures)

    @property
    def precedence(self) -> tuple[int, str, str]:
        """Return what decides between grants that fit: fewest fields, then the names."""
        return len(self.grant.fields), self.stored.agreement.id, self.grant.name


@dataclass(frozen=True, kw_only=True)
class AccessDecision:
    """The request is within one grant: what may leave, how each field is treated, and how many records at the most."""

    agreement: Agreement
    grant: Grant
    fields: Mapping[str, Treatment]
    """Path -> treatment; of a match the fields that are compared, of which only yes or no leaves."""
    records_left: int | None
    """Records that the quotas leave; more are refused as a whole. None: no quota."""


@dataclass(frozen=True, kw_only=True)
class AccessRefusal:
    """The request is refused."""

    reasons: tuple[RefusalReason, ...]
    agreement: str | None = None
    """Id and version of the agreement that came nearest."""
    grant: str | None = None
    fields: tuple[str, ...] = ()
    """Paths of the record that are asked for and that its grant does not have."""


def decide(request: AccessRequest, facts: Facts) -> AccessDecision | AccessRefusal:
    """Return what the request gets, or why it gets nothing.

    The keys of the request are not judged: which records exist, and which of them the grant reaches, is known to the
    database alone.
    """
    chosen = deciding_candidate(candidates(request, facts))
    if chosen is None:
        return AccessRefusal(reasons=(RefusalReason.NO_AGREEMENT,))
    agreement = chosen.stored.agreement
    if chosen.failures:
        return AccessRefusal(
            reasons=chosen.failures,
            agreement=agreement.reference,
            grant=chosen.grant.name,
            fields=chosen.fields_beyond,
        )
    return AccessDecision(
        agreement=agreement, grant=chosen.grant, fields=chosen.fields, records_left=chosen.records_left
    )


def candidates(request: AccessRequest, facts: Facts) -> Sequence[Candidate]:
    """Return every grant between the agencies of the request that it may mean, with all that is judged of it."""
    return [
        _candidate(request, facts, stored, grant)
        for stored in decisive_versions(facts.agreements)
        if _may_mean(request, facts, stored.agreement)
        for grant in stored.agreement.grants
        if request.grant in {None, grant.name}
    ]


def deciding_candidate(grants: Sequence[Candidate]) -> Candidate | None:
    """Return the grant that decides: of those that fit the first, else the nearest one; None if there is none.

    The nearest one is that with the fewest reasons against it; of several the one that fails latest.
    """
    fitting = [grant for grant in grants if grant.fits]
    if fitting:
        return min(fitting, key=lambda grant: grant.precedence)
    order = list(RefusalReason)
    return min(
        grants,
        key=lambda grant: (len(grant.failures), -order.index(grant.failures[0]), grant.precedence),
        default=None,
    )


def _may_mean(request: AccessRequest, facts: Facts, agreement: Agreement) -> bool:
    code = facts.agencies.code
    return (
        code(agreement.consumer) == code(request.consumer)
        and (request.provider is None or code(agreement.provider) == code(request.provider))
        and request.agreement in {None, agreement.id}
    )


def _candidate(request: AccessRequest, facts: Facts, stored: StoredAgreement, grant: Grant) -> Candidate:
    record_type: type[Record] | None = facts.records.get(grant.record)
    fields = None if record_type is None else _fields(request, record_type, grant)
    records_left = _records_left(request, facts, stored.agreement)
    return Candidate(
        stored=stored,
        grant=grant,
        judgements=(
            *_within_grant(request, facts, stored.agreement, grant, has_fields=fields is not None),
            *_in_force(request, facts, stored, grant),
            *_who_and_what_for(request, facts, stored.agreement, grant),
            Judgement(
                reason=RefusalReason.QUOTA,
                holds=records_left is None or records_left > 0,
                context={"left": 0 if records_left is None else records_left},
            ),
        ),
        fields=fields or {},
        records_left=records_left,
    )


def _fields(request: AccessRequest, record_type: type[Record], grant: Grant) -> Mapping[str, Treatment] | None:
    if request.action is not Action.MATCH:
        return requested(record_type, grant, request.fields)
    paths = grant.match if request.fields is None else request.fields
    return dict.fromkeys(paths, Treatment.EXISTS) if paths and set(paths) <= set(grant.match) else None


def _beyond(request: AccessRequest, facts: Facts, grant: Grant) -> tuple[str, ...]:
    record_type, paths = facts.records[grant.record], request.fields or ()
    if request.action is Action.MATCH:
        return tuple(path for path in paths if path not in grant.match and leaves_at(record_type, path))
    return beyond_grant(record_type, grant, paths)


def _within_grant(
    request: AccessRequest, facts: Facts, agreement: Agreement, grant: Grant, *, has_fields: bool
) -> Iterator[Judgement]:
    has_record = grant.record == request.record_type and grant.record in facts.records
    yield Judgement(reason=RefusalReason.RECORD, holds=has_record, context={"record_type": request.record_type})
    yield Judgement(
        reason=RefusalReason.ACTION,
        holds=request.action in agreement.actions,
        context={"action": request.action},
    )
    yield Judgement(
        reason=RefusalReason.PURPOSE,
        holds=request.purpose == agreement.purpose or (request.purpose is None and request.agreement is not None),
        context={"requested": request.purpose},
    )
    yield Judgement(
        reason=RefusalReason.PROCEDURE,
        holds=_is_of_granted_procedure(request, facts, agreement, grant),
    )
    yield Judgement(
        reason=RefusalReason.FIELD,
        holds=has_record and has_fields,
        context={"fields": _beyond(request, facts, grant) if has_record and not has_fields else ()},
    )


def _is_of_granted_procedure(request: AccessRequest, facts: Facts, agreement: Agreement, grant: Grant) -> bool:
    """True if the procedure is granted. Of a dossier that is not the consumer's nothing is said, so it is not asked."""
    dossier = own_dossier(request, facts)
    stated = {request.procedure, None if dossier is None else dossier.procedure} - {None}
    if len(stated) > 1:
        return False
    if not agreement.procedures or stated & set(agreement.procedures):
        return True
    if dossier is not None or stated:
        return False
    return request.dossier is not None or needs_dossier(agreement, grant)


def _in_force(request: AccessRequest, facts: Facts, stored: StoredAgreement, grant: Grant) -> Iterator[Judgement]:
    agreement, day = stored.agreement, vietnamese_day(request.at)
    yield Judgement(reason=RefusalReason.NOT_IN_FORCE, holds=is_in_force(stored, facts.agencies, day))
    yield Judgement(
        reason=RefusalReason.ACT_LAPSED,
        holds=has_act_in_force(agreement, grant, facts.acts, day),
        context={"acts": [basis.act for basis in (*agreement.legal_basis, *grant.legal_basis)]},
    )


def _who_and_what_for(request: AccessRequest, facts: Facts, agreement: Agreement, grant: Grant) -> Iterator[Judgement]:
    yield Judgement(
        reason=RefusalReason.OFFICIAL_MISSING,
        holds=(
            Requirement.OFFICIAL not in agreement.requires
            if request.official is None
            else _is_official(request.official, request, facts)
        ),
    )
    if request.dossier is None:
        yield Judgement(reason=RefusalReason.DOSSIER_MISSING, holds=not needs_dossier(agreement, grant))
        return
    dossier = own_dossier(request, facts)
    yield Judgement(reason=RefusalReason.DOSSIER_FOREIGN, holds=dossier is not None)
    if dossier is not None and grant.scope is GrantScope.CASE:
        is_open = dossier.is_open(vietnamese_day(request.at))
        yield Judgement(reason=RefusalReason.DOSSIER_CLOSED, holds=is_open)


def needs_dossier(agreement: Agreement, grant: Grant) -> bool:
    """True if a request must name a dossier: it is required, or decides on the records, or a quota counts by it."""
    return (
        Requirement.DOSSIER in agreement.requires
        or grant.scope is GrantScope.CASE
        or agreement.quota.records_per_dossier is not None
    )


def own_dossier(request: AccessRequest, facts: Facts) -> DossierFacts | None:
    """Return the dossier that the request names if it is the consumer's; None if it is not, or does not exist."""
    dossier = facts.dossier
    if dossier is None or dossier.code != request.dossier or dossier.agency is None:
        return None
    is_own = facts.agencies.code(dossier.agency) in facts.agencies.own(request.consumer)
    return dossier if is_own else None


def _is_official(official: str, request: AccessRequest, facts: Facts) -> bool:
    """True if an id is that of an official of the consumer who acts for it on the day of the request."""
    if official not in facts.officials:
        return False
    return facts.officials[official].acts_for(request.consumer, vietnamese_day(request.at), facts.agencies)


def _records_left(request: AccessRequest, facts: Facts, agreement: Agreement) -> int | None:
    quota, day = agreement.quota, vietnamese_day(request.at)
    uses = [use for use in facts.uses if use.agreement == agreement.id]
    remaining = list[int]()
    if quota.records_per_day is not None:
        remaining.append(quota.records_per_day - sum(use.records for use in uses if use.day == day))
    if quota.records_per_dossier is not None and request.dossier is not None:
        remaining.append(quota.records_per_dossier - sum(use.records for use in uses if use.dossier == request.dossier))
    return min(remaining, default=None)
