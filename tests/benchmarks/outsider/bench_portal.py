"""An adapter for the register of the benchmarks: a source of dossiers and a target for their statuses.

It is a third party's adapter, registered by the entry point in the folder beside it. `max_parallel` is the number of
messages that the service accepts in parallel.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel

from cchc_connect import (
    Conversation,
    DeliveryStatus,
    Dialect,
    HttpRequest,
    Item,
    Outgoing,
    Page,
    PageRequest,
    Receipt,
    SourceProfile,
    Unreadable,
    classify_rest,
)
from cchc_schemas import Dossier


class Listing(BaseModel):
    """One page of dossiers; their members have the names of the record's fields."""

    dossiers: list[Item]
    next: str | None


class Outcomes(BaseModel):
    """The outcome of each status of a message."""

    outcomes: list[DeliveryStatus]


class Dossiers:
    """The source of dossiers."""

    record_type = Dossier
    profile = SourceProfile(changed_since=False)
    mapping_version = 1

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Fetch one page."""
        response = yield HttpRequest(method="GET", path="/dossiers", params={"after": page_request.page_token or "0"})
        listing = Listing.model_validate(response.json())
        return Page(items=listing.dossiers, next_page_token=listing.next)

    def key(self, item: Item) -> str:
        """Return the dossier's code."""
        return str(item.get("code", ""))

    def changed_at(self, item: Item) -> datetime | Unreadable | None:
        """Return None: the items hold no time of change."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the item unchanged."""
        return item


class Statuses:
    """The target for statuses."""

    record_type = Dossier
    batch_limit = 100
    max_parallel = 4

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one message."""
        dossiers = [(outgoing.record, outgoing.idempotency_key) for outgoing in batch]
        statuses = [
            {"code": dossier.code, "status": int(dossier.status), "key": key}
            for dossier, key in dossiers
            if isinstance(dossier, Dossier)
        ]
        response = yield HttpRequest(method="POST", path="/statuses", json={"statuses": statuses}, idempotent=True)
        return [Receipt(status=outcome) for outcome in Outcomes.model_validate(response.json()).outcomes]


class PortalOptions(BaseModel, frozen=True, extra="forbid"):
    """No options."""


class BenchPortal:
    """The adapter."""

    Options: ClassVar = PortalOptions
    dialect = Dialect(classify=classify_rest)

    def __init__(self, options: PortalOptions) -> None:
        del options
        self.sources = (Dossiers(),)
        self.targets = (Statuses(),)
