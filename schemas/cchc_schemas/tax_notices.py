"""Tax notices (thông báo thuế): what an applicant must pay for a dossier on land before it goes on.

Fields as observed in a one-stop system that receives them from land systems (GuiKetQuaThue, 2025) and in MPLIS client
code (NGHIAVUTAICHINH). No public message says that a notice was paid, so `payment_status` is our own list.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from cchc_schemas.codes import DossierReference, TaxPaymentStatusCode
from cchc_schemas.dates import Instant, PartialDate
from cchc_schemas.faults import Note
from cchc_schemas.identity_numbers import TaxCode
from cchc_schemas.measures import AmountVnd
from cchc_schemas.personal import Personal, PersonalNumber
from cchc_schemas.records import Record
from cchc_schemas.text import KeyText, Text


class TaxNotice(Record):
    """Tax notice of a dossier on land (thông báo thuế)."""

    record_type: ClassVar[str] = "tax_notice"

    dossier_code: DossierReference
    """Dossier or receipt number (mã hồ sơ, số biên nhận). Source: SoBienNhan."""
    notice_number: KeyText
    """Number of the notice (số thông báo thuế). Source: SoThongBaoThue."""
    tax_kind: Text | None = None
    """Kind of tax or charge (loại thuế). Source: LoaiThue."""
    taxpayer_name: Personal[Text | None] = None
    """Who must pay (người nộp thuế). Source: HoTenChu."""
    taxpayer_code: PersonalNumber[TaxCode | None] = None
    """The taxpayer's tax code (mã số thuế)."""
    issued_at: Instant | None = None
    """When the notice was there (ngày có kết quả thuế), UTC. Source: NgayCoKetQuaThue."""
    due_on: PartialDate | None = None
    """Last day of payment (hạn nộp)."""
    amount_vnd: AmountVnd | None = None
    """Amount (tổng số tiền), đồng."""
    exempted_vnd: AmountVnd | None = None
    """Of it exempted or reduced (số tiền miễn, giảm), đồng."""
    owed_vnd: AmountVnd | None = None
    """Of it still owed (số tiền còn nợ), đồng."""
    payment_status: TaxPaymentStatusCode | None = None
    """State of payment (tình trạng thực hiện nghĩa vụ tài chính)."""
    transfer_slip_number: Text | None = None
    """Slip with which the land office asked for it (số phiếu chuyển thông tin). Source: SOPHIEUCHUYEN."""
    file_link: Personal[Text | None] = None
    """Where the notice can be loaded (đường dẫn thông báo thuế)."""
    handler_name: Personal[Text | None] = None
    """Official (người xử lý)."""
    note: Text | None = None
    """Remark (ghi chú)."""

    @property
    def key(self) -> str:
        """Dossier and number of the notice: several tax offices number for themselves."""
        return f"{self.dossier_code}@{self.notice_number}"

    @property
    def order_key(self) -> str:
        """The dossier's code: notices of one dossier are delivered in order."""
        return self.dossier_code

    def quality_notes(self) -> Iterable[Note]:
        """Yield `amounts_contradict` if more is exempted and owed than was due."""
        parts = (self.exempted_vnd or Decimal(0)) + (self.owed_vnd or Decimal(0))
        if self.amount_vnd is not None and parts > self.amount_vnd:
            yield Note("amount_vnd", "amounts_contradict")
