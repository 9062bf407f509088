"""Parts of a dossier (hồ sơ): supplement rounds, fees, papers that were submitted and papers that are the result.

Fields as observed in clients of the national portal (DongBoHoSoMC, 2020-2025). Which values of `reuse` mean what is not
public. None says that nothing is known, which is not "no"; the names of files and their links may say who a person is.
"""

from cchc_schemas.codes import ComponentCode, FeeCollectionCode, FeeKindCode, PaperReuseCode, ResultCode
from cchc_schemas.dates import Instant
from cchc_schemas.measures import AmountVnd, Count
from cchc_schemas.personal import Personal
from cchc_schemas.records import Part
from cchc_schemas.text import Text


class SupplementRound(Part):
    """Supplement round (lần bổ sung hồ sơ): papers are requested, the processing time is suspended until they come."""

    number: Text | None = None
    """The source's own number of the round (mã lần bổ sung). Source: HoSoBoSungId."""
    asked_at: Instant | None = None
    """When the papers were requested (ngày yêu cầu bổ sung), UTC. Source: NgayBoSung."""
    asked_by: Personal[Text | None] = None
    """Official who requested them (người yêu cầu bổ sung)."""
    request: Text | None = None
    """What was requested (nội dung bổ sung)."""
    supplied_at: Instant | None = None
    """When they were supplied (ngày tiếp nhận bổ sung), UTC. Source: NgayTiepNhanBoSung."""
    received_by: Personal[Text | None] = None
    """Official who received them (người tiếp nhận bổ sung)."""
    reception_note: Text | None = None
    """Remark of the official who received them (thông tin tiếp nhận bổ sung)."""
    is_supplied: bool | None = None
    """Whether they were supplied (trạng thái bổ sung). Source: TrangThaiBoSung."""
    due_before: Instant | None = None
    """When the result was due before the round (ngày hẹn trả trước bổ sung), UTC. Source: NgayHenTraTruoc."""
    due_after: Instant | None = None
    """When it is due after the round (ngày hẹn trả sau bổ sung), UTC. Source: NgayHenTraMoi."""


class DossierFee(Part):
    """Fee or charge of one dossier (phí, lệ phí của hồ sơ). Source: DanhSachLePhi."""

    code: Text | None = None
    """Code of the fee (mã phí, lệ phí)."""
    name: Text | None = None
    """Name of the fee (tên phí, lệ phí)."""
    amount_vnd: AmountVnd | None = None
    """Amount (số tiền), đồng."""
    collected: FeeCollectionCode | None = None
    """When it is collected (hình thức thu)."""
    kind: FeeKindCode | None = None
    """Kind (loại phí, lệ phí)."""


class SubmittedPaper(Part):
    """Paper that the applicant submitted (tài liệu nộp). Source: TaiLieuNop."""

    file_id: Text | None = None
    """The source's identifier of the file (mã tệp đính kèm)."""
    file_name: Personal[Text | None] = None
    """Name of the file (tên tệp đính kèm)."""
    component_code: ComponentCode | None = None
    """Which paper of the procedure it is (mã thành phần hồ sơ)."""
    file_link: Personal[Text | None] = None
    """Where the file can be loaded (đường dẫn tải tệp tin); the file itself is never stored here."""
    is_deleted: bool | None = None
    """Whether it was taken back (đã xóa)."""
    is_digitised: bool | None = None
    """Whether it was digitised (được số hóa)."""
    reuse: PaperReuseCode | None = None
    """How it was reused (mã tái sử dụng); "0" is not, the meaning of the other codes is unverified."""
    is_from_national_store: bool | None = None
    """Whether it came from the national store of papers (lấy từ kho dữ liệu quốc gia)."""
    replaced_result_code: ResultCode | None = None
    """Result of another procedure that stands for it (mã kết quả thay thế)."""


class OtherPaper(Part):
    """Paper of a dossier without a file (giấy tờ khác). Source: DanhSachTepDinhKemKhac."""

    name: Text
    """Name (tên giấy tờ)."""
    quantity: Count | None = None
    """How many (số lượng)."""
    kind: Text | None = None
    """Kind (loại giấy tờ)."""


class ResultPaper(Part):
    """Paper that is a result of the dossier (giấy tờ kết quả). Source: DanhSachGiayToKetQua."""

    paper_id: Text | None = None
    """The source's identifier of the paper (mã giấy tờ)."""
    name: Personal[Text | None] = None
    """Name of the paper or of its file (tên giấy tờ kết quả)."""
    component_code: ComponentCode | None = None
    """Its code among the papers of procedures (mã thành phần hồ sơ)."""
    result_code: ResultCode | None = None
    """Which result of the procedure it is (mã giấy tờ kết quả)."""
    file_link: Personal[Text | None] = None
    """Where the file can be loaded (đường dẫn tệp tin kết quả); the file itself is never stored here."""
