"""A receiver that applies each message once and keeps what it holds."""

from typing import Any

from tests.honest.traits import ReceiverTraits

Message = dict[str, Any]


class HonestReceiver:
    """The records that one receiver holds, and all versions that it got."""

    def __init__(self, traits: ReceiverTraits) -> None:
        self.traits = traits
        self.holdings: dict[str, Any] = {}
        self.versions: dict[str, list[Any]] = {}
        """By record key, in order of arrival; None is a withdrawal."""
        self.messages = 0
        self._applied: set[str] = set()

    def receive(self, entries: list[Message]) -> list[list[str]]:
        """Apply a message; return a receipt for each of its records."""
        self.messages += 1
        return [self._apply(entry) for entry in entries]

    def _apply(self, entry: Message) -> list[str]:
        if entry["idempotency_key"] in self._applied:
            return ["duplicate", "again"]
        self._applied.add(entry["idempotency_key"])
        self.versions.setdefault(entry["key"], []).append(entry["document"])
        if entry["document"] is None:
            self.holdings.pop(entry["key"], None)
        else:
            self.holdings[entry["key"]] = entry["document"]
        return ["delivered", ""]
