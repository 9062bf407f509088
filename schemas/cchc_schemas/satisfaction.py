"""What citizens and businesses say: ratings of how a dossier was handled, and feedback (phản ánh, kiến nghị).

The nine criteria with 0 to 2 points each are those of NĐ 61/2018/NĐ-CP as a provincial one-stop system has them (2025);
the message with which the national portal takes ratings (DongBoDanhGia) is not public.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Annotated, ClassVar, TypeAlias

from pydantic import Field

from cchc_schemas.codes import AgencyCode, DossierReference, ProcedureCode
from cchc_schemas.construction import out_of_order
from cchc_schemas.dates import Instant
from cchc_schemas.faults import Note
from cchc_schemas.identity_numbers import CitizenId
from cchc_schemas.measures import Count
from cchc_schemas.personal import Personal, PersonalNumber
from cchc_schemas.records import Part, Record
from cchc_schemas.text import KeyText, Text

Criterion: TypeAlias = Annotated[int, Field(ge=1, le=9)]
"""Number of a criterion, 1 to 9."""
Points: TypeAlias = Annotated[int, Field(ge=0, le=2)]
"""Points for one criterion, 0 to 2."""


class Satisfaction(IntEnum):
    """How satisfied somebody is (mức độ hài lòng). Source: NĐ 61/2018/NĐ-CP."""

    DISSATISFIED = 1
    """Not satisfied (không hài lòng)."""
    SATISFIED = 2
    """Satisfied (hài lòng)."""
    VERY_SATISFIED = 3
    """Very satisfied (rất hài lòng)."""


class CriterionPoints(Part):
    """Points for one criterion (điểm tiêu chí)."""

    criterion: Criterion
    """Number of the criterion (tiêu chí), 1 to 9."""
    points: Points
    """Points (điểm), 0 to 2."""


class SatisfactionRating(Record):
    """Rating of how a dossier was handled (đánh giá mức độ hài lòng)."""

    record_type: ClassVar[str] = "satisfaction_rating"

    code: KeyText
    """The source's identifier of the rating (mã lượt đánh giá)."""
    dossier_code: DossierReference | None = None
    """Dossier that is rated (mã hồ sơ); None for a survey without one."""
    procedure_code: ProcedureCode | None = None
    """Procedure (mã TTHC)."""
    agency_code: AgencyCode | None = None
    """Agency that is rated (mã cơ quan được đánh giá)."""
    agency_name: Text | None = None
    """Its name (tên cơ quan được đánh giá)."""
    at: Instant
    """When it was given (thời điểm đánh giá), UTC."""
    channel: Text | None = None
    """How it was given (kênh đánh giá): at the counter, on the portal, by telephone."""
    overall: Satisfaction | None = None
    """Overall satisfaction (mức độ hài lòng chung)."""
    criteria: tuple[CriterionPoints, ...] | None = None
    """Points by criterion (điểm từng tiêu chí); empty: none was rated."""
    is_liked: bool | None = None
    """Whether it was liked (thích); False if it was disliked."""
    has_comment: bool | None = None
    """Whether something was written (có ý kiến bằng lời); the text itself is not stored."""

    @property
    def key(self) -> str:
        """The source's identifier."""
        return self.code

    def quality_notes(self) -> Iterable[Note]:
        """Yield `criterion_repeated` if a criterion has points twice."""
        rated = [points.criterion for points in self.criteria or ()]
        if len(set(rated)) < len(rated):
            yield Note("criteria", "criterion_repeated")


class Feedback(Record):
    """Feedback of a citizen or business (phản ánh, kiến nghị)."""

    record_type: ClassVar[str] = "feedback"

    code: KeyText
    """The source's identifier (mã phản ánh, kiến nghị)."""
    category: Text | None = None
    """Category (phân loại): of an official's conduct, of a procedure, of a late dossier."""
    agency_code: AgencyCode | None = None
    """Agency that must answer (mã cơ quan xử lý)."""
    agency_name: Text | None = None
    """Its name (tên cơ quan xử lý)."""
    dossier_code: DossierReference | None = None
    """Dossier that it is about (mã hồ sơ)."""
    procedure_code: ProcedureCode | None = None
    """Procedure that it is about (mã TTHC)."""
    sender_name: Personal[Text | None] = None
    """Who sent it (người gửi)."""
    sender_id: PersonalNumber[CitizenId | None] = None
    """The sender's identity number (số định danh của người gửi)."""
    sender_phone: PersonalNumber[Text | None] = None
    """The sender's telephone (số điện thoại của người gửi)."""
    content: Personal[Text | None] = None
    """What it says (nội dung phản ánh, kiến nghị), which may name persons."""
    received_at: Instant | None = None
    """When it was received (ngày tiếp nhận), UTC."""
    due_at: Instant | None = None
    """When the answer is due (hạn trả lời), UTC, as the source states it."""
    rejected_at: Instant | None = None
    """When it was rejected (ngày từ chối), UTC."""
    supplement_asked_at: Instant | None = None
    """When more was asked of the sender (ngày yêu cầu bổ sung), UTC."""
    answered_at: Instant | None = None
    """When it was answered (ngày trả lời), UTC."""
    published_at: Instant | None = None
    """When the answer was published (ngày công khai kết quả), UTC."""
    likes: Count | None = None
    """How many liked the answer (số lượt thích)."""
    dislikes: Count | None = None
    """How many disliked it (số lượt không thích)."""
    is_repeated: bool | None = None
    """Whether the same had been sent before (phản ánh, kiến nghị lặp lại)."""

    @property
    def key(self) -> str:
        """The source's identifier."""
        return self.code

    def quality_notes(self) -> Iterable[Note]:
        """Yield `dates_out_of_order` for receipt, answer and publication, where one is earlier than its predecessor."""
        course = ("received_at", "answered_at", "published_at")
        yield from out_of_order((name, getattr(self, name)) for name in course)
