"""Targets of the national portal: the services that accept dossiers and steps.

Sources: two ways to send a dossier were observed. VietOpenCPS/opencps-v2 (2020) looks the dossier up first; a
provincial client (2025) sends it and inverts `isUpdating` if the portal contradicts it. This module does the
second, and starts with whether an earlier version was delivered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cchc_adapters.building_blocks.options import package_table
from cchc_adapters.national_portal.envelopes import EnvelopeReader
from cchc_adapters.national_portal.messages import (
    Payload,
    dossier_payload,
    missing_field,
    national_code,
    step_payload,
)
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
        updating, dossier = outgoing.previously_delivered, outgoing.record
        if not isinstance(dossier, Dossier):
            return Receipt(status=DeliveryStatus.REFUSED, reason="record_type_unexpected")
        code = national_code(dossier.procedure_code, self.procedure_codes)
        if code is None:
            return Receipt(status=DeliveryStatus.REFUSED, reason="procedure_code_unmapped")
        blank = missing_field(self._payload(dossier, code, updating=updating), dossier.status)
        if blank:
            return Receipt(status=DeliveryStatus.REFUSED, reason=f"missing:{blank}")
        response = yield self._message(dossier, code, updating=updating)
        if response.verdict is (Verdict.NOT_FOUND if updating else Verdict.DUPLICATE):
            response = yield self._message(dossier, code, updating=not updating)
        if response.verdict in {Verdict.DUPLICATE, Verdict.NOT_FOUND}:
            return Receipt(status=DeliveryStatus.RETRY, reason=f"contradiction:{response.verdict}")
        return self.portal.receipt(response)

    def _payload(self, dossier: Dossier, code: str, *, updating: bool) -> Payload:
        kinds: Mapping[str, str] = package_table("national_portal")["identity_kinds"]
        return dossier_payload(dossier, code, kinds, constants=self.constants, updating=updating)

    def _message(self, dossier: Dossier, code: str, *, updating: bool) -> HttpRequest:
        # Safe to repeat: a dossier that arrived the first time is reported as existing and becomes an update.
        payload = self._payload(dossier, code, updating=updating)
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
