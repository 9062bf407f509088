"""A double of an agency that receives records: it holds what it accepted and applies each idempotency key once."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cchc_connect.testing import AgencyDouble, World
from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse, json_response

WITHDRAW = "/withdraw"


@cache
def _world() -> World:
    """Return an empty world: the office lists nothing."""
    return World(1, dossiers=0, parcels=1, works=0)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One record or withdrawal as it arrived, accepted or not."""

    kind: str
    """`record` or `withdrawal`."""
    key: str
    idempotency_key: str
    sequence: int
    previously_delivered: bool
    document: Mapping[str, Any]


class ReceivingOffice(AgencyDouble):
    """Accepts records in batches at `/TYPE`, withdrawals at `/TYPE/withdraw`."""

    record_types = ()

    def __init__(self) -> None:
        super().__init__(_world())
        self.holdings: dict[str, Mapping[str, Any]] = {}
        """The record that it holds, by key."""
        self.arrivals: list[Arrival] = []
        self.effects: list[Arrival] = []
        """Arrivals that changed what it holds, once for each idempotency key."""
        self.conflicts: list[Arrival] = []
        """Arrivals with an idempotency key that was used for another record or change."""
        self.refused: set[str] = set()
        """Keys of records that it refuses."""
        self.busy: set[str] = set()
        """Keys of records that it accepts later."""
        self.on_message: Callable[[], None] = _nothing
        """Called when a message arrives, before it has an effect."""
        self.on_request: Callable[[], None] = _nothing
        """Called with each request, also one that fails."""
        self._accepted: dict[str, tuple[str, str, int]] = {}

    def respond(self, request: ReceivedRequest) -> ServerResponse | None:
        """Respond as the switches demand; None: close the connection without a response."""
        self.on_request()
        return super().respond(request)

    def handle(self, request: ReceivedRequest) -> ServerResponse:
        """Receive one message; return an outcome for each of its entries."""
        self.on_message()
        kind = "withdrawal" if request.path.endswith(WITHDRAW) else "record"
        arrivals = [Arrival(kind=kind, **entry) for entry in json.loads(request.body)]
        self.arrivals += arrivals
        outcomes = [self._receive(arrival) for arrival in arrivals]
        return json_response(outcomes, changed_state="delivered" in outcomes)

    def error_in_200(self) -> ServerResponse:
        """Return an envelope that says no."""
        return json_response({"error": "bảo trì"})

    def forget_arrivals(self) -> None:
        """Empty the lists of what arrived; what it holds stays."""
        self.arrivals, self.effects = [], []

    def begin_again(self, holdings: Mapping[str, Mapping[str, Any]]) -> None:
        """Hold these records and have received nothing."""
        self.forget_arrivals()
        self._accepted.clear()
        self.holdings = dict(holdings)

    def _receive(self, arrival: Arrival) -> str:
        change = (arrival.kind, arrival.key, arrival.sequence)
        if self._accepted.get(arrival.idempotency_key, change) != change:
            self.conflicts.append(arrival)
        if arrival.idempotency_key in self._accepted:
            return "duplicate"
        if arrival.key in self.refused | self.busy:
            return "refused" if arrival.key in self.refused else "retry"
        if arrival.kind == "withdrawal" and arrival.key not in self.holdings:
            return "duplicate"
        self._accepted[arrival.idempotency_key] = change
        self.effects.append(arrival)
        if arrival.kind == "record":
            self.holdings[arrival.key] = arrival.document
        else:
            del self.holdings[arrival.key]
        return "delivered"


def _nothing() -> None:
    """Do nothing."""
