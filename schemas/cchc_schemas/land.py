"""Land records: the parcel with its uses, certificates and holders, and the changes of parcels.

Fields as observed in VBDLIS, MPLIS and ELIS client code; terms of Luật Đất đai 31/2024/QH15. A parcel has
two keys: commune, sheet and number within a scheme, and since TT 19/2026/TT-BNNMT a national code. Neither
is reliable alone, so both are stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from cchc_schemas.admin_units import AdminScheme, CommuneCode
from cchc_schemas.codes import (
    CertificateSerial,
    DossierReference,
    LandChangeCode,
    LandUseCode,
    MapSheetNumber,
    NationalParcelId,
    ParcelKey,
    ParcelNumber,
)
from cchc_schemas.dates import Instant, PartialDate, vietnamese_day
from cchc_schemas.faults import Note
from cchc_schemas.geometry import Geometry, LocatedRecord
from cchc_schemas.identity_numbers import IdentityNumber
from cchc_schemas.land_use_catalogues import is_in_catalogue
from cchc_schemas.measures import AreaM2
from cchc_schemas.parcel_refs import ParcelRef, parcel_key
from cchc_schemas.personal import Personal, PersonalNumber
from cchc_schemas.records import Part, Record
from cchc_schemas.text import KeyText, Text


class HolderKind(StrEnum):
    """Kind of right holder (loại người sử dụng đất). Source: holder kinds of VBDLIS."""

    INDIVIDUAL = "individual"
    """Individual (cá nhân)."""
    COUPLE = "couple"
    """Married couple (vợ chồng)."""
    HOUSEHOLD = "household"
    """Household (hộ gia đình)."""
    ORGANIZATION = "organization"
    """Organization (tổ chức)."""
    COMMUNITY = "community"
    """Community (cộng đồng dân cư)."""


class RestrictionKind(StrEnum):
    """Kind of restriction (loại hạn chế). Source: restriction codes 1-5 of ELIS."""

    REVOCATION = "revocation"
    """The State is recovering the land (đang thực hiện thu hồi đất)."""
    CORRIDOR = "corridor"
    """In a protected corridor (hành lang)."""
    CONSTRUCTION = "construction"
    """Building is restricted (hạn chế xây dựng)."""
    DISPUTE = "dispute"
    """In dispute (tranh chấp)."""
    FREEZE = "freeze"
    """Transactions are blocked (phong tỏa, ngăn chặn)."""
    OTHER = "other"
    """Other (khác)."""


class LandUse(Part):
    """One use of a parcel (mục đích sử dụng đất); a parcel may have many."""

    code: LandUseCode
    """Land use code (mã loại đất). Source: TT 08/2024/TT-BTNMT, Phụ lục II, and older catalogues."""
    catalogue: Text
    """Catalogue of the code (danh mục loại đất): some codes changed their meaning."""
    area_m2: AreaM2 | None = None
    """Area under this use (diện tích), m², above 0."""
    term: Text | None = None
    """Term of use (thời hạn sử dụng) as the source writes it: "Lâu dài"."""
    expires_on: PartialDate | None = None
    """Last day of the term (ngày hết hạn sử dụng)."""
    origin: Text | None = None
    """Origin of the right (nguồn gốc sử dụng)."""


class Certificate(Part):
    """Certificate of land use rights (giấy chứng nhận, GCN); one may cover many parcels."""

    serial: CertificateSerial
    """Serial (số phát hành), upper case without spaces."""
    book_number: KeyText | None = None
    """Number in the register (số vào sổ)."""
    issued_on: PartialDate | None = None
    """Day of issue (ngày cấp)."""
    dossier_code: DossierReference | None = None
    """Dossier of the certificate (mã hồ sơ, số biên nhận)."""


class RightHolder(Part):
    """Holder of a right to the parcel (người sử dụng đất)."""

    kind: HolderKind
    """Kind of holder (loại người sử dụng đất)."""
    name: Personal[Text]
    """Name (họ tên, tên tổ chức) as written on the paper."""
    id_number: PersonalNumber[IdentityNumber | None] = None
    """Number of the identity or registration paper (số giấy tờ)."""
    birth: Personal[PartialDate | None] = None
    """Date of birth (ngày sinh), often the year alone."""
    address: Personal[Text | None] = None
    """Address (địa chỉ) of the holder."""
    share: Text | None = None
    """Share of the right (tỷ lệ sở hữu) as the source writes it."""


class Restriction(Part):
    """Restriction of the right to use the land (hạn chế quyền sử dụng đất)."""

    kind: RestrictionKind
    """Kind of restriction (loại hạn chế)."""
    document_number: Text | None = None
    """Number of the document that ordered it (số văn bản)."""
    issued_on: PartialDate | None = None
    """Day of that document (ngày ban hành)."""
    note: Text | None = None
    """Explanation (ghi chú)."""


class LandParcel(LocatedRecord):
    """Land parcel (thửa đất)."""

    record_type: ClassVar[str] = "land_parcel"
    quality_inputs: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType(
        {"uses_area_differs": frozenset({"uses", "area_m2", "legal_area_m2"})}
    )

    rounding_m2: ClassVar[Decimal] = Decimal("0.05")
    """Largest rounding error of each area, m²: offices state areas to 0.1 m². Larger differences are noted."""
    plausible_ratio: ClassVar[int] = 50
    """Largest plausible ratio of the two areas; above it, a confusion of units (m², ha) is likely."""

    scheme: AdminScheme
    """Scheme of the administrative code (danh mục đơn vị hành chính)."""
    commune_code: CommuneCode
    """Commune (mã xã, phường) in that scheme, five digits. Source: General Statistics Office."""
    map_sheet: MapSheetNumber
    """Number of the cadastral map sheet (số hiệu tờ bản đồ)."""
    parcel_number: ParcelNumber
    """Number of the parcel in its sheet (số thứ tự thửa)."""
    national_id: NationalParcelId | None = None
    """National parcel code (mã định danh thửa đất), as issued. Source: TT 19/2026/TT-BNNMT, Điều 11.3."""
    previous_keys: tuple[ParcelKey, ...] = ()
    """Former keys of the parcel (số tờ, số thửa cũ); certificates still print them."""
    area_m2: AreaM2 | None = None
    """Measured area (diện tích đo đạc), m², above 0."""
    legal_area_m2: AreaM2 | None = None
    """Legal area (diện tích pháp lý), as on the papers, m², above 0."""
    address: Text | None = None
    """Address of the parcel (địa chỉ thửa đất)."""
    uses: tuple[LandUse, ...] = ()
    """Uses (mục đích sử dụng đất)."""
    certificates: tuple[Certificate, ...] = ()
    """Certificates (giấy chứng nhận)."""
    holders: tuple[RightHolder, ...] = ()
    """Right holders (người sử dụng đất)."""
    restrictions: tuple[Restriction, ...] = ()
    """Restrictions (hạn chế quyền)."""
    is_encroached: bool | None = None
    """Whether it is occupied without right (là đối tượng chiếm đất); None if the source does not say."""
    in_dispute: bool | None = None
    """Whether it is in dispute (đang tranh chấp); None if the source does not say."""
    geometry: Geometry | None = None
    """Boundary (ranh giới thửa đất)."""

    @property
    def key(self) -> str:
        """Scheme, commune, map sheet and parcel number."""
        return parcel_key(self.scheme, self.commune_code, self.map_sheet, self.parcel_number)

    def quality_notes(self) -> Iterable[Note]:
        """Yield `land_use_code_not_in_force`, `uses_area_differs` and `areas_implausible`."""
        for number, use in enumerate(self.uses):
            if is_in_catalogue(use.code, use.catalogue) is False:
                yield Note(f"uses.{number}.code", "land_use_code_not_in_force")
        measured, legal = self.area_m2, self.legal_area_m2
        areas = [area for area in (measured, legal) if area is not None]
        if areas and self.uses and self._uses_differ_from(areas):
            yield Note("uses", "uses_area_differs")
        if measured and legal and (measured > legal * self.plausible_ratio or legal > measured * self.plausible_ratio):
            yield Note("legal_area_m2", "areas_implausible")

    def _uses_differ_from(self, areas: Sequence[Decimal]) -> bool:
        """True if all uses state an area and the sum equals none of `areas`, within rounding."""
        stated = [use.area_m2 for use in self.uses if use.area_m2 is not None]
        total = sum(stated, Decimal(0))
        if total in areas or len(stated) < len(self.uses):
            return False
        rounding = self.rounding_m2 * (len(stated) + 1)
        return all(abs(total - area) > rounding for area in areas)


class LandChange(Record):
    """Change of a parcel or of a right to it (biến động đất đai)."""

    record_type: ClassVar[str] = "land_change"

    change_id: KeyText
    """Identifier given by the source (mã biến động)."""
    kind: LandChangeCode
    """Kind of change (loại biến động). Source: change codes of ELIS."""
    happened_at: Instant
    """When it was registered (thời điểm biến động), UTC."""
    from_parcels: tuple[ParcelRef, ...] = ()
    """Parcels before (thửa đất trước biến động); several where parcels were merged."""
    to_parcels: tuple[ParcelRef, ...] = ()
    """Parcels after (thửa đất sau biến động); several where one was split."""
    dossier_code: DossierReference | None = None
    """Dossier of the change (mã hồ sơ)."""
    content: Text | None = None
    """Content of the change (nội dung biến động)."""
    authority: Text | None = None
    """Agency that registered it (cơ quan thực hiện)."""

    def validity(self) -> tuple[date | None, date | None]:
        """Return the day of registration in Vietnamese time; a change has no last day."""
        return vietnamese_day(self.happened_at), None

    @property
    def key(self) -> str:
        """The identifier given by the source."""
        return self.change_id
