"""Faults, for which a record is refused, and notes on accepted records; neither contains a value.

Pydantic's errors are translated here and nowhere else. They contain the input, and so personal data, in their text,
their `errors()` and their cause; a fault contains only the path and a stable rule id.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar, cast, runtime_checkable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cchc_schemas.text import EXACTLY, QUICKLY, REQUIRED, listed

R_co = TypeVar("R_co", covariant=True)

OUR_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "enum": "value_unknown",
        "extra_forbidden": "field_unknown",
        "greater_than_equal": "quantity_too_small",
        "less_than": "quantity_too_large",
        "less_than_equal": "quantity_too_large",
        "string_too_long": "text_too_long",
        "string_unicode": "text_not_unicode",
    }
)
"""Own rule ids for some of pydantic's error types; the other types are rule ids unchanged."""

DETAIL_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "enum": "expected",
        "literal_error": "expected",
        "string_too_long": "max_length",
        "too_long": "max_length",
        "string_too_short": "min_length",
        "too_short": "min_length",
        "greater_than": "gt",
        "greater_than_equal": "ge",
        "less_than": "lt",
        "less_than_equal": "le",
    }
)
"""Pydantic's error types that say what is required, and the name under which; the others may say a value."""

_NAME_LENGTH = 64
_MOST_DIGITS = 8
"""Digits of a name; identity, tax and telephone numbers have nine or more."""
_QUOTED = re.compile(r"'([^']*)'|(-?\d+)")
"""One of the values that pydantic lists as "'a', 'b' or 3"."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record is refused: a dotted path such as "uses.0.area_m2" and a stable rule id, never the value."""

    path: str
    rule: str
    detail: str = field(default="", compare=False)
    """What the rule requires or where it broke: allowed values, a form, a limit, a property, a place; "" if unknown.

    It explains the rule and is no part of the fault's identity.
    """


@dataclass(frozen=True, slots=True)
class Note:
    """An irregularity of an accepted record: a dotted path and a stable rule id, never the value."""

    path: str
    rule: str


@dataclass(frozen=True, slots=True)
class Reading(Generic[R_co]):
    """A record that was read, and the notes on it."""

    record: R_co
    notes: tuple[Note, ...]
    left_out: tuple[Fault, ...] = ()
    """The faults for which optional members were left out; each is among the notes too."""


class RecordInvalid(ValueError):
    """The fields do not make a record; `faults` contains every reason."""

    def __init__(self, record_type: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(record_type, faults)
        self.record_type = record_type
        self.faults = faults

    def __str__(self) -> str:
        listed = "; ".join(f"{fault.path}: {fault.rule}" for fault in self.faults)
        return f"{self.record_type} refused: {listed}"


@runtime_checkable
class NamesItsRule(Protocol):
    """Placeholder for a value that a codec could not read; it names the broken rule."""

    @property
    def rule(self) -> str:
        """The stable rule id."""
        ...


@dataclass(frozen=True, slots=True)
class Noted:
    """A value that a codec changed or read as none, and the rule of the note that says so.

    `Record.read` puts the value in its place and the note among the record's notes.
    """

    value: object = field(repr=False)
    rule: str


def without_notes(fields: Mapping[str, object]) -> tuple[Mapping[str, object], tuple[Note, ...]]:
    """Return fields in which each `Noted` is replaced by its value, and the notes with their paths."""
    notes: list[Note] = []

    def settled(value: object, path: str) -> object:
        if isinstance(value, Noted):
            notes.append(Note(path, value.rule))
            return settled(value.value, path)
        if isinstance(value, Mapping):
            members = cast("Mapping[str, object]", value).items()
            return {name: settled(member, f"{path}.{name}" if path else name) for name, member in members}
        if isinstance(value, list | tuple):
            parts = cast("Sequence[object]", value)
            return [settled(part, f"{path}.{number}") for number, part in enumerate(parts)]
        return value

    return cast("Mapping[str, object]", settled(fields, "")), tuple(notes)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fault of pydantic's with its place in the fields."""

    location: tuple[str | int, ...]
    fault: Fault
    is_noted: bool
    """Whether the value is `Noted`, and not refused for itself."""


def faults_of(error: ValidationError) -> tuple[Fault, ...]:
    """Return pydantic's errors as faults, without duplicates, in the order of the fields."""
    return tuple(dict.fromkeys(refusal.fault for refusal in refusals_of(error)))


def refusals_of(error: ValidationError) -> Iterator[Refusal]:
    """Yield pydantic's errors as faults with their places, in the order of the fields."""
    for details in error.errors(include_url=False):
        *parents, last = details["loc"] or ("",)
        if last != QUICKLY:
            location = tuple(parents) if last == EXACTLY else (*parents, last)
            fault = Fault(dotted_path(location), _rule(details), _detail(details))
            yield Refusal(location, fault, isinstance(details["input"], Noted))


def dotted_path(location: Iterable[str | int]) -> str:
    """Return a place in the fields as the dotted path of a fault or note."""
    return ".".join(_step(step) for step in location)


def _rule(details: ErrorDetails) -> str:
    value = details["input"]
    if value is None:
        return "missing"
    if isinstance(value, NamesItsRule):
        return value.rule
    return OUR_NAMES.get(details["type"], details["type"])


def _detail(details: ErrorDetails) -> str:
    """Return what the broken rule requires; only what codecs, our own rules and the schema say, never a value."""
    value, kind = details["input"], details["type"]
    if value is None:
        return ""
    if isinstance(value, NamesItsRule):
        return str(getattr(value, "expected", ""))
    context = details.get("ctx", {})
    if kind in DETAIL_NAMES:
        required = str(context.get(DETAIL_NAMES[kind], ""))
        return listed(text or number for text, number in _QUOTED.findall(required)) if "'" in required else required
    return str(context.get(REQUIRED, ""))


def _step(step: str | int) -> str:
    """Return a step of a path; a name that cannot be a field may be a value and is replaced by "?"."""
    text = str(step)
    is_name = len(text) <= _NAME_LENGTH and text.isascii() and text.replace("_", "").isalnum()
    return text if is_name and sum(map(str.isdecimal, text)) <= _MOST_DIGITS else "?"
