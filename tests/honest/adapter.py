"""The adapter of every honest office, found by its entry point like a third party's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, cast

from cchc_connect import (
    Conversation,
    DeliveryStatus,
    Dialect,
    HttpRequest,
    Item,
    ListingEnd,
    Outgoing,
    Page,
    PageRequest,
    Receipt,
    SourceProfile,
    Unreadable,
    Verdict,
)
from cchc_schemas import RECORD_TYPES, Record, to_document
from tests.honest.spellings import SPELLINGS
from tests.honest.traits import HonestSourceTraits, OfficeTraits, ReceiverTraits

ENTRY_POINT = "honest_office"


class HonestListing:
    """One honest source as a source of the adapter contract."""

    def __init__(self, traits: HonestSourceTraits) -> None:
        self._traits = traits
        self._read = SPELLINGS[traits.spelling][1]
        self.record_type: type[Record] = RECORD_TYPES[traits.record_type]
        self.profile: SourceProfile = traits.profile
        self.mapping_version = 1

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Fetch one page; at a source that never links, ask on while pages are full."""
        parameters = {
            "since": "" if page_request.since is None else page_request.since.isoformat(),
            "position": page_request.page_token or "",
            "partition": page_request.partition,
        }
        response = yield HttpRequest(method="GET", path=self._traits.name, params=parameters)
        page = cast("dict[str, Any]", response.json())
        items: list[Item] = page["items"]
        gone: list[str] = page["gone"]
        is_full = len(items) >= self._traits.page_size
        asks_on = self._traits.end == "probe" and is_full
        is_proven = self._traits.end != "no_link" or not is_full
        return Page(
            items=items,
            next_page_token=page["offset"] if asks_on else page["next"],
            total=page["total"],
            deleted_keys=gone,
            end=ListingEnd.PROVEN if is_proven else ListingEnd.UNPROVEN,
            next_is_probe=asks_on,
        )

    def key(self, item: Item) -> str:
        """Return the source's id of an item."""
        return str(item["id"])

    def changed_at(self, item: Item) -> datetime | Unreadable | None:
        """Return the change time, as its spelling is read; None if there is none."""
        return self._read(item["at"]) if self._traits.dated else None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields."""
        return cast("Mapping[str, object]", item["fields"])


class HonestTarget:
    """One honest receiver as a target of the adapter contract."""

    def __init__(self, traits: ReceiverTraits) -> None:
        self._traits = traits
        self.record_type: type[Record] = RECORD_TYPES[traits.record_type]
        self.batch_limit = traits.batch_limit

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one message."""
        return (yield from self._send(batch, [to_document(outgoing.record) for outgoing in batch]))

    def _send(self, batch: Sequence[Outgoing], documents: Sequence[object]) -> Conversation[Sequence[Receipt]]:
        message = [
            {"idempotency_key": outgoing.idempotency_key, "key": outgoing.record.key, "document": document}
            for outgoing, document in zip(batch, documents, strict=True)
        ]
        response = yield HttpRequest(method="POST", path=self._traits.name, json=message, idempotent=True)
        receipts = cast("list[list[str]]", response.json())
        return [Receipt(status=DeliveryStatus(outcome), reason=reason) for outcome, reason in receipts]


class WithdrawingTarget(HonestTarget):
    """The same at a receiver that takes withdrawals."""

    def withdraw(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one message that withdraws records."""
        return (yield from self._send(batch, [None] * len(batch)))


class HonestAdapter:
    """An honest office: sources and receivers as its options describe them."""

    Options: ClassVar = OfficeTraits

    def __init__(self, options: OfficeTraits) -> None:
        self.dialect = Dialect(classify=lambda _: Verdict.OK)
        self.sources = [HonestListing(traits) for traits in options.sources]
        self.targets = [
            (WithdrawingTarget if traits.takes_withdrawals else HonestTarget)(traits) for traits in options.receivers
        ]
