"""Operations of a declared SOAP system that take records."""

from collections.abc import Callable, Sequence

from cchc_adapters.declared.answers import SuccessRule
from cchc_adapters.declared.parameters import with_values
from cchc_adapters.rest.bodies import Unsendable, members
from cchc_adapters.rest.classifier import RESULTS
from cchc_adapters.rest.receipts import receipt_of
from cchc_adapters.soap.tables import SoapMessageTable, SoapTargetTable
from cchc_connect import Conversation, DeliveryStatus, HttpRequest, Outgoing, Receipt, Verdict
from cchc_connect.soap import SoapService
from cchc_schemas import Record


class SoapTarget:
    """Sends each record as its own message."""

    batch_limit = 1

    def __init__(
        self,
        record_type: type[Record],
        table: SoapTargetTable,
        service: Callable[[], SoapService],
        success: SuccessRule | None,
    ) -> None:
        """Prepare; `service` opens the service, `success` holds where the table has no own rule."""
        self.record_type = record_type
        self.max_lengths, self.max_parallel = table.max_lengths, table.max_parallel
        self._table, self._open = table, service
        self._success = table.success or success

    @property
    def _service(self) -> SoapService:
        return self._open()

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send the records, each alone."""
        receipts = list[Receipt]()
        for outgoing in batch:
            receipts.append((yield from self._send(self._table, outgoing)))
        return receipts

    def _send(self, message: SoapMessageTable, outgoing: Outgoing, *, withdraws: bool = False) -> Conversation[Receipt]:
        try:
            request = self._message(message, outgoing)
        except Unsendable as unsendable:
            return Receipt(status=DeliveryStatus.REFUSED, reason=str(unsendable))
        response = yield request
        if response.verdict is Verdict.OK:
            self._service.written_result(message.operation, response)  # another result is no receipt
        return receipt_of(response, self._table.receipt, self._success, self._service.document, withdraws=withdraws)

    def _message(self, message: SoapMessageTable, outgoing: Outgoing) -> HttpRequest:
        values = dict(members(message.arguments, outgoing.record, with_nothing=False))
        if message.idempotency_argument:
            values[message.idempotency_argument] = outgoing.idempotency_key
        return self._service.request(
            message.operation, with_values({}, values), idempotent=message.idempotent, accepted_verdicts=RESULTS
        )


class WithdrawingSoapTarget(SoapTarget):
    """A target that takes withdrawals too."""

    def __init__(
        self,
        record_type: type[Record],
        table: SoapTargetTable,
        withdrawal: SoapMessageTable,
        service: Callable[[], SoapService],
        success: SuccessRule | None,
    ) -> None:
        """Prepare; `withdrawal` is the message of a withdrawal."""
        super().__init__(record_type, table, service, success)
        self._withdrawal = withdrawal

    def withdraw(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Withdraw the records, each alone; one that the service does not have counts as a duplicate."""
        receipts = list[Receipt]()
        for outgoing in batch:
            receipts.append((yield from self._send(self._withdrawal, outgoing, withdraws=True)))
        return receipts


def target_of(
    record_type: type[Record], table: SoapTargetTable, service: Callable[[], SoapService], success: SuccessRule | None
) -> SoapTarget:
    """Return the target of a table; one without a message for withdrawals takes none."""
    if table.withdraw is None:
        return SoapTarget(record_type, table, service, success)
    return WithdrawingSoapTarget(record_type, table, table.withdraw, service, success)
