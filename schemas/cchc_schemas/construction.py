"""Construction records: the permit and the works it is for.

Fields by Điều 49 and 55 NĐ 217/2026/NĐ-CP and as observed at the Department of Construction of Bình Dương
(gisxd.binhduong.gov.vn, 2022).
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import ClassVar

from cchc_schemas.admin_units import AdminScheme, CommuneCode
from cchc_schemas.codes import DossierCode, PermitKindCode, PermitStepCode, WorksStatusCode
from cchc_schemas.dates import PartialDate
from cchc_schemas.faults import Note
from cchc_schemas.geometry import Geometry, LocatedRecord
from cchc_schemas.identity_numbers import IdentityNumber
from cchc_schemas.measures import Measure
from cchc_schemas.parcel_refs import ParcelRef
from cchc_schemas.personal import Personal, PersonalNumber
from cchc_schemas.records import Part
from cchc_schemas.text import KeyText, Text


class PermitStatus(StrEnum):
    """Status of a permit (tình trạng giấy phép); adapters map their source's codes to it."""

    REQUESTED = "permit_requested"
    """Applied for (đã nộp hồ sơ)."""
    IN_REVIEW = "permit_in_review"
    """Being examined (đang thẩm định)."""
    ISSUED = "permit_issued"
    """Issued (đã cấp)."""
    ADJUSTED = "permit_adjusted"
    """Adjusted after issue (đã điều chỉnh)."""
    EXTENDED = "permit_extended"
    """Extended (đã gia hạn)."""
    REFUSED = "permit_refused"
    """Refused (không cấp)."""
    EXPIRED = "permit_expired"
    """Expired before works began (hết hạn)."""
    REVOKED = "permit_revoked"
    """Revoked (bị thu hồi). Source: Điều 65 NĐ 217/2026/NĐ-CP."""
    CANCELLED = "permit_cancelled"
    """Cancelled (bị hủy). Source: Điều 65 NĐ 217/2026/NĐ-CP."""
    UNKNOWN = "unknown"
    """Not stated by the source (không rõ)."""


class WorksGrade(StrEnum):
    """Grade of works (cấp công trình). Source: TT 06/2021/TT-BXD."""

    SPECIAL = "special"
    """Special grade (cấp đặc biệt)."""
    I = "I"  # noqa: E741  # the name of the grade
    """Grade I (cấp I)."""
    II = "II"
    """Grade II (cấp II)."""
    III = "III"
    """Grade III (cấp III)."""
    IV = "IV"
    """Grade IV (cấp IV)."""


class LandDocument(Part):
    """Document that permits building on the land (giấy tờ đất đai). Source: Điều 55 NĐ 217/2026/NĐ-CP."""

    kind: Text
    """Kind of document (loại giấy tờ)."""
    number: Text
    """Number of the document (số giấy tờ)."""


class ConstructionPermit(LocatedRecord):
    """Construction permit (giấy phép xây dựng)."""

    record_type: ClassVar[str] = "construction_permit"

    permit_code: KeyText
    """Code given by the source (mã công trình cấp phép); not the printed number, which is not unique."""
    permit_number: Text | None = None
    """Number printed on the permit (số giấy phép)."""
    dossier_code: DossierCode | None = None
    """Dossier of the application (mã hồ sơ)."""
    works_code: KeyText | None = None
    """Works it is for (mã công trình)."""
    name: Text
    """Name of the works (tên công trình)."""
    kind: PermitKindCode
    """Kind of permit (loại giấy phép xây dựng)."""
    step: PermitStepCode | None = None
    """Current step of its dossier (bước xử lý hồ sơ)."""
    status: PermitStatus
    """Status (tình trạng giấy phép)."""
    investor_name: Personal[Text | None] = None
    """Investor (chủ đầu tư), often a private person."""
    investor_code: PersonalNumber[IdentityNumber | None] = None
    """Investor's identity or registration number (số định danh, mã số doanh nghiệp)."""
    address: Text | None = None
    """Location of the works (địa điểm xây dựng)."""
    scheme: AdminScheme
    """Scheme of the administrative code (danh mục đơn vị hành chính)."""
    commune_code: CommuneCode
    """Commune (mã xã, phường) in that scheme, five digits."""
    parcel_refs: tuple[ParcelRef, ...] = ()
    """Parcels built on (thửa đất xây dựng)."""
    measures: tuple[Measure, ...] = ()
    """Permitted measures (thông số cấp phép): floors, heights, densities."""
    issued_on: PartialDate | None = None
    """Day of issue (ngày cấp)."""
    expires_on: PartialDate | None = None
    """Last day on which works may begin (ngày hết hạn)."""
    authority: Text | None = None
    """Agency that issued it (cơ quan cấp)."""
    land_document: LandDocument | None = None
    """Document that permits building on the land (giấy tờ đất đai)."""
    geometry: Geometry | None = None
    """Location and shape (vị trí công trình)."""

    def validity(self) -> tuple[date | None, date | None]:
        """Return the day of issue and the last day on which works may begin."""
        return (
            None if self.issued_on is None else self.issued_on.earliest(),
            None if self.expires_on is None else self.expires_on.latest(),
        )

    @property
    def key(self) -> str:
        """The code given by the source."""
        return self.permit_code

    def quality_notes(self) -> Iterable[Note]:
        """Yield `dates_out_of_order` if the permit expires before its day of issue."""
        if ends_before(self.issued_on, self.expires_on):
            yield Note("expires_on", "dates_out_of_order")


class ConstructionWorks(LocatedRecord):
    """Construction works (công trình xây dựng)."""

    record_type: ClassVar[str] = "construction_works"

    works_code: KeyText
    """Code given by the source (mã công trình)."""
    name: Text
    """Name (tên công trình)."""
    status: WorksStatusCode
    """Status (hiện trạng công trình)."""
    grade: WorksGrade | None = None
    """Grade (cấp công trình). Source: TT 06/2021/TT-BXD."""
    kind: Text | None = None
    """Kind (loại công trình): dân dụng, công nghiệp, giao thông."""
    scheme: AdminScheme
    """Scheme of the administrative code (danh mục đơn vị hành chính)."""
    commune_code: CommuneCode
    """Commune (mã xã, phường) in that scheme, five digits."""
    address: Text | None = None
    """Location (địa điểm)."""
    parcel_refs: tuple[ParcelRef, ...] = ()
    """Parcels they stand on (thửa đất)."""
    measures: tuple[Measure, ...] = ()
    """Measures (thông số công trình)."""
    started_on: PartialDate | None = None
    """When works began (ngày khởi công)."""
    completed_on: PartialDate | None = None
    """When they were completed (ngày hoàn công)."""
    geometry: Geometry | None = None
    """Location and shape (vị trí công trình)."""

    @property
    def key(self) -> str:
        """The code given by the source."""
        return self.works_code

    def quality_notes(self) -> Iterable[Note]:
        """Yield `dates_out_of_order` if the works were completed before they began."""
        if ends_before(self.started_on, self.completed_on):
            yield Note("completed_on", "dates_out_of_order")


def out_of_order(course: Iterable[tuple[str, datetime | None]]) -> Iterator[Note]:
    """Yield `dates_out_of_order` for each instant of a course that is before the last one that is stated."""
    stated = [(name, at) for name, at in course if at is not None]
    yield from (Note(name, "dates_out_of_order") for (_, before), (name, at) in pairwise(stated) if at < before)


def ends_before(begun: PartialDate | None, ended: PartialDate | None) -> bool:
    """True if `ended` is certainly before `begun`.

    >>> ends_before(PartialDate(2021, 9), PartialDate(2021))
    False
    """
    return begun is not None and ended is not None and ended.latest() < begun.earliest()
