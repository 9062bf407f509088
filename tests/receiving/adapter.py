"""An adapter of another package, for the system of a receiving office."""

from collections.abc import Sequence
from typing import ClassVar, cast

from pydantic import BaseModel

from cchc_connect import (
    Conversation,
    DeliveryStatus,
    Dialect,
    HttpRequest,
    Outgoing,
    Receipt,
    Source,
    Target,
    classify_rest,
)
from cchc_schemas import RECORD_TYPES, to_document
from tests.receiving.office import WITHDRAW

ENTRY_POINT = "receiving_office"


class ReceivingOptions(BaseModel):
    """Options: how the office receives."""

    batch_limit: int = 1
    max_parallel: int = 1
    takes_withdrawals: bool = True


class RecordDesk:
    """Accepts records of one type, and no withdrawals."""

    def __init__(self, record_type: str, options: ReceivingOptions) -> None:
        self.record_type = RECORD_TYPES[record_type]
        self.batch_limit = options.batch_limit
        self.max_parallel = options.max_parallel

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one message."""
        return (yield from self._send("", batch))

    def _send(self, path: str, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        message = [
            {
                "key": outgoing.record.key,
                "idempotency_key": outgoing.idempotency_key,
                "sequence": outgoing.sequence,
                "previously_delivered": outgoing.previously_delivered,
                "document": to_document(outgoing.record),
            }
            for outgoing in batch
        ]
        path = f"/{self.record_type.record_type}{path}"
        response = yield HttpRequest(method="POST", path=path, json=message, idempotent=True)
        return [Receipt(status=DeliveryStatus(outcome)) for outcome in cast("list[str]", response.json())]


class WithdrawingDesk(RecordDesk):
    """Accepts records of one type, and withdrawals."""

    def withdraw(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one message that withdraws records."""
        return (yield from self._send(WITHDRAW, batch))


class ReceivingAdapter:
    """A receiving office as its options describe it."""

    Options: ClassVar = ReceivingOptions
    dialect = Dialect(classify=classify_rest)
    sources: Sequence[Source] = ()

    def __init__(self, options: ReceivingOptions) -> None:
        desk = WithdrawingDesk if options.takes_withdrawals else RecordDesk
        self.targets: Sequence[Target] = [desk(record_type, options) for record_type in RECORD_TYPES]
