"""Agencies (cơ quan, đơn vị) as a tree, and what became of them.

An agency has an identifier by QCVN 102:2016/BTTTT (000.00.05.H09), one by QĐ 20/2020/QĐ-TTg (H09.5), or both; the order
in which the latter is written is unverified, so both orders are read. Codes in old dossiers stay valid for ever: an
agency that was merged keeps its record, with its last day and its successors.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, TypeAlias

from cchc_schemas.codes import AgencyCode
from cchc_schemas.construction import ends_before
from cchc_schemas.dates import PartialDate
from cchc_schemas.faults import Note
from cchc_schemas.measures import Limits
from cchc_schemas.records import Part, Record
from cchc_schemas.text import Text

Share: TypeAlias = Annotated[Decimal, Limits(rule="share_negative", least=Decimal(0))]
"""Share of a whole, not negative; 1 is all of it."""

_WHOLE = Decimal(1)


class AgencyKind(StrEnum):
    """Kind of agency (loại cơ quan)."""

    MINISTRY = "ministry"
    """Ministry or agency of the Government (bộ, cơ quan ngang bộ)."""
    PROVINCE = "province"
    """People's committee of a province (ủy ban nhân dân cấp tỉnh)."""
    DEPARTMENT = "department"
    """Department of a province (sở, ban, ngành)."""
    DISTRICT = "district"
    """People's committee of a district (ủy ban nhân dân cấp huyện), abolished on 1 July 2025."""
    COMMUNE = "commune"
    """People's committee of a commune (ủy ban nhân dân cấp xã)."""
    ZONE = "zone"
    """Management board of industrial or economic zones (ban quản lý khu công nghiệp, khu kinh tế)."""
    UNIT = "unit"
    """Unit of another agency (đơn vị trực thuộc): a branch, a centre, an office."""
    OTHER = "other"
    """Another organization (cơ quan, tổ chức khác)."""


class AgencySuccessor(Part):
    """Agency that took over from another one (cơ quan kế thừa)."""

    code: AgencyCode
    """Its code (mã định danh cơ quan)."""
    share: Share | None = None
    """Share that it took over (tỷ lệ tiếp nhận), 1 for all of it."""


class Agency(Record):
    """Agency or unit with an identifier (cơ quan)."""

    record_type: ClassVar[str] = "agency"

    code: AgencyCode
    """Identifier by which this record is found (mã định danh cơ quan), of either system."""
    code_qcvn_102: AgencyCode | None = None
    """Identifier by QCVN 102:2016/BTTTT (mã định danh theo QCVN 102:2016): 000.00.05.H09."""
    code_qd_20: AgencyCode | None = None
    """Identifier by QĐ 20/2020/QĐ-TTg (mã định danh điện tử theo QĐ 20/2020): H09.5."""
    name: Text
    """Name (tên cơ quan)."""
    kind: AgencyKind | None = None
    """Kind (loại cơ quan)."""
    parent_code: AgencyCode | None = None
    """Agency that it belongs to (mã cơ quan cấp trên)."""
    valid_from: PartialDate | None = None
    """First day of its existence (ngày thành lập)."""
    valid_to: PartialDate | None = None
    """Last day of its existence (ngày kết thúc hoạt động)."""
    successors: tuple[AgencySuccessor, ...] | None = None
    """Agencies that took over from it (các cơ quan kế thừa); empty: none did."""
    legal_act: Text | None = None
    """Act that established, merged or ended it (văn bản thành lập, sắp xếp)."""

    @property
    def key(self) -> str:
        """The identifier."""
        return self.code

    def validity(self) -> tuple[date | None, date | None]:
        """Return the first and the last day of its existence."""
        return (
            None if self.valid_from is None else self.valid_from.earliest(),
            None if self.valid_to is None else self.valid_to.latest(),
        )

    def quality_notes(self) -> Iterable[Note]:
        """Yield `dates_out_of_order`, `shares_exceed_whole` and `agency_above_itself`."""
        if ends_before(self.valid_from, self.valid_to):
            yield Note("valid_to", "dates_out_of_order")
        if sum((successor.share or 0 for successor in self.successors or ()), Decimal(0)) > _WHOLE:
            yield Note("successors", "shares_exceed_whole")
        if self.parent_code in {self.code, self.code_qcvn_102, self.code_qd_20} - {None}:
            yield Note("parent_code", "agency_above_itself")
