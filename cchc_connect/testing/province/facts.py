"""Facts: what is so in the invented province, before any agency's system writes it down in its own way.

Facts are frozen; a change puts a new one in the old one's place. Every fact has a `source_id`, the
identifier its system gave it, which never changes, and `changed_at`, when that system last changed it.
Instants are aware and in Vietnamese time, which has no summer time.
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
    """A person or company, invented and visibly so."""

    is_company: bool
    name: str
    number: str
    """Identity number (số định danh cá nhân) of a person, tax code (mã số thuế) of a company."""
    birth: date | None
    birth_year_only: bool
    phone: str
    email: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelNumbering:
    """How a parcel is numbered in one campaign: commune code, sheet, parcel number."""

    commune: str
    district: str
    """District code (mã quận, huyện) before July 2025; "" after, when there are none."""
    sheet: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseFact:
    """One use of a parcel (mục đích sử dụng đất)."""

    code: str
    area: Decimal
    expires_on: date | None
    origin: int
    """VBDLIS origin id, 1..16."""


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
    """One right holder (chủ sử dụng) and how it holds."""

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
    days: int
    """Processing term in working days."""
    fee_vnd: int
    permit_kind: int | None
    """Kind of the construction permit it leads to (1..11), None where it leads to none."""


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
    status_word: str
    """The one-stop system's own word for it."""
    submitted_at: datetime | None
    received_at: datetime | None
    due_at: datetime | None
    released_at: datetime | None
    finished_at: datetime | None
    actions: tuple[ActionFact, ...]
    """Every action that was ever shown as the last one, in the order of time; never empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureFact:
    """A measure as the construction department writes it: value, unit and prose."""

    name: str
    value: Decimal | None
    unit: str
    prose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFact:
    """Where something is built: parcels as the file writes them, in the scheme it was written in."""

    parcels: tuple[ParcelNumbering, ...]
    """On one sheet of one commune; never empty."""
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
    """Steps reached (tiến độ), first to last: TNHS TDHS LYK DTTT XTT CPXD."""
    refusal: str
    """Why the file was given back, "" where it was not."""
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
    """CCTT, DXD, CHC, HC or HTH."""
    grade: str
    kind: str
    site: SiteFact
    built_area: Decimal
    floor_area: Decimal
    floors: str
    started_on: date | None
    completed_on: date | None


class Fact(Protocol):
    """What a register keeps."""

    @property
    def source_id(self) -> str:
        """The identifier the fact's system gave it."""
        ...


FactKind = TypeVar("FactKind", bound=Fact)


class Register(Generic[FactKind]):
    """Facts of one kind in the order they were entered, found by source id without searching."""

    def __init__(self) -> None:
        self.rows: list[FactKind] = []
        self.version = 0
        self._places: dict[str, int] = {}

    def enter(self, fact: FactKind) -> None:
        """Append a new fact, or put `fact` where the one with its source id stands."""
        place = self._places.setdefault(fact.source_id, len(self.rows))
        self.rows[place : place + 1] = [fact]
        self.version += 1

    def __getitem__(self, source_id: str) -> FactKind:
        return self.rows[self._places[source_id]]

    def __contains__(self, source_id: object) -> bool:
        return source_id in self._places

    def __iter__(self) -> Iterator[FactKind]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)
