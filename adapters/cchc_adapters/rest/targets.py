"""Services of a declared system that take records: what is sent, and what their answers mean."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cchc_adapters.declared.answers import SuccessRule
from cchc_adapters.declared.parameters import with_values
from cchc_adapters.rest.bodies import MemberRule, Unsendable, filled, members
from cchc_adapters.rest.classifier import RESULTS
from cchc_adapters.rest.receipts import receipt_of
from cchc_adapters.rest.target_tables import RestTargetTable, SendTable, VersionTable
from cchc_connect import (
    Conversation,
    DeliveryStatus,
    HttpRequest,
    Outgoing,
    Receipt,
    SourceHeld,
    Verdict,
)
from cchc_connect.wire.codecs import plain_text
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.property_names import property_path
from cchc_schemas import Record


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
            receipts.append((yield from self._receipt_of(outgoing, self._table.request, self._table.body)))
        return receipts

    def _receipt_of(
        self, outgoing: Outgoing, send: SendTable, body: Mapping[str, MemberRule], *, withdraws: bool = False
    ) -> Conversation[Receipt]:
        """Send one message, and return what its answer means."""
        try:
            values = dict(members(body, outgoing.record, with_nothing=self._table.send_null))
            request = self._request(send, outgoing)
            request = yield from self._with_version(request, values, outgoing.record, has_body=bool(body))
        except Unsendable as unsendable:
            return Receipt(status=DeliveryStatus.REFUSED, reason=str(unsendable))
        response = yield request
        return receipt_of(
            response,
            self._table.receipt,
            self._success,
            replaces_version=self._table.if_match is not None,
            withdraws=withdraws,
        )

    def _with_version(
        self, request: HttpRequest, values: dict[str, object], record: Record, *, has_body: bool
    ) -> Conversation[HttpRequest]:
        """Return a request with its body and, where it is declared, the version that it may replace."""
        table = self._table.if_match
        version = "" if table is None else (yield from self._version(table, record))
        if table is not None and version and table.parameter:
            values[table.parameter] = version
        elif version:
            request = replace(request, headers={**request.headers, "If-Match": version})
        return replace(request, json=with_values({}, values) if has_body or values else None)

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


class WithdrawingRestTarget(RestTarget):
    """A target that takes withdrawals too."""

    def __init__(
        self, record_type: type[Record], table: RestTargetTable, withdrawal: SendTable, success: SuccessRule | None
    ) -> None:
        """Prepare; `withdrawal` is the request of a withdrawal."""
        super().__init__(record_type, table, success)
        self._withdrawal = withdrawal

    def withdraw(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Withdraw the records, each alone; one that the service does not have counts as a duplicate."""
        receipts = list[Receipt]()
        for outgoing in batch:
            receipts.append((yield from self._receipt_of(outgoing, self._withdrawal, {}, withdraws=True)))
        return receipts


def target_of(record_type: type[Record], table: RestTargetTable, success: SuccessRule | None) -> RestTarget:
    """Return the target of a table; one without a request for withdrawals takes none."""
    if table.withdraw is None:
        return RestTarget(record_type, table, success)
    return WithdrawingRestTarget(record_type, table, table.withdraw, success)
