"""Dossiers (hồ sơ) and their processing steps.

Status codes as observed in clients of the national portal (DongBoHoSoMC, CapNhatTienDoHoSoMC, 2020-2025).
Sources skip statuses, so an unusual transition is no reason to refuse a record.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC
from enum import IntEnum
from functools import cache
from types import MappingProxyType
from typing import ClassVar

from cchc_schemas.codes import (
    AgencyCode,
    DossierCode,
    DossierReference,
    FieldCode,
    PaymentStatusCode,
    ProcedureCode,
    ResultCode,
    ServiceCode,
    SubmissionPlaceCode,
)
from cchc_schemas.construction import out_of_order
from cchc_schemas.dates import Instant
from cchc_schemas.dossier_parts import DossierFee, OtherPaper, ResultPaper, SubmittedPaper, SupplementRound
from cchc_schemas.faults import Note
from cchc_schemas.identity_numbers import IdentityNumber
from cchc_schemas.package_tables import package_table
from cchc_schemas.personal import Personal, PersonalNumber
from cchc_schemas.procedures import Channel
from cchc_schemas.records import Record
from cchc_schemas.text import KeyText, Text

STATUS_KEPT = "status_kept"
"""Rule of the note that a source's status says nothing of the national one, so that the last one is kept."""


class DossierStatus(IntEnum):
    """Status of a dossier (trạng thái hồ sơ). Source: TrangThaiHoSo of the national portal."""

    REGISTERED = 1
    """Newly registered (mới đăng ký)."""
    RECEIVED = 2
    """Received (được tiếp nhận)."""
    REFUSED = 3
    """Refused at intake (không được tiếp nhận)."""
    IN_PROCESS = 4
    """In process (đang xử lý)."""
    SUPPLEMENT_REQUESTED = 5
    """More papers are requested (yêu cầu bổ sung giấy tờ); the processing time is suspended."""
    PAYMENT_REQUESTED = 6
    """A payment is requested (yêu cầu thực hiện nghĩa vụ tài chính); the processing time is suspended."""
    WITHDRAWN = 7
    """Withdrawn by the citizen (công dân yêu cầu rút hồ sơ)."""
    STOPPED = 8
    """Stopped (dừng xử lý)."""
    PROCESSED = 9
    """Processed (đã xử lý xong)."""
    RETURNED = 10
    """Result returned (đã trả kết quả)."""


class ApplicantKind(IntEnum):
    """Kind of applicant (loại đối tượng). Source: LoaiDoiTuong of the national portal."""

    CITIZEN = 1
    """Citizen (công dân)."""
    BUSINESS = 2
    """Business (doanh nghiệp)."""
    STATE_AGENCY = 3
    """State agency (cơ quan nhà nước)."""
    OTHER = 4
    """Other organization (tổ chức khác)."""


_ADDED_IN_VERSION_2 = frozenset(
    {
        *("receipt_number", "service_code", "submitted_via", "is_authenticated", "is_signed"),
        *("due_original_at", "refused_at", "withdrawn_at", "stopped_at", "supplements"),
        *("payment", "fees", "submitted_papers", "other_papers", "has_digitised_components", "has_reused_components"),
        *("national_databases", "result_code", "result_is_linked", "result_papers"),
    }
)


class Dossier(Record):
    """Dossier (hồ sơ)."""

    record_type: ClassVar[str] = "dossier"
    record_version: ClassVar[int] = 2
    added_in: ClassVar[Mapping[int, frozenset[str]]] = MappingProxyType({2: _ADDED_IN_VERSION_2})

    code: DossierCode
    """National code (mã hồ sơ). Source: MaHoSo."""
    procedure_code: ProcedureCode
    """Procedure (mã TTHC)."""
    procedure_name: Text | None = None
    """Name of the procedure (tên TTHC)."""
    field_code: FieldCode | None = None
    """Field (mã lĩnh vực)."""
    field_name: Text | None = None
    """Name of the field (tên lĩnh vực)."""
    agency_code: AgencyCode | None = None
    """Agency in charge (mã đơn vị xử lý)."""
    agency_name: Text | None = None
    """Its name (tên đơn vị xử lý)."""
    status: DossierStatus
    """Status (trạng thái hồ sơ)."""
    source_status: Text | None = None
    """Status as the source writes it (trạng thái tại nguồn)."""
    channel: Channel | None = None
    """How it was submitted (kênh thực hiện); None counts as direct in QĐ 766/QĐ-TTg."""
    applicant_name: Personal[Text | None] = None
    """Applicant (chủ hồ sơ)."""
    applicant_kind: ApplicantKind | None = None
    """Kind of applicant (loại đối tượng)."""
    applicant_id: PersonalNumber[IdentityNumber | None] = None
    """Applicant's identity or registration number (số giấy tờ chủ hồ sơ)."""
    applicant_phone: PersonalNumber[Text | None] = None
    """Applicant's telephone (số điện thoại)."""
    applicant_email: Personal[Text | None] = None
    """Applicant's e-mail address (thư điện tử)."""
    summary: Text | None = None
    """Summary of the request (trích yếu hồ sơ)."""
    submitted_at: Instant | None = None
    """When it was submitted (ngày nộp hồ sơ), UTC."""
    received_at: Instant | None = None
    """When it was received (ngày tiếp nhận), UTC."""
    due_at: Instant | None = None
    """When the result is due (ngày hẹn trả), UTC, as currently stated by the source; never recomputed."""
    processed_at: Instant | None = None
    """When processing ended (ngày kết thúc xử lý), UTC."""
    returned_at: Instant | None = None
    """When the result was returned (ngày trả kết quả), UTC."""
    return_by_post: bool | None = None
    """Whether the result is sent by post (trả kết quả qua bưu điện)."""
    processing_unit: Text | None = None
    """Unit that processes it (đơn vị xử lý)."""
    receipt_number: DossierReference | None = None
    """Number of the receipt (số biên nhận). Source: SoBienNhan."""
    service_code: ServiceCode | None = None
    """Local public service (mã dịch vụ công)."""
    submitted_via: SubmissionPlaceCode | None = None
    """Portal on which it was submitted (nơi nộp hồ sơ). Source: NoiNopHoSo."""
    is_authenticated: bool | None = None
    """Whether the applicant's account was authenticated by VNeID (tài khoản được xác thực với VNeID)."""
    is_signed: bool | None = None
    """Whether it was signed digitally (hồ sơ được ký số)."""
    due_original_at: Instant | None = None
    """When the result was due at first (ngày hẹn trả ban đầu), UTC; `due_at` may have been moved since."""
    refused_at: Instant | None = None
    """When it was refused at intake (ngày từ chối), UTC. Source: NgayTuChoi."""
    withdrawn_at: Instant | None = None
    """When the applicant withdrew it (ngày rút hồ sơ), UTC."""
    stopped_at: Instant | None = None
    """When processing was stopped (ngày dừng xử lý), UTC."""
    supplements: tuple[SupplementRound, ...] | None = None
    """Supplement rounds (các lần bổ sung hồ sơ); empty: there was none."""
    payment: PaymentStatusCode | None = None
    """How its fees are paid (tình trạng thanh toán trực tuyến). Source: DuocThanhToanTrucTuyen."""
    fees: tuple[DossierFee, ...] | None = None
    """Fees (phí, lệ phí); empty: there is none."""
    submitted_papers: tuple[SubmittedPaper, ...] | None = None
    """Papers that were submitted as files (tài liệu nộp); empty: there is none."""
    other_papers: tuple[OtherPaper, ...] | None = None
    """Papers without a file (giấy tờ khác); empty: there is none."""
    has_digitised_components: bool | None = None
    """Whether papers of it were digitised (hồ sơ có thành phần số hóa). Source: HoSoCoThanhPhanSoHoa."""
    has_reused_components: bool | None = None
    """Whether digitised papers were reused for it (tái sử dụng dữ liệu số hóa)."""
    national_databases: tuple[Text, ...] | None = None
    """Databases that were used for it (cơ sở dữ liệu đã kết nối), by the portal's codes, which are not public."""
    result_code: ResultCode | None = None
    """Kind of its result (mã kết quả)."""
    result_is_linked: bool | None = None
    """Whether the result can be loaded as a file (có đường dẫn kết quả điện tử)."""
    result_papers: tuple[ResultPaper, ...] | None = None
    """Papers that are its result (giấy tờ kết quả); empty: there is none."""

    @property
    def key(self) -> str:
        """The national code."""
        return self.code

    def quality_notes(self) -> Iterable[Note]:
        """Yield `dates_out_of_order` for every instant that is earlier than the one before it, in rounds too."""
        course = (
            ("submitted_at", self.submitted_at),
            ("received_at", self.received_at),
            ("processed_at", self.processed_at),
            ("returned_at", self.returned_at),
        )
        yield from out_of_order(course)
        if self.due_at and self.received_at and self.due_at < self.received_at:
            yield Note("due_at", "dates_out_of_order")
        for number, supplement in enumerate(self.supplements or ()):
            asked_at, supplied_at = supplement.asked_at, supplement.supplied_at
            if asked_at is not None and supplied_at is not None and supplied_at < asked_at:
                yield Note(f"supplements.{number}.supplied_at", "dates_out_of_order")


class DossierStep(Record):
    """Processing step of a dossier (bước xử lý hồ sơ)."""

    record_type: ClassVar[str] = "dossier_step"
    optional_key_fields: ClassVar[frozenset[str]] = frozenset({"action_code"})

    dossier_code: DossierCode
    """Dossier (mã hồ sơ)."""
    at: Instant
    """When it was done (thời điểm xử lý), UTC."""
    action: KeyText
    """What was done (nội dung xử lý)."""
    action_code: KeyText | None = None
    """The source's code of the action (mã thao tác)."""
    status: DossierStatus
    """Status of the dossier after the step (trạng thái hồ sơ)."""
    handler_name: Personal[Text | None] = None
    """Official (người xử lý)."""
    handler_title: Text | None = None
    """The official's title (chức danh)."""
    department: Text | None = None
    """Department (phòng ban xử lý)."""
    started_at: Instant | None = None
    """When the step began (ngày bắt đầu), UTC."""
    due_at: Instant | None = None
    """When it must be finished (ngày kết thúc theo quy định), UTC."""
    note: Text | None = None
    """Remark (ghi chú)."""

    @property
    def key(self) -> str:
        """Dossier, instant and action; sources have no identifiers for steps."""
        return f"{self.dossier_code}@{self.at.astimezone(UTC):%Y%m%dT%H%M%SZ}@{self.action_code or self.action}"

    @property
    def order_key(self) -> str:
        """The dossier's code: steps of one dossier are delivered in order."""
        return self.dossier_code


def is_usual_transition(before: DossierStatus | None, after: DossierStatus) -> bool:
    """True if a dossier usually changes from `before` to `after`; `before` is None for a new dossier.

    >>> is_usual_transition(DossierStatus.RECEIVED, DossierStatus.IN_PROCESS)
    True
    >>> is_usual_transition(DossierStatus.RECEIVED, DossierStatus.RETURNED)
    False
    """
    return before == after or (before, after) in _usual_transitions()


@cache
def _usual_transitions() -> frozenset[tuple[DossierStatus | None, DossierStatus]]:
    return frozenset(
        (DossierStatus(int(row["before"])) if row["before"] else None, DossierStatus(int(row["after"])))
        for row in package_table("dossier_transitions").rows
    )
