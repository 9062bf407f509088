"""A receiving system's desk: it takes each message once by its idempotency key, and remembers everything."""

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.simulation.traits import DeskTraits
from tests.simulation.weather import Fault

Message = dict[str, Any]
Answer = list[list[str]]
"""Outcome and reason for each record of a message."""

UNWELCOME = {"land_parcel": ("area_m2", "113"), "dossier": ("summary", "Không nhận")}
"""Field and value for which a desk refuses a record for good."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One record that a desk took."""

    idempotency_key: str
    record_type: str
    key: str
    order_key: str
    document: dict[str, Any]
    after_refusal: bool
    """Was this very message refused before?"""


class Desk:
    """What one target holds and how it came about."""

    def __init__(self, traits: DeskTraits, holdings: dict[str, dict[str, Any]]) -> None:
        """Write into `holdings`, the whole system's: dossiers that a step may speak of lie at another desk."""
        self.traits = traits
        self.holdings = holdings
        self.effects: list[Effect] = []
        self.messages = 0
        self.conflicts: list[str] = []
        """Idempotency keys that came again with another record."""
        self._taken: dict[str, Message] = {}
        self._refused: set[str] = set()

    def answer(self, message: list[Message], fault: Fault | None, dice: Random) -> object:
        """Take a message as the weather lets it."""
        self.messages += 1
        if fault is Fault.NONSENSE:
            return [["perhaps", ""] for _ in message]
        put_off = dice.randrange(len(message)) if fault is Fault.BUSY else -1
        refusals = [self._refusal(one) for one in message]
        if self.traits.refuses_whole_batches and len(message) > 1 and any(refusals):
            return [["refused", "batch_refused"] for _ in message]
        return [
            ["retry", "busy"] if place == put_off else self._take(one, refusal)
            for place, (one, refusal) in enumerate(zip(message, refusals, strict=True))
        ]

    def refuses(self, document: dict[str, Any]) -> bool:
        """Say whether a record is refused for good."""
        name, value = UNWELCOME.get(self.traits.record_type, ("", ""))
        return document.get(name) == value

    def _refusal(self, one: Message) -> str:
        if self.refuses(one["document"]):
            return "unwelcome"
        parent = one["document"].get("dossier_code") if self.traits.record_type == "dossier_step" else None
        return "not_found" if parent is not None and parent not in self.holdings else ""

    def _take(self, one: Message, refusal: str) -> list[str]:
        before = self._taken.get(one["idempotency_key"])
        if before is not None:
            if before != one:
                self.conflicts.append(one["idempotency_key"])
            return ["duplicate", "again"]
        if refusal:
            self._refused.add(one["idempotency_key"])
            return ["refused", refusal]
        self._taken[one["idempotency_key"]] = one
        self.holdings[one["key"]] = one["document"]
        self.effects.append(
            Effect(record_type=self.traits.record_type, after_refusal=one["idempotency_key"] in self._refused, **one)
        )
        return ["delivered", ""]
