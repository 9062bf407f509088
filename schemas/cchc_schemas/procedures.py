"""Administrative procedures (thủ tục hành chính, TTHC) as the national catalogue describes them.

Fields as observed in the responses of LayThuTuc (VietOpenCPS/opencps-v2, 2020, and later clients). Terms and
fees may be prose, so there is a text field for each number.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import ClassVar

from cchc_schemas.codes import FieldCode, ProcedureCode, ServiceLevelCode
from cchc_schemas.dates import PartialDate
from cchc_schemas.measures import AmountVnd, Count, Duration
from cchc_schemas.records import Part, Record
from cchc_schemas.text import Text


class Channel(IntEnum):
    """How a dossier is submitted (kênh thực hiện). Source: KenhThucHien of the national portal."""

    DIRECT = 1
    """At the counter (trực tiếp)."""
    ONLINE = 2
    """Online (trực tuyến)."""
    POST = 3
    """By public post (bưu chính công ích)."""


class ProcedureLevel(IntEnum):
    """Level of government that carries a procedure out (cấp thực hiện). Source: CAPTHUCHIEN."""

    MINISTRY = 0
    """Ministry (cấp bộ)."""
    PROVINCE = 1
    """Province (cấp tỉnh)."""
    DISTRICT = 2
    """District (cấp huyện), abolished on 1 July 2025."""
    COMMUNE = 3
    """Commune (cấp xã)."""


class Fee(Part):
    """Fee or charge (phí, lệ phí)."""

    code: Text | None = None
    """Code of the fee (mã phí, lệ phí)."""
    amount_vnd: AmountVnd | None = None
    """Amount (số tiền), đồng; None if the source wrote prose."""
    raw: Text | None = None
    """The source's text (nguyên văn)."""
    description: Text | None = None
    """Explanation (mô tả)."""


class ProcessingTerm(Part):
    """Processing time (thời gian giải quyết)."""

    duration: Duration | None = None
    """Duration (thời gian), in `unit`; None if the source wrote prose."""
    unit: Text | None = None
    """Unit (đơn vị tính): "Ngày làm việc", "Ngày", "Giờ"."""
    raw: Text | None = None
    """The source's text (nguyên văn)."""
    description: Text | None = None
    """Explanation (mô tả)."""
    fees: tuple[Fee, ...] = ()
    """Fees (phí, lệ phí)."""


class ProcedureChannel(Part):
    """One way to submit, with its terms and fees (cách thức thực hiện)."""

    channel: Channel
    """Channel (kênh)."""
    terms: tuple[ProcessingTerm, ...] = ()
    """Terms (thời gian giải quyết)."""


class DossierComponent(Part):
    """Paper that a dossier consists of (thành phần hồ sơ)."""

    code: Text | None = None
    """Code (mã giấy tờ)."""
    name: Text
    """Name (tên giấy tờ)."""
    case: Text | None = None
    """Case in which it is required (trường hợp)."""
    originals: Count | None = None
    """Number of originals (số bản chính)."""
    copies: Count | None = None
    """Number of copies (số bản sao)."""


class ResultKind(Part):
    """Result of the procedure (kết quả thực hiện)."""

    code: Text | None = None
    """Code (mã kết quả): "KQ.G15.000031"."""
    name: Text
    """Name (tên kết quả)."""


class LegalBasis(Part):
    """Legal act on which the procedure is based (căn cứ pháp lý)."""

    number: Text | None = None
    """Number of the act (số văn bản)."""
    name: Text | None = None
    """Its title (trích yếu)."""
    issued_on: PartialDate | None = None
    """Day of issue (ngày ban hành)."""
    effective_on: PartialDate | None = None
    """First day in force (ngày hiệu lực)."""
    issuer: Text | None = None
    """Who issued it (cơ quan ban hành)."""


class AgencyRef(Part):
    """Reference to an agency (đơn vị); its code is stored as the source writes it."""

    code: Text | None = None
    """Code (mã đơn vị)."""
    name: Text
    """Name (tên đơn vị)."""


class ProcedureSubject(Part):
    """Who may use a procedure (đối tượng thực hiện). Source: DOITUONGTHUCHIEN."""

    code: Text | None = None
    """Code (mã đối tượng)."""
    name: Text
    """Name (tên đối tượng): "Công dân Việt Nam"."""


_ADDED_IN_VERSION_2 = frozenset(
    {
        *("service_level", "is_eligible_online", "is_eligible_full", "is_on_national_portal", "integrated_on"),
        *("decided_on", "effective_on", "published_on", "has_fee", "gives_paper_result", "accepts_online_payment"),
        "subjects",
    }
)


class Procedure(Record):
    """Administrative procedure (thủ tục hành chính)."""

    record_type: ClassVar[str] = "procedure"
    record_version: ClassVar[int] = 2
    added_in: ClassVar[Mapping[int, frozenset[str]]] = MappingProxyType({2: _ADDED_IN_VERSION_2})

    code: ProcedureCode
    """National code (mã TTHC). Source: MATTHC."""
    name: Text
    """Name (tên thủ tục)."""
    field_code: FieldCode | None = None
    """Field (mã lĩnh vực); the same code may have two names."""
    field_name: Text | None = None
    """Name of the field (tên lĩnh vực)."""
    levels: tuple[ProcedureLevel, ...] = ()
    """Levels that carry it out (cấp thực hiện)."""
    is_public: bool
    """Whether it is published (công khai). Source: TRANGTHAI = 1."""
    kind: Text | None = None
    """Kind (loại TTHC)."""
    decision_number: Text | None = None
    """Decision that published it (số quyết định công bố)."""
    channels: tuple[ProcedureChannel, ...] = ()
    """Ways to submit (cách thức thực hiện)."""
    components: tuple[DossierComponent, ...] = ()
    """Papers of the dossier (thành phần hồ sơ)."""
    results: tuple[ResultKind, ...] = ()
    """Results (kết quả thực hiện)."""
    legal_bases: tuple[LegalBasis, ...] = ()
    """Legal bases (căn cứ pháp lý)."""
    executing_agencies: tuple[AgencyRef, ...] = ()
    """Agencies that carry it out (cơ quan thực hiện)."""
    requirements: Text | None = None
    """Conditions (yêu cầu, điều kiện)."""
    service_level: ServiceLevelCode | None = None
    """Highest level of its online service (mức độ dịch vụ công trực tuyến)."""
    is_eligible_online: bool | None = None
    """Whether it is fit for online service, partly or wholly (đủ điều kiện cung cấp dịch vụ công trực tuyến)."""
    is_eligible_full: bool | None = None
    """Whether it is fit for wholly online service (đủ điều kiện cung cấp dịch vụ công trực tuyến toàn trình)."""
    is_on_national_portal: bool | None = None
    """Whether it is integrated on the national portal (tích hợp trên Cổng Dịch vụ công quốc gia)."""
    integrated_on: PartialDate | None = None
    """Day of that integration (ngày tích hợp)."""
    decided_on: PartialDate | None = None
    """Day of the decision that published it (ngày quyết định công bố)."""
    effective_on: PartialDate | None = None
    """First day in force (ngày có hiệu lực)."""
    published_on: PartialDate | None = None
    """Day on which it was made public (ngày công khai)."""
    has_fee: bool | None = None
    """Whether a fee other than zero is due (có phí, lệ phí)."""
    gives_paper_result: bool | None = None
    """Whether its result is a paper (có kết quả là giấy tờ)."""
    accepts_online_payment: bool | None = None
    """Whether its fees can be paid online (cho phép thanh toán trực tuyến)."""
    subjects: tuple[ProcedureSubject, ...] | None = None
    """Who may use it (đối tượng thực hiện); empty: known to be nobody."""

    @property
    def key(self) -> str:
        """The national code."""
        return self.code
