"""The register of the benchmarks as a system with dossiers to pull and a service that takes their statuses.

An outsider's adapter, made known by the entry point in the folder beside it. `parallel` says how many messages
the service takes at once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel

from cchc_connect import (
    Ask,
    Dialect,
    Exchange,
    HttpRequest,
    Item,
    Outcome,
    Outgoing,
    Page,
    Receipt,
    SourceProfile,
    Unreadable,
    classify_rest,
)
from cchc_schemas import Dossier


class Listing(BaseModel):
    """One page of dossiers; their members are called as the record's fields."""

    dossiers: list[Item]
    next: str | None


class Outcomes(BaseModel):
    """What became of each status of a message."""

    outcomes: list[Outcome]


class Dossiers:
    """The dossiers."""

    record_type = Dossier
    profile = SourceProfile(changed_since=False)
    mapping_version = 1

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for a page."""
        answer = yield HttpRequest(method="GET", path="/dossiers", params={"after": ask.position or "0"})
        listing = Listing.model_validate(answer.json())
        return Page(items=listing.dossiers, next=listing.next)

    def key(self, item: Item) -> str:
        """Return the dossier's code."""
        return str(item.get("code", ""))

    def changed_at(self, item: Item) -> datetime | Unreadable | None:
        """Return None: the register does not say."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields as they are."""
        return item


class Statuses:
    """The service that takes statuses."""

    record_type = Dossier
    batch_limit = 100
    parallel = 4

    def deliver(self, batch: Sequence[Outgoing]) -> Exchange[Sequence[Receipt]]:
        """Send one message."""
        dossiers = [(one.record, one.idempotency_key) for one in batch]
        statuses = [
            {"code": dossier.code, "status": int(dossier.status), "key": key}
            for dossier, key in dossiers
            if isinstance(dossier, Dossier)
        ]
        answer = yield HttpRequest(method="POST", path="/statuses", json={"statuses": statuses}, idempotent=True)
        return [Receipt(outcome=one) for one in Outcomes.model_validate(answer.json()).outcomes]


class PortalOptions(BaseModel, frozen=True, extra="forbid"):
    """No options."""


class BenchPortal:
    """The register, configured."""

    Options: ClassVar = PortalOptions
    dialect = Dialect(classify=classify_rest)

    def __init__(self, options: PortalOptions) -> None:
        del options
        self.sources = (Dossiers(),)
        self.targets = (Statuses(),)
