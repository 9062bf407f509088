"""National public service portal (Cổng dịch vụ công quốc gia, DVCQG), envelope dialect.

Documentation: none public; observed in VietOpenCPS/opencps-v2 (2020) and provincial clients (2025).

Caveats:
    * There is no HTTP error: an old session, a duplicate, a refusal are words in an answer with status 200.
    * How long a session lives is not documented; ten minutes were observed and may be set.
    * `isUpdating` must be right: new and there already is "đã tồn tại", update and unknown is "không tồn
      tại". It is turned round once, never twice, so that two systems cannot chase each other.
    * A dossier's content cannot be read back; catalogues come whole and a procedure's detail one by one.
    * A message of steps is taken or refused whole, holds at most 10, and its dossier must be there.
    * All values are text, times are local without an offset, "" is "nothing".
    * Texts longer than observed clients allow are cut visibly: `NguoiXuLy` 50, `TrichYeuHoSo` 1000.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from cchc_schemas import Dossier, DossierStep, Procedure, Record
from pydantic import BaseModel, ConfigDict, Field

from cchc_adapters.code_maps import mapping_rows
from cchc_adapters.portal_envelope import EnvelopeReader, PortalLogin
from cchc_adapters.portal_payloads import dossier_payload, missing_fields, procedure_fields, step_payload
from cchc_connect import (
    Ask,
    Deletes,
    Dialect,
    Exchange,
    HttpRequest,
    HttpResponse,
    Item,
    Outcome,
    Outgoing,
    Page,
    Receipt,
    SourceHeld,
    SourceProfile,
    Verdict,
)

AnyRecord = TypeVar("AnyRecord", bound=Record)

ANSWERS = frozenset({Verdict.OK, Verdict.DUPLICATE, Verdict.NOT_FOUND, Verdict.INVALID})


class NationalPortalOptions(BaseModel):
    """What a province is told when it is connected, and what is not documented."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agency: str
    """Code of the province's unit that sends (madonvi)."""
    destination: str
    """Code of the portal on the exchange (dstcode)."""
    login_path: str
    share_path: str
    integration_path: str
    session_minutes: float = Field(default=10, gt=0)
    procedures_at_once: int = Field(default=50, ge=1, le=1000)
    """Procedures whose details make one page."""
    submitted_at: str = "2"
    """NoiNopHoSo of our dossiers: 2 was seen for a local portal."""
    steps_at_once: int = Field(default=10, ge=1, le=10)
    double_encoded: bool = False
    """Does a provincial proxy wrap each answer as text?"""
    replies: Mapping[str, Verdict] = Field(default_factory=dict[str, Verdict])
    """Further words of a refusal -> what it means; they go before those that ship."""


class NationalPortal:
    """The portal as one province reaches it."""

    Options = NationalPortalOptions

    def __init__(self, options: NationalPortalOptions) -> None:
        """Prepare the portal's services."""
        shipped = {row["words"]: Verdict(row["verdict"]) for row in mapping_rows("national_portal_replies")}
        reader = EnvelopeReader(replies={**options.replies, **shipped}, double_encoded=options.double_encoded)
        login = PortalLogin(path=options.login_path, lifetime_s=options.session_minutes * 60, reader=reader)
        headers = {"Accept": "application/json", "Charset": "utf-8", "dstcode": options.destination}
        self.dialect = Dialect(classify=reader.classify, headers=headers, session=login)
        services = _Services(options, reader)
        self.sources = (_Procedures(options, services),)
        self.targets = (_Dossiers(options, services), _Steps(options, services))


class _Services:
    """Calls a service by its name."""

    def __init__(self, options: NationalPortalOptions, reader: EnvelopeReader) -> None:
        self._options = options
        self.reader = reader

    def ask(self, service: str, *, shared: bool = False, **parameters: object) -> Exchange[Sequence[Any]]:
        """Ask for the `result` of a service that changes nothing."""
        path = self._options.share_path if shared else self._options.integration_path
        response = yield HttpRequest(method="POST", path=path, json=self._body(service, parameters), idempotent=True)
        result = self.reader.envelope(response).get("result")
        if not isinstance(result, list):
            raise SourceHeld("national_portal.no_result", service=service)
        return result

    def tell(self, service: str, payloads: Sequence[object], **parameters: object) -> Exchange[HttpResponse]:
        """Send payloads; every answer that means something comes back to be read."""
        body = self._body(service, {**parameters, "data": payloads})
        path = self._options.integration_path
        # Sending the same again changes nothing there: dossiers go by their code, steps by their content.
        return (yield HttpRequest(method="POST", path=path, json=body, idempotent=True, accept=ANSWERS))

    def _body(self, service: str, parameters: Mapping[str, object]) -> Mapping[str, object]:
        return {"madonvi": self._options.agency, "service": service, **parameters}

    def receipt(self, response: HttpResponse) -> Receipt:
        """Return what an answer means for each record of its message."""
        match response.verdict:
            case Verdict.OK if self.reader.is_confirmed(response):
                return Receipt(outcome=Outcome.DELIVERED)
            case Verdict.OK:
                return Receipt(outcome=Outcome.RETRY, reason="unconfirmed")
            case verdict:
                return Receipt(outcome=Outcome.REFUSED, reason=verdict.value)


class _Procedures:
    """The catalogue (danh mục TTHC): the list of codes, then each one's detail."""

    record_type: type[Record] = Procedure
    profile = SourceProfile(changed_since=False, deletes=Deletes.ABSENCE)
    mapping_version = 1

    def __init__(self, options: NationalPortalOptions, services: _Services) -> None:
        self._at_once = options.procedures_at_once
        self._services = services
        self._listed: Sequence[Any] = ()

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for the details of the next procedures; the list itself is asked for once a run."""
        start = int(ask.position or 0)
        if not self._listed or start == 0:
            self._listed = yield from self._services.ask("LayDanhSachTTHC", shared=True)
        items: list[Item] = []
        for listed in self._listed[start : start + self._at_once]:
            found = yield from self._services.ask("LayThuTuc", maTTHC=listed.get("MATTHC"))
            items.append({**listed, **(found[0] if found else {})})
        end = start + self._at_once
        return Page(items=items, next=str(end) if end < len(self._listed) else None, total=len(self._listed))

    def key(self, item: Item) -> str:
        """Return the procedure's code."""
        return str(item.get("MATTHC") or "")

    def changed_at(self, item: Item) -> datetime | None:
        """Return nothing: the catalogue does not say."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return a procedure's fields."""
        return procedure_fields(item)


class _Dossiers:
    """Dossiers (DongBoHoSoMC), one a message, so that each has an answer of its own."""

    record_type: type[Record] = Dossier
    batch_limit = 1

    def __init__(self, options: NationalPortalOptions, services: _Services) -> None:
        self._options = options
        self._services = services

    def deliver(self, batch: Sequence[Outgoing]) -> Exchange[Sequence[Receipt]]:
        """Send dossiers; where the portal knows more than we do about what it has, turn round once."""
        payloads = [dossier_payload(dossier, self._options.submitted_at) for dossier in _records(batch, Dossier)]
        faults = [fault for dossier in _records(batch, Dossier) for fault in missing_fields(dossier)]
        if faults:
            return [Receipt(outcome=Outcome.REFUSED, reason=faults[0])] * len(batch)
        updating = all(one.known for one in batch)
        response = yield from self._services.tell("DongBoHoSoMC", payloads, isUpdating=str(updating))
        if response.verdict is (Verdict.NOT_FOUND if updating else Verdict.DUPLICATE):
            response = yield from self._services.tell("DongBoHoSoMC", payloads, isUpdating=str(not updating))
        return [self._services.receipt(response)] * len(batch)


class _Steps:
    """Processing steps (CapNhatTienDoHoSoMC)."""

    record_type: type[Record] = DossierStep

    def __init__(self, options: NationalPortalOptions, services: _Services) -> None:
        self.batch_limit = options.steps_at_once
        self._services = services

    def deliver(self, batch: Sequence[Outgoing]) -> Exchange[Sequence[Receipt]]:
        """Send steps."""
        payloads = [step_payload(step) for step in _records(batch, DossierStep)]
        response = yield from self._services.tell("CapNhatTienDoHoSoMC", payloads)
        return [self._services.receipt(response)] * len(batch)


def _records(batch: Sequence[Outgoing], kind: type[AnyRecord]) -> list[AnyRecord]:
    return [one.record for one in batch if isinstance(one.record, kind)]
