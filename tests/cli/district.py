"""A test double of a district's system on loopback: parcels and dossiers in pages, and a desk that accepts dossiers."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from cchc_connect.testing import AgencyDouble, World
from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse, html_response, json_response

PARCELS, DOSSIERS = "/parcels", "/dossiers"


@cache
def _world() -> World:
    """Return an empty world: a district has its own items."""
    return World(1, dossiers=0, parcels=1, works=0)


class District(AgencyDouble):
    """Lists parcels and dossiers in pages, by partition, period or key; accepts dossiers."""

    record_types = ("land_parcel", "dossier")

    def __init__(self, page_size: int = 3) -> None:
        """Start without items."""
        super().__init__(_world())
        self.page_size = page_size
        self.items: dict[str, list[dict[str, Any]]] = {PARCELS: [], DOSSIERS: []}
        self.questions: list[Mapping[str, str]] = []
        """Query parameters of every listing request."""
        self.gone: list[str] = []
        """Keys of parcels that it lists as deleted."""
        self.hidden = 0
        """Number of items that it counts but does not list."""
        self.meanwhile: Callable[[], None] = _nothing
        """Called on every request for a page after the first."""
        self.fails_after: int | None = None
        """Number of items of a listing after which it responds with Retry-After."""
        self.broken: set[str] = set()
        """Partitions that respond with an HTML page."""
        self.failing: set[str] = set()
        """Partitions that respond with a server error."""
        self.refused: set[str] = set()
        """Codes of dossiers that it refuses."""
        self.accepted: list[dict[str, Any]] = []
        self.messages: list[tuple[str, str]] = []
        """Dossier and idempotency key of every message received, accepted or not."""

    @property
    def parcels(self) -> list[dict[str, Any]]:
        """Return the parcels as it writes them."""
        return self.items[PARCELS]

    @property
    def dossiers(self) -> list[dict[str, Any]]:
        """Return the dossiers as it writes them."""
        return self.items[DOSSIERS]

    def handle(self, request: ReceivedRequest) -> ServerResponse:
        """Return a page, or accept a dossier."""
        if request.method == "POST":
            return self._receive(request)
        if request.first("after"):
            self.meanwhile()
        self.questions.append({name: request.first(name) for name in request.query})
        if request.first("part") in self.broken:
            return html_response("<html><body>Hệ thống đang bảo trì</body></html>")
        if request.first("part") in self.failing:
            return json_response({"error": "internal"}, status=500)
        chosen = [item for item in self.items[request.path] if _is_selected(item, request)]
        start = int(request.first("after", "0"))
        if self.fails_after is not None and start >= self.fails_after:
            return _LATER
        end = start + self.page_size
        head = {"items": chosen[start:end], "next": str(end) if end < len(chosen) else None}
        return json_response({**head, "total": len(chosen) + self.hidden, "gone": self.gone})

    def error_in_200(self) -> ServerResponse:
        """Return an envelope that says no."""
        return json_response({"error": "bảo trì"})

    def _receive(self, request: ReceivedRequest) -> ServerResponse:
        dossier: dict[str, Any] = json.loads(request.body)
        self.messages.append((dossier["code"], request.headers["idempotency-key"]))
        if dossier["code"] in self.refused:
            return json_response({"error": "invalid"}, status=422)
        self.accepted.append(dossier)
        return json_response({"taken": True}, changed_state=True)


_LATER = ServerResponse(status=503, headers={"Retry-After": "3600"})
"""Longer than a run waits: it is not requested again in this run."""


def _nothing() -> None:
    """Do nothing."""


def _is_selected(item: Mapping[str, Any], request: ReceivedRequest) -> bool:
    limits = {name: request.first(name) for name in ("part", "key") if name in request.query}
    values = {"part": item.get("part", ""), "key": item.get("id", item.get("code"))}
    since, until = (datetime.fromisoformat(request.first(name, bound)) for name, bound in _EVER.items())
    is_within = "at" not in item or since <= datetime.fromisoformat(item["at"]) <= until
    return is_within and all(values[name] == value for name, value in limits.items())


_EVER = {"since": "0001-01-01T00:00:00+00:00", "until": "9999-12-31T00:00:00+00:00"}
