"""A district's one system on loopback: parcels and dossiers in pages, and a desk that takes dossiers in."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from cchc_connect.testing import AgencyDouble, World
from cchc_connect.testing.doubles.server import Asked, Reply, html_reply, json_reply

PARCELS, DOSSIERS = "/parcels", "/dossiers"


@cache
def _world() -> World:
    """Return a world that nobody looks at: a district holds its own items."""
    return World(1, dossiers=0, parcels=1, works=0)


class District(AgencyDouble):
    """Parcels and dossiers in pages, by parts, since a time or one by one; dossiers are taken in, too."""

    record_types = ("land_parcel", "dossier")

    def __init__(self, page_size: int = 3) -> None:
        """Hold nothing yet."""
        super().__init__(_world())
        self.page_size = page_size
        self.items: dict[str, list[dict[str, Any]]] = {PARCELS: [], DOSSIERS: []}
        self.questions: list[Mapping[str, str]] = []
        """What every listing was asked for."""
        self.gone: list[str] = []
        """Keys of parcels that it lists as gone."""
        self.hidden = 0
        """So many items more than it shows it says it has."""
        self.meanwhile: Callable[[], None] = _nothing
        """What happens each time while it answers a page that is not the first."""
        self.fails_after: int | None = None
        """After so many items of a listing it asks to be left alone."""
        self.broken: set[str] = set()
        """Parts that answer with a page for people."""
        self.failing: set[str] = set()
        """Parts for which it has an error of its own."""
        self.refused: set[str] = set()
        """Dossiers that it never takes."""
        self.taken: list[dict[str, Any]] = []
        self.messages: list[tuple[str, str]] = []
        """Dossier and idempotency key of every message that came, taken or not."""

    @property
    def parcels(self) -> list[dict[str, Any]]:
        """Return the parcels as it writes them."""
        return self.items[PARCELS]

    @property
    def dossiers(self) -> list[dict[str, Any]]:
        """Return the dossiers as it writes them."""
        return self.items[DOSSIERS]

    def answer(self, asked: Asked) -> Reply:
        """Answer a page, or take a dossier."""
        if asked.method == "POST":
            return self._take(asked)
        if asked.first("after"):
            self.meanwhile()
        self.questions.append({name: asked.first(name) for name in asked.query})
        if asked.first("part") in self.broken:
            return html_reply("<html><body>Hệ thống đang bảo trì</body></html>")
        if asked.first("part") in self.failing:
            return json_reply({"error": "internal"}, status=500)
        chosen = [item for item in self.items[asked.path] if _is_wanted(item, asked)]
        start = int(asked.first("after", "0"))
        if self.fails_after is not None and start >= self.fails_after:
            return _LATER
        end = start + self.page_size
        head = {"items": chosen[start:end], "next": str(end) if end < len(chosen) else None}
        return json_reply({**head, "total": len(chosen) + self.hidden, "gone": self.gone})

    def error_in_200(self) -> Reply:
        """Return an envelope that says no."""
        return json_reply({"error": "bảo trì"})

    def _take(self, asked: Asked) -> Reply:
        dossier: dict[str, Any] = json.loads(asked.body)
        self.messages.append((dossier["code"], asked.headers["idempotency-key"]))
        if dossier["code"] in self.refused:
            return json_reply({"error": "invalid"}, status=422)
        self.taken.append(dossier)
        return json_reply({"taken": True}, wrote=True)


_LATER = Reply(status=503, headers={"Retry-After": "3600"})
"""Nobody waits for an hour: it is not asked again in this run."""


def _nothing() -> None:
    """Let nothing happen."""


def _is_wanted(item: Mapping[str, Any], asked: Asked) -> bool:
    limits = {name: asked.first(name) for name in ("part", "key") if name in asked.query}
    said = {"part": item.get("part", ""), "key": item.get("id", item.get("code"))}
    since, until = (datetime.fromisoformat(asked.first(name, bound)) for name, bound in _EVER.items())
    is_within = "at" not in item or since <= datetime.fromisoformat(item["at"]) <= until
    return is_within and all(said[name] == value for name, value in limits.items())


_EVER = {"since": "0001-01-01T00:00:00+00:00", "until": "9999-12-31T00:00:00+00:00"}
