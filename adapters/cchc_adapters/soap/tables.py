"""The tables of a declared SOAP system: what is listed by which operation, and what is sent to which."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, WrapValidator, field_validator
from pydantic_core import PydanticCustomError

from cchc_adapters.building_blocks.options import AdapterOptions
from cchc_adapters.declared.answers import AnswerRule, SuccessRule
from cchc_adapters.declared.paged_table import PagedTable
from cchc_adapters.rest.bodies import MemberRule
from cchc_adapters.rest.classifier import AnswerTable
from cchc_adapters.rest.target_checks import targets_of
from cchc_adapters.rest.target_tables import ReceiptTable
from cchc_connect import Verdict
from cchc_connect.paging.led import CursorPaging, LinkPaging
from cchc_connect.paging.windows import Paging, plain
from cchc_connect.wire.codecs import DecimalSign
from cchc_schemas.described_models import DescribedModel


class ContentTable(DescribedModel):
    """A text of the result that is a document itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    property: str
    """Element with the text, or the way to it; what stands in the document is reached through it."""
    form: Literal["json", "xml"]
    """What the text is."""


SAMPLE_SOURCE: Mapping[str, Any] = {
    "operation": "LayDanhSach",
    "items": "danhSach.hoSo",
    "paging": {"kind": "page", "parameter": "trang", "size": 50, "size_parameter": "soDong", "total": "tongSo"},
    "key": "id",
    "fields": {
        "code": "soHoSo",
        "procedure_code": "maThuTuc",
        "status": {"property": "trangThai", "codes": {"Đang xử lý": "in_process", "Đã trả": "returned"}},
    },
}


class SoapSourceTable(PagedTable):
    """One listing: which operation lists it, how it is asked for and paged, and what its items become."""

    operation: str
    """Operation of the description (WSDL) that lists."""
    arguments: Mapping[str, Any] = {}
    """Arguments that are always the same, by name; what paging and `since` name goes before them."""
    items: str
    """Where the items stand in the result ("LayDanhSachResult.HoSo"): the way through the elements below that of the
    response. A lone one is a list of one."""
    content: ContentTable | None = None
    """A text of the result that is JSON or XML itself, where the service sends its list as a text."""
    decimal_sign: DecimalSign = "."
    """Decimal sign of numbers: XML writes a point."""

    @field_validator("paging")
    @classmethod
    def _fits_envelopes(cls, paging: Paging) -> Paging:
        """Refuse what an envelope cannot have: links, headers of the response, a status beyond the last page."""
        inner = plain(paging)
        by_header = isinstance(inner, CursorPaging) and inner.header
        if isinstance(inner, LinkPaging) or by_header or inner.total_header or inner.ends_with_404():
            raise PydanticCustomError("soap_paging", "links, headers and status 404 do not page a SOAP service")
        return paging


class SoapMessageTable(AdapterOptions):
    """One message to a service."""

    operation: str
    """Operation of the description (WSDL) that takes it."""
    arguments: Mapping[str, MemberRule]
    """Argument -> field of the record; a name may be a way to a part of an argument ("hoSo.ma")."""
    idempotent: bool = False
    """Whether sending it twice has the effect of once; then it is sent again where the response is lost."""
    idempotency_argument: str = ""
    """Argument that gets the idempotency key, by which the service recognises a message that comes again."""


class SoapTargetTable(SoapMessageTable):
    """One operation that takes records of a type."""

    receipt: ReceiptTable = ReceiptTable()
    """What results mean, where they say it; faults get their meaning in `answers`."""
    success: SuccessRule | None = None
    """What makes a result a success, where it is not that of the connection."""
    withdraw: SoapMessageTable | None = None
    """The message that withdraws a record; none: the service takes no withdrawals."""
    max_lengths: Mapping[str, Annotated[int, Field(ge=1)]] = {}
    """Field of the record -> maximum characters that the service takes; longer texts are cut and counted."""
    max_parallel: Annotated[int, Field(ge=1, le=32)] = 1
    """Messages that may be under way at the same time."""


SoapTargets: TypeAlias = Annotated[Mapping[str, SoapTargetTable], WrapValidator(targets_of)]
"""The option `targets`."""


class SoapAnswerTable(AnswerTable):
    """Responses that mean something else than their fault says; the first that fits counts.

    The properties are those of the result, or of a fault: `Fault.code`, `Fault.reason`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    duplicate: AnswerRule | None = None
    """The service has exactly this already: `{ property = "Fault.code", values = ["DA_CO"] }`."""
    refused: AnswerRule | None = None
    """It will never take this message as it is."""

    def rules(self) -> Sequence[tuple[AnswerRule | None, Verdict]]:
        """Return the rules with what they mean."""
        return (*super().rules(), (self.duplicate, Verdict.DUPLICATE), (self.refused, Verdict.INVALID))
