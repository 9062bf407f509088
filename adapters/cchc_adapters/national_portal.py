"""National public service portal (Cổng dịch vụ công quốc gia, DVCQG), in the envelope dialect.

Agency: Văn phòng Chính phủ. Documentation: none is public; observed in VietOpenCPS/opencps-v2 (2020) and
later provincial clients. Pulled are procedures (thủ tục hành chính); dossiers and their steps are pushed.
Account: the integration account, `kind = "session"`.

Caveats:
    - A session lies in the body of each request, its life is not documented (clients trust it ten minutes),
      and an old one is told as an error with HTTP 200.
    - `error_code` is 0, "0", "00", "3" or "-3" by the service; what it means only the message tells, which
      may be decomposed Unicode. A success needs code 0 and "thành công", which "không thành công" is not.
    - `isUpdating` must be right: where it is not, it is turned round, once in an attempt. So a dossier whose
      answer was lost on its way is not sent twice.
    - A step has no identifier: one whose answer was lost is sent again and may then stand there twice.
    - A step of a dossier that the portal does not know is refused, and with it all steps of its message.
    - The catalogue has no paging and no dates of change: every run lists it whole and asks for each code.
    - Procedures need their national code and every dossier its procedure's and field's names.
    - A provincial proxy may send the whole answer as a text in `message`, see `double_encoded`.
    - Terms, fees and numbers of papers come as text, terms and fees now and then as prose.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from cchc_adapters.options import AdapterOptions, package_table
from cchc_adapters.portal_catalogue import procedure_map
from cchc_adapters.portal_replies import PortalReplies
from cchc_adapters.portal_session import PortalSession
from cchc_adapters.portal_targets import DossierTarget, Portal, StepTarget
from cchc_connect import (
    Ask,
    Deletes,
    Dialect,
    Exchange,
    Item,
    Page,
    SourceHeld,
    SourceProfile,
    Verdict,
    codecs,
)
from cchc_connect.field_map import translated
from cchc_schemas import Procedure

LIST, DETAIL = "LayDanhSachTTHC", "LayThuTuc"
MAPPING = 1


class ReplyRule(BaseModel, frozen=True, extra="forbid"):
    """What a message of the portal means."""

    says: str
    """Words of the message, in whatever case."""
    verdict: Verdict
    """What they mean."""


class NationalPortalOptions(AdapterOptions):
    """Options of a connection to the portal, or to the provincial gateway before it."""

    agency: str
    """Agency code of the sender (madonvi)."""
    destination: str
    """Destination code (dstcode) of the header that leads through the gateway."""
    login_path: str
    """Where a session is opened (auth_endpoint)."""
    share_path: str
    """Where catalogues are asked for (share_endpoint)."""
    integration_path: str
    """Where details are asked for and dossiers are sent (integration_endpoint)."""
    session_minutes: Annotated[float, Field(gt=0, le=60)] = 10
    """How long a session is trusted, minutes."""
    procedures_a_page: Annotated[int, Field(ge=1, le=200)] = 20
    """How many procedures are asked for, one after the other, before they are written."""
    procedure_codes: Mapping[str, str] = {}
    """National procedure code (mã TTHC) of each local one; a local one that is not listed is not sent."""
    constants: Mapping[str, str] = {"NoiNopHoSo": "2"}
    """Fields sent with every dossier that no record tells; NoiNopHoSo 2 is the local portal (unverified)."""
    default_handler: str = "Chuyên viên"
    """Who is named for a step without an official."""
    replies: Sequence[ReplyRule] = ()
    """What messages mean, before the ready table."""
    double_encoded: bool = False
    """Is the whole answer a text in `message`?"""
    decimal_sign: codecs.DecimalSign = ","
    """Decimal sign of terms and fees."""
    legal_dates: codecs.DateForm = "dd/MM/yyyy"
    """How the days of legal bases are written (unverified)."""


class Procedures:
    """The catalogue, read as `Procedure`."""

    record_type = Procedure
    profile = SourceProfile(changed_since=False, deletes=Deletes.ABSENCE)

    def __init__(self, portal: Portal, options: NationalPortalOptions) -> None:
        self._portal = portal
        self._options = options
        self._fields = procedure_map(options.decimal_sign, options.legal_dates)
        self.mapping_version = options.mapping_version(MAPPING)

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for the catalogue and for the details of the next codes after the position."""
        options = self._options
        rows = yield from self._result(LIST, options.share_path)
        coded = {codecs.plain_text(row.get("MATTHC")): row for row in rows}
        # A row without a code cannot be asked for; it goes with the first page, to be set aside and seen.
        items = [row for row in rows if not codecs.plain_text(row.get("MATTHC"))] if ask.position is None else []
        left = sorted(code for code in coded if code > (ask.position or ""))
        chosen = left[: options.procedures_a_page]
        for code in chosen:
            details = yield from self._result(DETAIL, options.integration_path, code)
            items.append({**coded[code], **(details[0] if details else {})})
        return Page(items=items, next=chosen[-1] if len(left) > len(chosen) else None, total=len(rows))

    def key(self, item: Item) -> str:
        """Return the national code."""
        return codecs.plain_text(item.get("MATTHC"))

    def changed_at(self, item: Item) -> datetime | None:
        """Return None: the portal does not say."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `Procedure`."""
        return translated(item, self._fields)

    def _result(self, service: str, path: str, code: str | None = None) -> Exchange[Sequence[Item]]:
        answer = yield self._portal.call(service, path, {} if code is None else {"maTTHC": code})
        rows = codecs.as_objects(self._portal.replies.envelope(answer).get("result"))
        if answer.verdict is not Verdict.OK or rows is None:
            raise SourceHeld("national_portal.no_result", service=service)
        return rows


class NationalPortal:
    """The portal, configured: procedures to pull, dossiers and steps to push."""

    Options = NationalPortalOptions
    purpose_vi = "Cổng Dịch vụ công quốc gia: lấy thủ tục hành chính, gửi hồ sơ và bước xử lý"

    def __init__(self, options: NationalPortalOptions) -> None:
        table = package_table("national_portal")
        own = [reply.model_dump() for reply in options.replies]
        replies = PortalReplies.of(
            {**table, "replies": [*own, *table["replies"]]}, double_encoded=options.double_encoded
        )
        portal = Portal(options.agency, replies)
        headers = {"Accept": "application/json", "Charset": "utf-8", "dstcode": options.destination}
        session = PortalSession(path=options.login_path, lifetime_s=options.session_minutes * 60, replies=replies)
        self.dialect = Dialect(classify=replies.classify, headers=headers, session=session)
        self.sources = (Procedures(portal, options),)
        self.targets = (
            DossierTarget(portal, options.integration_path, options.procedure_codes, options.constants),
            StepTarget(portal, options.integration_path, options.default_handler),
        )
