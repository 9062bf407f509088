"""Records of the invented province, independent of the format in which an agency's system shows them.

Facts are frozen; a change replaces the fact. `source_id` is the identifier in the agency's system and never
changes; `changed_at` is when that system last changed the record. Instants are aware and in Vietnamese time
(UTC+7, no summer time).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Generic, Protocol, TypeAlias, TypeVar

from cchc_schemas import DossierStatus

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

Ring: TypeAlias = tuple[tuple[float, float], ...]
"""A closed ring of (longitude, latitude), WGS 84 degrees, counter-clockwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An invented person or company."""

    is_company: bool
    name: str
    id_number: str
    """Identity number (số định danh cá nhân) of a person, tax code (mã số thuế) of a company."""
    birth: date | None
    birth_year_only: bool
    phone: str
    email: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelNumbering:
    """Number of a parcel in one cadastral survey: commune code, map sheet, parcel number."""

    commune: str
    district: str
    """District code (mã quận, huyện) before July 2025; "" after, because districts were abolished."""
    sheet: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseFact:
    """One use of a parcel (mục đích sử dụng đất)."""

    code: str
    area: Decimal
    expires_on: date | None
    origin: int
    """Origin of the right of use (nguồn gốc), a VBDLIS id 1..16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFact:
    """A land-use right certificate (giấy chứng nhận)."""

    certificate_id: int
    serial: str
    book_number: str
    issued_on: date
    dossier_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderFact:
    """One holder of the land-use right (người sử dụng đất)."""

    kind: int
    """VBDLIS: 0 individual, 1 couple, 2 household, 3 organization, 4 community."""
    role: str
    party: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictionFact:
    """A restriction on a parcel (hạn chế)."""

    kind: int
    """ELIS: 1 revocation, 2 corridor, 3 construction, 4 dispute, 5 freeze."""
    document_number: str
    issued_on: date
    area: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelFact:
    """A land parcel (thửa đất); areas in m²."""

    source_id: str
    changed_at: datetime
    created_at: datetime
    version: int
    numbering: ParcelNumbering
    previous: ParcelNumbering | None
    national_id: str
    area: Decimal
    legal_area: Decimal
    address: str
    uses: tuple[UseFact, ...]
    certificates: tuple[CertificateFact, ...]
    holders: tuple[HolderFact, ...]
    restrictions: tuple[RestrictionFact, ...]
    is_encroached: bool
    in_dispute: bool
    ring: Ring


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureFact:
    """An administrative procedure (thủ tục hành chính)."""

    source_id: str
    name: str
    field_code: str
    field_name: str
    level: int
    """0 ministry, 1 province, 2 district, 3 commune."""
    working_days: int
    """Processing term in working days."""
    fee_vnd: int
    permit_kind: int | None
    """Kind of the construction permit that it ends in (1..11); None for other procedures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFact:
    """One processing action on a dossier (bước xử lý)."""

    at: datetime
    status: DossierStatus
    user: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierFact:
    """A dossier (hồ sơ) at the one-stop desk."""

    source_id: str
    changed_at: datetime
    created_at: datetime
    code: str
    procedure: ProcedureFact
    agency_code: str
    agency_name: str
    applicant: Party
    online: bool
    return_by_post: bool
    summary: str
    status: DossierStatus
    opencps_status: str
    """The one-stop system's own code for the status."""
    submitted_at: datetime | None
    received_at: datetime | None
    due_at: datetime | None
    released_at: datetime | None
    finished_at: datetime | None
    actions: tuple[ActionFact, ...]
    """Every action that a listing has shown as the last one, oldest first; never empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureFact:
    """A measure as the construction department writes it: value, unit and free text."""

    name: str
    value: Decimal | None
    unit: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFact:
    """Construction site: parcels and address as the permit file writes them, in the scheme valid at that time."""

    parcels: tuple[ParcelNumbering, ...]
    """All on one map sheet of one commune; never empty."""
    address: str
    ring: Ring


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitFact:
    """A construction permit file (hồ sơ cấp phép xây dựng)."""

    source_id: str
    changed_at: datetime
    dossier_code: str
    works_code: str
    name: str
    kind: int
    history: tuple[tuple[str, datetime], ...]
    """Steps reached (tiến độ) and when, oldest first. Codes in order: TNHS TDHS LYK DTTT XTT CPXD."""
    refusal: str
    """Why the file was returned; "" if it was not."""
    investor: Party
    site: SiteFact
    parcel_ids: tuple[str, ...]
    measures: tuple[MeasureFact, ...]
    number: str
    issued_on: date | None
    expires_on: date | None
    certificate_serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorksFact:
    """Construction works (công trình xây dựng)."""

    source_id: str
    changed_at: datetime
    name: str
    status: str
    """CCTT, DXD, CHC, HC (completed) or HTH (built before there were permit files)."""
    grade: str
    kind: str
    site: SiteFact
    built_area: Decimal
    floor_area: Decimal
    floors: str
    started_on: date | None
    completed_on: date | None


class Fact(Protocol):
    """A record that a register can hold."""

    @property
    def source_id(self) -> str:
        """Identifier in the agency's system."""
        ...


FactKind = TypeVar("FactKind", bound=Fact)


class Register(Generic[FactKind]):
    """Facts of one kind in the order in which they were entered, indexed by source id."""

    def __init__(self) -> None:
        self.facts: list[FactKind] = []
        self.version = 0
        """Increases with every change."""
        self._indexes: dict[str, int] = {}

    def upsert(self, fact: FactKind) -> None:
        """Append `fact`, or replace the fact with the same source id."""
        index = self._indexes.setdefault(fact.source_id, len(self.facts))
        self.facts[index : index + 1] = [fact]
        self.version += 1

    def remove_first(self) -> FactKind:
        """Remove the fact that was entered first, and return it.

        Raises:
            IndexError: there is none.
        """
        removed = self.facts.pop(0)
        self._indexes = {fact.source_id: index for index, fact in enumerate(self.facts)}
        self.version += 1
        return removed

    def __getitem__(self, source_id: str) -> FactKind:
        return self.facts[self._indexes[source_id]]

    def __contains__(self, source_id: object) -> bool:
        return source_id in self._indexes

    def __iter__(self) -> Iterator[FactKind]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)
