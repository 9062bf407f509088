"""Under which agreement a record may be looked at to prove a paper: what the decision says of each allowed purpose."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from cchc_connect.sharing.decision import RefusalReason, candidates, deciding_candidate
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.stored_agreements import facts_of
from cchc_connect.sharing.terms import SharingTerms

OF_A_DOSSIER = frozenset(
    {
        RefusalReason.OFFICIAL_MISSING,
        RefusalReason.DOSSIER_MISSING,
        RefusalReason.DOSSIER_FOREIGN,
        RefusalReason.DOSSIER_CLOSED,
        RefusalReason.QUOTA,
    }
)
"""What only a dossier and an official can answer."""


@dataclass(frozen=True, kw_only=True)
class EvidenceAccess:
    """What an agreement says of a request."""

    request: AccessRequest
    """The request, with the purpose that fits best."""
    agreement: str | None
    """Id and version of the agreement that allows it, or came nearest."""
    failures: tuple[RefusalReason, ...]
    """Why it is not allowed; empty if it is."""


def evidence_access(
    connection: Connection,
    terms: SharingTerms,
    request: AccessRequest,
    purposes: Sequence[str],
    *,
    leaving_out: Collection[RefusalReason] = (),
) -> EvidenceAccess:
    """Return what the agreements say of a request for the first purpose that one allows, or that comes nearest.

    Nothing is disclosed, counted or recorded.

    Args:
        connection: an open transaction.
        terms: terms of the configuration, with the agencies of the database.
        request: the request; its purpose is one of `purposes`.
        purposes: codes of the purposes for which it may be made, the preferred one first.
        leaving_out: reasons that do not count: `OF_A_DOSSIER` where there is none yet.
    """
    accesses = [_access(connection, terms, replace(request, purpose=purpose), leaving_out) for purpose in purposes]
    return min(accesses, key=lambda access: len(access.failures))


def _access(
    connection: Connection, terms: SharingTerms, request: AccessRequest, leaving_out: Collection[RefusalReason]
) -> EvidenceAccess:
    chosen = deciding_candidate(candidates(request, facts_of(connection, terms, request)))
    if chosen is None:
        return EvidenceAccess(request=request, agreement=None, failures=(RefusalReason.NO_AGREEMENT,))
    failures = tuple(reason for reason in chosen.failures if reason not in leaving_out)
    return EvidenceAccess(request=request, agreement=chosen.stored.agreement.reference, failures=failures)
