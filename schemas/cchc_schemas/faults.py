"""What reading a record finds: faults that refuse it and notes that go with it; neither holds a value.

This is the one seam at which pydantic's errors become ours. They carry the input, and with it personal
data, in their text, their `errors()` and their cause; a fault keeps the path and a stable rule id only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar, runtime_checkable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cchc_schemas.text import EXACTLY, QUICKLY

R_co = TypeVar("R_co", covariant=True)

OUR_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "enum": "value_unknown",
        "extra_forbidden": "field_unknown",
        "less_than": "quantity_too_large",
        "string_too_long": "text_too_long",
        "string_unicode": "text_not_unicode",
    }
)
"""Pydantic's error types that have a name of ours; the others are rule ids as they are."""

_NAME_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record is refused: a dotted path such as "uses.0.area_m2" and a stable rule id, never the value."""

    path: str
    rule: str


@dataclass(frozen=True, slots=True)
class Note:
    """What is odd about a record that was accepted: a dotted path and a stable rule id, never the value."""

    path: str
    rule: str


@dataclass(frozen=True, slots=True)
class Reading(Generic[R_co]):
    """A record and what was odd about it."""

    record: R_co
    notes: tuple[Note, ...]


class RecordInvalid(ValueError):
    """The fields make no record; `faults` names every reason at once."""

    def __init__(self, record_type: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(record_type, faults)
        self.record_type = record_type
        self.faults = faults

    def __str__(self) -> str:
        listed = "; ".join(f"{fault.path}: {fault.rule}" for fault in self.faults)
        return f"{self.record_type} refused: {listed}"


@runtime_checkable
class NamesItsRule(Protocol):
    """A stand-in for a value that a wire reader could not read; it brings the rule that was broken."""

    @property
    def rule(self) -> str:
        """The stable rule id."""
        ...


def faults_of(error: ValidationError) -> tuple[Fault, ...]:
    """Return pydantic's findings as faults, each once, in the order of the fields."""
    return tuple(dict.fromkeys(_faults(error)))


def _faults(error: ValidationError) -> Iterator[Fault]:
    for found in error.errors(include_url=False, include_context=False):
        *way, last = found["loc"] or ("",)
        if last != QUICKLY:
            place = way if last == EXACTLY else [*way, last]
            yield Fault(".".join(_step(step) for step in place), _rule(found))


def _rule(found: ErrorDetails) -> str:
    given = found["input"]
    if given is None:
        return "missing"
    if isinstance(given, NamesItsRule):
        return given.rule
    return OUR_NAMES.get(found["type"], found["type"])


def _step(step: str | int) -> str:
    """Return a path's step; a name that no field could have may be a value that slipped, and is not shown."""
    text = str(step)
    return text if len(text) <= _NAME_LENGTH and text.isascii() and text.replace("_", "").isalnum() else "?"
