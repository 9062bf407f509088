"""The national portal's services that take dossiers and steps.

Sources: two observed ways to send a dossier, that of VietOpenCPS/opencps-v2 (2020), which looks first, and
that of a provincial client (2025), which tries and turns the flag round; ours is the second, with the mark
of what was delivered before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cchc_adapters.building_blocks.options import package_table
from cchc_adapters.national_portal.messages import dossier_payload, lacking, national_code, step_payload
from cchc_adapters.national_portal.replies import PortalReplies, error_code
from cchc_connect import Exchange, HttpRequest, HttpResponse, Outcome, Outgoing, Receipt, Verdict
from cchc_schemas import Dossier, DossierStep

SEND_DOSSIERS, SEND_STEPS = "DongBoHoSoMC", "CapNhatTienDoHoSoMC"
STEPS_A_MESSAGE = 10
TOLD = frozenset({Verdict.OK, Verdict.DUPLICATE, Verdict.NOT_FOUND, Verdict.INVALID})
"""Verdicts that are answers of a service; the others are failures."""


@dataclass(frozen=True)
class Portal:
    """How the portal's services are called."""

    agency: str
    replies: PortalReplies

    def call(self, service: str, path: str, content: Mapping[str, object], *, may_repeat: bool = True) -> HttpRequest:
        """Return the request that calls `service` with `content`."""
        envelope = {"madonvi": self.agency, "service": service, **content}
        return HttpRequest(method="POST", path=path, json=envelope, idempotent=may_repeat, accept=TOLD)

    def receipt(self, answer: HttpResponse) -> Receipt:
        """Return what an answer means for each record of its message."""
        match answer.verdict:
            case Verdict.OK:
                return Receipt(outcome=Outcome.DELIVERED)
            case Verdict.DUPLICATE:
                return Receipt(outcome=Outcome.DUPLICATE)
            case Verdict.NOT_FOUND:
                return Receipt(outcome=Outcome.REFUSED, reason="not_found")
            case _:
                code = error_code(self.replies.envelope(answer))
                return Receipt(outcome=Outcome.REFUSED, reason=f"error_code:{code}")


@dataclass(frozen=True)
class DossierTarget:
    """The service that takes dossiers, one in a message."""

    portal: Portal
    path: str
    procedure_codes: Mapping[str, str]
    constants: Mapping[str, str]

    record_type = Dossier
    batch_limit = 1

    def deliver(self, batch: Sequence[Outgoing]) -> Exchange[Sequence[Receipt]]:
        """Send each dossier as new or as known, and the other way round where the portal says so."""
        receipts: list[Receipt] = []
        for one in batch:
            receipt = yield from self._deliver(one)
            receipts.append(receipt)
        return receipts

    def _deliver(self, one: Outgoing) -> Exchange[Receipt]:
        payload = self._payload(one)
        if isinstance(payload, str):
            return Receipt(outcome=Outcome.REFUSED, reason=payload)
        answer = yield self._message(payload, updating=one.known)
        if answer.verdict is (Verdict.NOT_FOUND if one.known else Verdict.DUPLICATE):
            answer = yield self._message(payload, updating=not one.known)
        if answer.verdict in {Verdict.DUPLICATE, Verdict.NOT_FOUND}:
            return Receipt(outcome=Outcome.RETRY, reason=f"contradiction:{answer.verdict}")
        return self.portal.receipt(answer)

    def _payload(self, one: Outgoing) -> Mapping[str, object] | str:
        """Return what is sent, or the reason why nothing is."""
        dossier = one.record
        if not isinstance(dossier, Dossier):
            return "record_type_unexpected"
        code = national_code(dossier.procedure_code, self.procedure_codes)
        if code is None:
            return "procedure_code_unmapped"
        identity_kinds: Mapping[str, str] = package_table("national_portal")["identity_kinds"]
        payload = {**dossier_payload(dossier, code, identity_kinds), **self.constants}
        blank = lacking(payload, dossier.status)
        return f"missing:{blank}" if blank else payload

    def _message(self, payload: Mapping[str, object], *, updating: bool) -> HttpRequest:
        # It may be repeated: what arrived the first time is "already there" and becomes an update.
        return self.portal.call(SEND_DOSSIERS, self.path, {"isUpdating": str(updating), "data": [payload]})


@dataclass(frozen=True)
class StepTarget:
    """The service that takes steps of dossiers, up to ten in a message, which is taken whole or not at all."""

    portal: Portal
    path: str
    default_handler: str

    record_type = DossierStep
    batch_limit = STEPS_A_MESSAGE

    def deliver(self, batch: Sequence[Outgoing]) -> Exchange[Sequence[Receipt]]:
        """Send the steps in one message."""
        steps = [step_payload(one.record, self.default_handler) for one in batch if isinstance(one.record, DossierStep)]
        answer = yield self.portal.call(SEND_STEPS, self.path, {"data": steps}, may_repeat=False)
        return [self.portal.receipt(answer)] * len(batch)
