"""What a decision is made from: agreements with their states, acts, agencies, officials, the dossier and past use."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from cchc_connect.messages import Message
from cchc_connect.sharing.agencies import AgencyTree
from cchc_connect.sharing.agreements import Agreement, AgreementState, Grant
from cchc_schemas import RECORD_TYPES, DossierStatus, Record, vietnamese_day
from cchc_schemas.legal_acts import LegalAct, legal_acts

OPEN_AFTER_END_DAYS = 30
"""Vietnamese days after its end during which a dossier still counts as open."""

OPEN_STATUSES = frozenset(
    {
        DossierStatus.REGISTERED,
        DossierStatus.RECEIVED,
        DossierStatus.IN_PROCESS,
        DossierStatus.SUPPLEMENT_REQUESTED,
        DossierStatus.PAYMENT_REQUESTED,
        DossierStatus.PROCESSED,
    }
)
"""Statuses of a dossier that is open; of the others its end decides."""


IN_USE = frozenset({AgreementState.SIGNED, AgreementState.IN_FORCE})
"""States of what both agencies approved and nobody stopped; whether it is in force the day says."""


@dataclass(frozen=True, kw_only=True)
class StoredAgreement:
    """One version of an agreement as it is stored. Stored is what somebody did; what the calendar says never is."""

    agreement: Agreement
    """With its granted parts expanded to the fields that they had when it was applied."""
    state: AgreementState
    approved_by_provider: str | None = None
    """Id of the provider's data officer."""
    approved_by_consumer: str | None = None
    """Id of the consumer's data officer."""
    suspended_by: str | None = None
    """Code of the agency that suspended it."""
    written: Agreement | None = None
    """As it was applied, parts not expanded; None where it was not stored."""
    is_expired: bool = False
    """Whether its last day is over and nobody had ended it; `as_of` says it."""

    @property
    def was_signed(self) -> bool:
        """Whether both agencies approved it, whatever became of it."""
        return self.approved_by_provider is not None and self.approved_by_consumer is not None

    @property
    def state_message(self) -> Message:
        """Return the state in words; of what its last day alone has ended, that it expired."""
        return Message("agreement_view.expired" if self.is_expired else f"agreement_state.{self.state}")

    def as_of(self, day: date) -> "StoredAgreement":
        """Return it in its state on a Vietnamese day: in force from its first day on, ended after its last."""
        if self.state not in {*IN_USE, AgreementState.SUSPENDED}:
            return self
        if self.agreement.ends < day:
            return replace(self, state=AgreementState.ENDED, is_expired=True)
        if self.state is AgreementState.SUSPENDED:
            return self
        has_begun = self.agreement.starts <= day
        return replace(self, state=AgreementState.IN_FORCE if has_begun else AgreementState.SIGNED)


@dataclass(frozen=True, kw_only=True)
class Official:
    """An official (cán bộ) as the configuration names one; no name is kept."""

    agency: str
    """Code of the official's agency."""
    valid_to: date | None = None
    """Last day on which the official acts for it; None: without end."""
    is_data_officer: bool = False
    """Whether the official approves agreements for the agency (cán bộ phụ trách dữ liệu)."""

    def is_in_office(self, on: date) -> bool:
        """True if the official acts on the Vietnamese day `on`."""
        return self.valid_to is None or on <= self.valid_to

    def acts_for(self, agency: str, on: date, agencies: AgencyTree) -> bool:
        """True if the official acts for an agency, whose code may be of either system, on the day `on`."""
        return self.is_in_office(on) and agencies.code(self.agency) == agencies.code(agency)


@dataclass(frozen=True, kw_only=True)
class DossierFacts:
    """The dossier of a request as it is stored; instants are aware."""

    code: str
    procedure: str | None
    agency: str | None
    """Code of the agency in charge."""
    status: DossierStatus
    processed_at: datetime | None = None
    returned_at: datetime | None = None
    stopped_at: datetime | None = None
    """When it was refused, withdrawn or stopped, by its status."""

    @property
    def has_ended(self) -> bool:
        """Whether it is returned, refused, withdrawn or stopped."""
        return self.status not in OPEN_STATUSES

    @property
    def ended_at(self) -> datetime | None:
        """Return when it ended: the later of processing and return; None if it is open or that is not known."""
        if self.status in OPEN_STATUSES:
            return None
        ends = (self.stopped_at,) if self.stopped_at else (self.processed_at, self.returned_at)
        return max((at for at in ends if at is not None), default=None)

    def is_open(self, on: date) -> bool:
        """True if it is open on the Vietnamese day `on`, or ended less than 30 days before."""
        if self.status in OPEN_STATUSES:
            return True
        ended = self.ended_at
        return ended is not None and (on - vietnamese_day(ended)).days < OPEN_AFTER_END_DAYS


@dataclass(frozen=True, kw_only=True)
class AgreementUse:
    """How many records left under an agreement on one day for one dossier."""

    agreement: str
    """Id of the agreement, over its versions."""
    day: date
    dossier: str
    """Code of the dossier; empty for none."""
    records: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything a decision depends on besides the request."""

    agreements: Sequence[StoredAgreement]
    """All versions of all agreements that may matter."""
    acts: Mapping[str, LegalAct] = field(default_factory=legal_acts)
    agencies: AgencyTree = field(default_factory=AgencyTree)
    officials: Mapping[str, Official] = field(default_factory=dict[str, Official])
    """Officials by id."""
    dossier: DossierFacts | None = None
    """The dossier that the request names; None if it is not stored, or is deleted."""
    uses: Sequence[AgreementUse] = ()
    records: Mapping[str, type[Record]] = field(default_factory=lambda: RECORD_TYPES)


def is_in_force(stored: StoredAgreement, agencies: AgencyTree, day: date) -> bool:
    """True if a version, which must be the decisive one, is in force on a Vietnamese day, its acts left aside."""
    agreement = stored.agreement
    return (
        stored.was_signed
        and stored.as_of(day).state is AgreementState.IN_FORCE
        and all(agencies.is_valid(agency, day) for agency in (agreement.provider, agreement.consumer))
    )


def has_act_in_force(agreement: Agreement, grant: Grant, acts: Mapping[str, LegalAct], day: date) -> bool:
    """True if one of an agreement's acts is in force on a day, and one of the grant's own where it has such."""
    bases = [basis for basis in (agreement.legal_basis, grant.legal_basis) if basis]
    return all(any(each.act in acts and acts[each.act].in_force(day) for each in basis) for basis in bases)


def decisive_versions(agreements: Iterable[StoredAgreement]) -> Sequence[StoredAgreement]:
    """Return of each agreement the version that decides: the highest that was ever signed.

    Where none was, it is the highest; such a draft grants nothing.
    """
    versions = dict[str, StoredAgreement]()
    for stored in agreements:
        earlier = versions.get(stored.agreement.id)
        if earlier is None or _rank(stored) > _rank(earlier):
            versions[stored.agreement.id] = stored
    return tuple(versions.values())


def _rank(stored: StoredAgreement) -> tuple[bool, int]:
    return stored.was_signed, stored.agreement.version
