"""Targets of the national portal: the services that accept dossiers and steps.

Sources: two ways to send a dossier were observed. VietOpenCPS/opencps-v2 (2020) looks the dossier up first; a
provincial client (2025) sends it and inverts `isUpdating` if the portal contradicts it. This module does the
second, and starts with whether an earlier version was delivered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cchc_adapters.building_blocks.options import package_table
from cchc_adapters.national_portal.envelopes import EnvelopeReader
from cchc_adapters.national_portal.messages import dossier_payload, missing_field, national_code, step_payload
from cchc_connect import (
    Conversation,
    DeliveryStatus,
    HttpRequest,
    HttpResponse,
    Outgoing,
    Receipt,
    SourceHeld,
    Verdict,
)
from cchc_schemas import Dossier, DossierStep

DOSSIER_SERVICE, STEP_SERVICE = "DongBoHoSoMC", "CapNhatTienDoHoSoMC"
STEP_BATCH_SIZE = 10
SERVICE_VERDICTS = frozenset({Verdict.OK, Verdict.DUPLICATE, Verdict.NOT_FOUND, Verdict.INVALID})
"""Verdicts that are results of a service call; all other verdicts are failures."""


@dataclass(frozen=True)
class Portal:
    """Builds the portal's service calls and reads their results."""

    agency: str
    envelope_reader: EnvelopeReader

    def call(self, service: str, path: str, content: Mapping[str, object], *, idempotent: bool = True) -> HttpRequest:
        """Return the request that calls `service` with `content`."""
        envelope = {"madonvi": self.agency, "service": service, **content}
        return HttpRequest(
            method="POST", path=path, json=envelope, idempotent=idempotent, accepted_verdicts=SERVICE_VERDICTS
        )

    def receipt(self, response: HttpResponse) -> Receipt:
        """Return the receipt for each record of the message that `response` belongs to.

        Raises:
            SourceHeld: code 0 and a result, but no word that it was done: nobody knows whether it was.
        """
        envelope = self.envelope_reader.envelope(response)
        match response.verdict:
            case Verdict.OK:
                if not self.envelope_reader.is_confirmed(envelope):
                    raise SourceHeld("national_portal.unconfirmed")
                return Receipt(status=DeliveryStatus.DELIVERED)
            case Verdict.DUPLICATE:
                return Receipt(status=DeliveryStatus.DUPLICATE)
            case Verdict.NOT_FOUND:
                return Receipt(status=DeliveryStatus.REFUSED, reason="not_found")
            case _:
                code = self.envelope_reader.code_of(envelope)
                return Receipt(status=DeliveryStatus.REFUSED, reason=f"error_code:{code}")


@dataclass(frozen=True)
class DossierTarget:
    """The service that accepts dossiers, one per message."""

    portal: Portal
    path: str
    procedure_codes: Mapping[str, str]
    constants: Mapping[str, str]

    record_type = Dossier
    batch_limit = 1

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send each dossier as new or as an update; send it the other way if the portal contradicts that."""
        receipts: list[Receipt] = []
        for outgoing in batch:
            receipt = yield from self._deliver(outgoing)
            receipts.append(receipt)
        return receipts

    def _deliver(self, outgoing: Outgoing) -> Conversation[Receipt]:
        payload = self._payload(outgoing)
        if isinstance(payload, str):
            return Receipt(status=DeliveryStatus.REFUSED, reason=payload)
        response = yield self._message(payload, updating=outgoing.previously_delivered)
        if response.verdict is (Verdict.NOT_FOUND if outgoing.previously_delivered else Verdict.DUPLICATE):
            response = yield self._message(payload, updating=not outgoing.previously_delivered)
        if response.verdict in {Verdict.DUPLICATE, Verdict.NOT_FOUND}:
            return Receipt(status=DeliveryStatus.RETRY, reason=f"contradiction:{response.verdict}")
        return self.portal.receipt(response)

    def _payload(self, outgoing: Outgoing) -> Mapping[str, object] | str:
        """Return the payload, or the reason why the dossier is not sent."""
        dossier = outgoing.record
        if not isinstance(dossier, Dossier):
            return "record_type_unexpected"
        code = national_code(dossier.procedure_code, self.procedure_codes)
        if code is None:
            return "procedure_code_unmapped"
        identity_kinds: Mapping[str, str] = package_table("national_portal")["identity_kinds"]
        payload = {**dossier_payload(dossier, code, identity_kinds), **self.constants}
        blank = missing_field(payload, dossier.status)
        return f"missing:{blank}" if blank else payload

    def _message(self, payload: Mapping[str, object], *, updating: bool) -> HttpRequest:
        # Safe to repeat: a dossier that arrived the first time is reported as existing and becomes an update.
        return self.portal.call(DOSSIER_SERVICE, self.path, {"isUpdating": str(updating), "data": [payload]})


@dataclass(frozen=True)
class StepTarget:
    """The service that accepts steps of dossiers, up to ten per message; a message is accepted or refused whole."""

    portal: Portal
    path: str
    default_handler: str

    record_type = DossierStep
    batch_limit = STEP_BATCH_SIZE

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send the steps in one message."""
        steps = [
            step_payload(outgoing.record, self.default_handler)
            for outgoing in batch
            if isinstance(outgoing.record, DossierStep)
        ]
        response = yield self.portal.call(STEP_SERVICE, self.path, {"data": steps}, idempotent=False)
        return [self.portal.receipt(response)] * len(batch)
