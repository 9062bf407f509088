"""A rule of the conformance kit, and the error that says how an adapter breaks it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cchc_connect.adapter import Source, Target
from cchc_connect.messages import Message
from cchc_connect.testing.kit.bench import Bench

Part = Source | Target | None
"""What a rule is about: a source, a target, or (None) the adapter itself."""


class Subject(StrEnum):
    """What a rule is about."""

    ADAPTER = "adapter"
    SOURCE = "source"
    TARGET = "target"


class RuleBroken(AssertionError):
    """An adapter breaks a rule; the message says what was expected and what came instead, without values of items."""

    def __init__(self, code: str, **context: object) -> None:
        super().__init__(code)
        self.message = Message(code, context)

    def __str__(self) -> str:
        return str(self.message)


class ItemsFaulty(RuleBroken):
    """Items of an agency have faults, as few as a run tolerates: a finding of its data; the adapter keeps the rule."""


def _always(_: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of the conformance kit. `kit_rule.NAME` of the message catalogue states it."""

    name: str
    check: Callable[[Bench, Any], None] = field(repr=False)
    """Raises `RuleBroken` if the adapter breaks the rule; gets the part of the adapter that the rule is about."""
    subject: Subject = Subject.SOURCE
    applies: Callable[[Any], bool] = field(default=_always, repr=False)
    """Whether the part promises what the rule is about."""
    only_reads: bool = False
    """Whether it can be checked at an agency's own system: it sends the requests of a run, changes nothing there."""
    needs_http: bool = False
    """Whether it is about responses, so that a source without HTTP does not have it."""
    replays: bool = False
    """Whether it can be checked over recorded answers: it asks for nothing but pages of the complete listing."""
    needs_tls: bool = False
    """Whether it is about connections with TLS: then the relay speaks it, with the certificates of a test authority."""
    is_thorough: bool = False
    """Whether it is left to the thorough form, because it takes seconds."""
