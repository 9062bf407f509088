"""National public service portal (Cổng dịch vụ công quốc gia, DVCQG); every response is wrapped in an envelope.

Agency: Văn phòng Chính phủ. Documentation: none is public; observed in VietOpenCPS/opencps-v2 (2020) and
later provincial clients. Procedures (thủ tục hành chính) are pulled; dossiers and their steps are pushed.
Account: the integration account, `kind = "session"`.

Caveats:
    - A session is sent in the body of each request. Its lifetime is not documented (clients assume ten minutes);
      an expired one is reported as an error with HTTP 200.
    - `error_code` is 0, "0", "00", "3" or "-3", depending on the service. Only the message says what it means, in
      whatever spelling. A dossier or step is delivered with code 0 and "thành công", never with a result alone;
      "không thành công" is no success. Words, code and content that contradict each other put the route on hold.
    - `isUpdating` says whether the portal has the dossier already. If the portal contradicts it, the dossier is sent
      again with the opposite value, once per attempt. So a dossier whose response was lost is not stored twice.
    - What an update with an empty list does at the portal is not known. A list, a flag or a text of which nothing is
      known is therefore left out of the message; one that is known to be empty is sent empty.
    - A step has no identifier: if its response was lost, it is sent again and may then be stored twice.
    - A step of a dossier that the portal does not have is refused, and with it all steps of its message.
    - The catalogue has no paging and no dates of change: every run lists all of it and requests each code.
    - A procedure needs its national code, and a dossier the names of its procedure and field.
    - A provincial proxy may send the response as a text in `message`, see `double_encoded`.
    - Terms, fees and numbers of papers are sent as text; terms and fees are sometimes prose.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from cchc_adapters.building_blocks.options import AdapterOptions, package_table
from cchc_adapters.national_portal.catalogue import procedure_map
from cchc_adapters.national_portal.envelopes import EnvelopeReader
from cchc_adapters.national_portal.session import PortalSession
from cchc_adapters.national_portal.targets import DossierTarget, Portal, StepTarget
from cchc_connect import (
    Conversation,
    DeleteDetection,
    Dialect,
    Item,
    Page,
    PageRequest,
    SourceHeld,
    SourceProfile,
    Verdict,
)
from cchc_connect.paging import page_of_keys
from cchc_connect.wire import codecs
from cchc_connect.wire.field_map import translated
from cchc_schemas import Procedure

LIST_SERVICE, DETAIL_SERVICE = "LayDanhSachTTHC", "LayThuTuc"
MAPPING_VERSION = 2


class MessageRule(BaseModel, frozen=True, extra="forbid"):
    """Verdict on a message of the portal."""

    says: str
    """Text that the message contains, in any case."""
    verdict: Verdict
    """Verdict on such a message."""


class NationalPortalOptions(AdapterOptions):
    """Options of a connection to the portal or to a provincial gateway in front of it."""

    agency: str
    """Agency code of the sender (madonvi)."""
    destination: str
    """Destination code (dstcode), sent as a header for routing through the gateway."""
    login_path: str
    """Path of the login (auth_endpoint)."""
    share_path: str
    """Path of the catalogues (share_endpoint)."""
    integration_path: str
    """Path for procedure details and for sending dossiers (integration_endpoint)."""
    session_minutes: Annotated[float, Field(gt=0, le=60)] = 10
    """How long a session is used, minutes."""
    procedures_a_page: Annotated[int, Field(ge=1, le=200)] = 20
    """Page size: procedures requested one after the other before they are written."""
    procedure_codes: Mapping[str, str] = {}
    """National procedure code (mã TTHC) by local code; dossiers with an unlisted local code are not sent."""
    constants: Mapping[str, str] = {"NoiNopHoSo": "2"}
    """Fixed fields sent with every dossier; what the record itself knows goes before them, such as the way of
    submission before NoiNopHoSo. NoiNopHoSo 2 is the local portal (unverified)."""
    default_handler: str = "Chuyên viên"
    """Official named for a step without one."""
    replies: Sequence[MessageRule] = ()
    """Rules for messages, checked before the built-in table."""
    double_encoded: bool = False
    """Whether the response is a text in the `message` of another one."""
    decimal_sign: codecs.DecimalSign = ","
    """Decimal sign of terms and fees."""
    legal_dates: codecs.DateForm = "dd/MM/yyyy"
    """Date format of legal bases (unverified)."""


class Procedures:
    """The catalogue of procedures, read as `Procedure`."""

    record_type = Procedure
    profile = SourceProfile(changed_since=False, deletes=DeleteDetection.ABSENCE)

    def __init__(self, portal: Portal, options: NationalPortalOptions) -> None:
        self._portal = portal
        self._options = options
        self._fields = procedure_map(options.decimal_sign, options.legal_dates)
        self.mapping_version = options.mapping_version(MAPPING_VERSION)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request the catalogue and the details of the next codes after the page token."""
        options = self._options
        rows = yield from self._result(LIST_SERVICE, options.share_path)
        rows_by_code = {codecs.plain_text(row.get("MATTHC")): row for row in rows}
        # Details of a row without a code cannot be requested; it is put into the first page and quarantined there.
        items = (
            [row for row in rows if not codecs.plain_text(row.get("MATTHC"))] if page_request.page_token is None else []
        )
        codes, following = page_of_keys(rows_by_code, page_request.page_token, options.procedures_a_page)
        for code in codes:
            details = yield from self._result(DETAIL_SERVICE, options.integration_path, code)
            items.append({**rows_by_code[code], **(details[0] if details else {})})
        return Page(items=items, next_page_token=following, total=len(rows))

    def key(self, item: Item) -> str:
        """Return the national code."""
        return codecs.plain_text(item.get("MATTHC"))

    def changed_at(self, item: Item) -> datetime | None:
        """Return None: the portal has no time of change."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `Procedure`."""
        return translated(item, self._fields)

    def _result(self, service: str, path: str, code: str | None = None) -> Conversation[Sequence[Item]]:
        response = yield self._portal.call(service, path, {} if code is None else {"maTTHC": code})
        rows = codecs.as_objects(self._portal.envelope_reader.envelope(response).get("result"))
        if response.verdict is Verdict.NOT_FOUND and code is not None and not rows:
            return []  # a procedure that the list has and the details do not; the list's fields are kept
        if response.verdict is not Verdict.OK or rows is None:
            raise SourceHeld("national_portal.no_result", service=service)
        return rows


class NationalPortal:
    """The configured adapter: pulls procedures, pushes dossiers and steps."""

    Options = NationalPortalOptions
    purpose_vi = "Cổng Dịch vụ công quốc gia: lấy thủ tục hành chính, gửi hồ sơ và bước xử lý"

    def __init__(self, options: NationalPortalOptions) -> None:
        envelope_reader = EnvelopeReader.of(
            package_table("national_portal_words"),
            configured=[(rule.says, rule.verdict) for rule in options.replies],
            double_encoded=options.double_encoded,
        )
        portal = Portal(options.agency, envelope_reader)
        headers = {"Accept": "application/json", "Charset": "utf-8", "dstcode": options.destination}
        session = PortalSession(
            path=options.login_path, lifetime_s=options.session_minutes * 60, envelope_reader=envelope_reader
        )
        self.dialect = Dialect(classify=envelope_reader.classify, headers=headers, login=session)
        self.sources = (Procedures(portal, options),)
        self.targets = (
            DossierTarget(portal, options.integration_path, options.procedure_codes, options.constants),
            StepTarget(portal, options.integration_path, options.default_handler),
        )
