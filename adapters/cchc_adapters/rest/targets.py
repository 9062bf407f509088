"""Services of a declared system that take records: what is sent, and what their answers mean."""

from collections.abc import Sequence
from dataclasses import replace

from cchc_adapters.rest.answers import SuccessRule
from cchc_adapters.rest.bodies import CodeUnmapped, filled, members
from cchc_adapters.rest.receipts import receipt_of
from cchc_adapters.rest.requests import with_values
from cchc_adapters.rest.target_tables import RestTargetTable, SendTable, VersionTable
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
from cchc_connect.wire.codecs import plain_text
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.property_names import property_path
from cchc_schemas import Record

RESULTS = frozenset({Verdict.OK, Verdict.DUPLICATE, Verdict.NOT_FOUND, Verdict.INVALID})
"""Verdicts that are results of a message; all other verdicts are failures."""


class RestTarget:
    """Sends each record as its own message."""

    batch_limit = 1

    def __init__(self, record_type: type[Record], table: RestTargetTable, success: SuccessRule | None = None) -> None:
        """Prepare; `success` holds where the table has no own rule."""
        self.record_type = record_type
        self.max_lengths, self.max_parallel = table.max_lengths, table.max_parallel
        self._table = table
        self._success = table.success or success

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send the records, each alone."""
        receipts = list[Receipt]()
        for outgoing in batch:
            receipts.append((yield from self._deliver(outgoing)))
        return receipts

    def _deliver(self, outgoing: Outgoing) -> Conversation[Receipt]:
        table, record = self._table, outgoing.record
        try:
            values = dict(members(table.body, record, with_nothing=table.send_null))
        except CodeUnmapped as unmapped:
            return Receipt(status=DeliveryStatus.REFUSED, reason=f"code_unmapped:{unmapped}")
        request = self._request(table.request, outgoing)
        if table.if_match is not None:
            version = yield from self._version(table.if_match, record)
            if version and table.if_match.parameter:
                values[table.if_match.parameter] = version
            elif version:
                request = replace(request, headers={**request.headers, "If-Match": version})
        return self._receipt((yield replace(request, json=with_values({}, values) if table.body else None)))

    def _version(self, version: VersionTable, record: Record) -> Conversation[str]:
        """Return the version that the service has; "" if it has none of the record."""
        accepted = frozenset({Verdict.OK, Verdict.NOT_FOUND})
        path = filled(version.path, record)
        response = yield HttpRequest(method="GET", path=path, accepted_verdicts=accepted)
        if response.verdict is Verdict.NOT_FOUND:
            return ""
        stated = response.headers.get(version.header, "")
        if version.property:
            stated = plain_text(value_at(response.json(), property_path(version.property)))
        if not stated:
            raise SourceHeld("rest.no_version", property=version.property or version.header)
        return str(stated)

    def _request(self, send: SendTable, outgoing: Outgoing) -> HttpRequest:
        key = {send.idempotency_header: outgoing.idempotency_key} if send.idempotency_header else {}
        return HttpRequest(
            method=send.method,
            path=filled(send.path, outgoing.record),
            headers={**send.headers, **key},
            idempotent=send.idempotent,
            accepted_verdicts=RESULTS,
        )

    def _receipt(self, response: HttpResponse) -> Receipt:
        return receipt_of(response, self._table.receipt, self._success)


class WithdrawingRestTarget(RestTarget):
    """A target that takes withdrawals too."""

    def withdraw(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Withdraw the records, each alone; one that the service does not have counts as a duplicate."""
        receipts = list[Receipt]()
        for outgoing in batch:
            send = self._table.withdraw or self._table.request
            response = yield self._request(send, outgoing)
            if response.verdict is Verdict.NOT_FOUND:
                receipts.append(Receipt(status=DeliveryStatus.DUPLICATE))
            else:
                receipts.append(self._receipt(response))
        return receipts


def target_of(record_type: type[Record], table: RestTargetTable, success: SuccessRule | None) -> RestTarget:
    """Return the target of a table; one without a request for withdrawals takes none."""
    kind = RestTarget if table.withdraw is None else WithdrawingRestTarget
    return kind(record_type, table, success)
