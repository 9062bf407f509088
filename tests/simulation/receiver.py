"""A simulated receiver: it applies each message once by its idempotency key and records everything."""

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.simulation.fault_plan import Fault
from tests.simulation.traits import ReceiverTraits

Message = dict[str, Any]
UNWELCOME = {"land_parcel": ("area_m2", "113"), "dossier": ("summary", "Không nhận")}
"""Field and value for which a desk always refuses a record."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One record that a desk applied."""

    idempotency_key: str
    record_type: str
    key: str
    order_key: str
    document: dict[str, Any] | None
    """None: the record was withdrawn."""
    after_refusal: bool
    """Whether a message with this idempotency key was refused before."""


class Receiver:
    """One receiver: the records it holds and the effects that led to them."""

    def __init__(self, traits: ReceiverTraits, holdings: dict[str, dict[str, Any]]) -> None:
        """Share `holdings` with the other desks of the system: a step refers to a dossier at another desk."""
        self.traits = traits
        self.holdings = holdings
        self.effects: list[Effect] = []
        self.messages = 0
        self.conflicts: list[str] = []
        """Idempotency keys that were reused with another record."""
        self._accepted: dict[str, Message] = {}
        self._refused: set[str] = set()

    def receive(self, message: list[Message], fault: Fault | None, dice: Random) -> object:
        """Receive a message under a fault; return outcome and reason for each of its records."""
        self.messages += 1
        if fault is Fault.NONSENSE:
            return [["perhaps", ""] for _ in message]
        put_off_index = dice.randrange(len(message)) if fault is Fault.BUSY else -1
        refusals = [self._refusal(entry) for entry in message]
        if self.traits.refuses_whole_batches and len(message) > 1 and any(refusals):
            return [["refused", "batch_refused"] for _ in message]
        return [
            ["retry", "busy"] if index == put_off_index else self._accept(entry, refusal)
            for index, (entry, refusal) in enumerate(zip(message, refusals, strict=True))
        ]

    def refuses(self, document: dict[str, Any]) -> bool:
        """True if the desk always refuses a record."""
        name, value = UNWELCOME.get(self.traits.record_type, ("", ""))
        return document.get(name) == value

    def _refusal(self, entry: Message) -> str:
        if entry["document"] is None:
            return ""
        if self.refuses(entry["document"]):
            return "unwelcome"
        parent = entry["document"].get("dossier_code") if self.traits.record_type == "dossier_step" else None
        return "not_found" if parent is not None and parent not in self.holdings else ""

    def _accept(self, entry: Message, refusal: str) -> list[str]:
        before = self._accepted.get(entry["idempotency_key"])
        if before is not None:
            if before != entry:
                self.conflicts.append(entry["idempotency_key"])
            return ["duplicate", "again"]
        if refusal:
            self._refused.add(entry["idempotency_key"])
            return ["refused", refusal]
        self._accepted[entry["idempotency_key"]] = entry
        if entry["document"] is None:
            self.holdings.pop(entry["key"], None)
        else:
            self.holdings[entry["key"]] = entry["document"]
        self.effects.append(
            Effect(
                record_type=self.traits.record_type, after_refusal=entry["idempotency_key"] in self._refused, **entry
            )
        )
        return ["delivered", ""]
