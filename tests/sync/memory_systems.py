"""Sources, targets, a clock and a transport in memory, for tests of the engine.

They implement the adapter contract themselves, so the engine is tested through its real interface; no request
is sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

from cchc_connect import Conversation, Dialect, HttpRequest, HttpResponse, Item, Verdict
from cchc_connect.adapter import DeleteDetection, DeliveryStatus, Outgoing, Page, PageRequest, Receipt, SourceProfile
from cchc_connect.errors import CchcError
from cchc_connect.sync.run_context import RunContext
from cchc_connect.transport import Traffic
from cchc_connect.wire.codecs import Unreadable
from cchc_schemas import Dossier, DossierStep, LandParcel, Record

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

Result = TypeVar("Result")


class UnfencedRunContext(RunContext):
    """A scope that writes without holding a lease."""

    @property
    def dry_run(self) -> bool:
        """False: everything is committed."""
        return False


@dataclass
class ManualClock:
    """A clock that the test sets."""

    moment: datetime = START
    seconds: float = 0.0

    def now(self) -> datetime:
        """Return the set instant (UTC)."""
        return self.moment

    def monotonic(self) -> float:
        """Return the set seconds."""
        return self.seconds

    def advance(self, span: timedelta) -> None:
        """Advance both times."""
        self.moment += span
        self.seconds += span.total_seconds()


class NoRequestTransport:
    """Runs conversations that send no request; selected ones fail."""

    def __init__(self, failures: Sequence[CchcError | None] = ()) -> None:
        """Let the n-th conversation fail with the n-th entry; None lets it pass."""
        self._failures = list(failures)
        self.traffic = Traffic()

    def run(self, exchange: Conversation[Result]) -> Result:
        """Return the result of the conversation, or raise its failure."""
        failure = self._failures.pop(0) if self._failures else None
        if failure is not None:
            exchange.close()
            raise failure
        try:
            next(exchange)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        message = "a conversation sent a request"
        raise AssertionError(message)

    def send(self, request: HttpRequest, /) -> HttpResponse:
        """Refuse: there is no network."""
        message = f"{request} was sent"
        raise AssertionError(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        """Do nothing: nothing is open."""


def parcel_item(number: int, /, **changed: object) -> dict[str, Any]:
    """Return a wire item of the land register."""
    base = {"id": f"p{number}", "sheet": "12", "number": str(number), "area": "250.5", "at": START.isoformat()}
    return {**base, **changed}


@dataclass
class LandRegister:
    """A source of land parcels; its fields switch on faults of a source."""

    items: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    profile: SourceProfile = field(
        default_factory=lambda: SourceProfile(changed_since=False, deletes=DeleteDetection.ABSENCE)
    )
    page_size: int = 3
    mapping_version: int = 1
    counted: int | None = None
    """The total that the register reports; None: the true one."""
    obeys_filter: bool = True
    following: Mapping[str, str] = field(default_factory=dict[str, str])
    """Wrong page tokens by the right ones they replace."""
    stuck: bool = False
    """Whether every page token leads to the first page."""
    requests: list[PageRequest] = field(default_factory=list[PageRequest])
    record_type: type[Record] = LandParcel

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return one page."""
        self.requests.append(page_request)
        chosen = [wire_item for wire_item in self.items if self._is_selected(wire_item, page_request)]
        start = int(page_request.page_token or 0)
        end = start + self.page_size
        following = str(end) if end < len(chosen) else None
        total = len(chosen) if self.counted is None else self.counted
        yield from ()
        if following is not None:
            following = self.following.get(following, following)
        shown = 0 if self.stuck else start
        return Page(items=chosen[shown : shown + self.page_size], next_page_token=following, total=total)

    def key(self, item: Item) -> str:
        """Return the register's id of an entry."""
        return str(item.get("id", ""))

    def changed_at(self, item: Item) -> datetime | None:
        """Return the time at which the entry was changed."""
        return datetime.fromisoformat(item["at"]) if item.get("at") else None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a parcel; an entry with the area "?" cannot be read at all."""
        area = item["area"]
        return {
            "scheme": "gso-2025-07",
            "commune_code": item.get("commune", "25747"),
            "map_sheet": item["sheet"],
            "parcel_number": item["number"] if area != "?" else Unreadable("number_unreadable"),
            "area_m2": None if area == "?" else area,
            "address": item.get("address"),
            "previous_keys": item.get("previous_keys", []),
        }

    def _is_selected(self, item: Item, page_request: PageRequest) -> bool:
        changed_at = self.changed_at(item)
        if page_request.since is None or changed_at is None or not self.obeys_filter:
            return True
        return self.profile.changed_since is False or changed_at >= page_request.since


def dossier_fields(code: str, **changed: object) -> dict[str, Any]:
    """Return the wire item of a dossier."""
    return {"code": code, "procedure_code": "1.013225", "status": 4, **changed}


@dataclass
class DossierRegister:
    """A source of dossiers or of another record type; its items are the records' fields."""

    items: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    record_type: type[Record] = Dossier
    profile: SourceProfile = field(default_factory=lambda: SourceProfile(changed_since=False))
    mapping_version: int = 1

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return all items on one page, whatever the request."""
        del page_request
        yield from ()
        return Page(items=self.items, next_page_token=None, total=len(self.items))

    def key(self, item: Item) -> str:
        """Return the dossier's code, with the time for a step."""
        return f"{item.get('code', item.get('dossier_code'))}{item.get('at', '')}"

    def changed_at(self, item: Item) -> datetime | None:
        """Return None: the items hold no time of change."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the item unchanged."""
        return item


@dataclass
class MemoryTarget:
    """A target for one record type, with a configurable outcome per record."""

    record_type: type[Record]
    batch_limit: int = 1
    outcomes: dict[str, DeliveryStatus] = field(default_factory=dict[str, DeliveryStatus])
    """Outcome by record key; other records are delivered."""
    received: list[tuple[Outgoing, ...]] = field(default_factory=list[tuple[Outgoing, ...]])
    effects: dict[str, Record] = field(default_factory=dict[str, Record])
    """The records that the target stored, by record key."""

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Receive a batch and return the configured outcomes."""
        self.received.append(tuple(batch))
        yield from ()
        outcomes = [self.outcomes.get(outgoing.record.key, DeliveryStatus.DELIVERED) for outgoing in batch]
        if len(batch) > 1 and DeliveryStatus.REFUSED in outcomes:
            return [Receipt(status=DeliveryStatus.REFUSED, reason="batch_refused")] * len(batch)
        for outgoing, outcome in zip(batch, outcomes, strict=True):
            if outcome is DeliveryStatus.DELIVERED:
                self.effects[outgoing.record.key] = outgoing.record
        return [Receipt(status=outcome, reason=_REASONS[outcome]) for outcome in outcomes]

    @property
    def keys(self) -> list[str]:
        """The record keys in the order in which they arrived."""
        return [outgoing.record.key for message in self.received for outgoing in message]


_REASONS = {
    DeliveryStatus.DELIVERED: "0",
    DeliveryStatus.DUPLICATE: "-3",
    DeliveryStatus.REFUSED: "not_found",
    DeliveryStatus.RETRY: "busy",
}


@dataclass
class MemoryAdapter:
    """An adapter with the given sources and targets."""

    sources: Sequence[Any] = ()
    targets: Sequence[Any] = ()
    dialect: Dialect = field(default_factory=lambda: Dialect(classify=lambda _: Verdict.OK))


def step_fields(code: str, minute: int) -> dict[str, Any]:
    """Return the wire item of a dossier's step."""
    at = (START + timedelta(minutes=minute)).isoformat()
    return {"dossier_code": code, "at": at, "action": "Thẩm định hồ sơ", "status": 4}


def dossier_codes(count: int) -> Iterator[str]:
    """Yield well-formed dossier codes."""
    return (f"000.00.05.H09-260302-{number:04}" for number in range(1, count + 1))


__all__ = [
    "START",
    "Dossier",
    "DossierRegister",
    "DossierStep",
    "LandRegister",
    "ManualClock",
    "MemoryAdapter",
    "MemoryTarget",
    "NoRequestTransport",
    "UnfencedRunContext",
    "dossier_codes",
    "dossier_fields",
    "parcel_item",
    "step_fields",
]
