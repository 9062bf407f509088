"""Makes the parts of a record, such as the holders of a parcel, out of flat properties of an item.

A rule for one part names the field, the position in the list and the field of the part: "holders.0.name". Of a field
that is one part and no list it is "land_document.number".
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeAlias, cast

from cchc_connect.wire.json import Item
from cchc_schemas.faults import Noted

_Reader: TypeAlias = Callable[[Item], object]

RULE_KEYS = (
    *("property", "constant", "codec", "words", "codes", "others", "keeps", "each", "where", "sheet", "crs", "x", "y"),
    *("when", "first", "in_any_case"),
)
"""The keys of a rule."""

_RESEMBLANCE = 0.75
"""Share of letters from which on a name is a key of a rule that was mistyped."""


@dataclass(frozen=True, eq=False)
class Constant:
    """Gives a field the same value in every item."""

    value: object

    def __call__(self, item: Item) -> object:  # noqa: ARG002  # the value of every item
        """Return the value."""
        return self.value


@dataclass(frozen=True, eq=False)
class FlatPart:
    """Reads one part, or one bare value of a list; there is none where its properties have no value."""

    fields: dict[str, _Reader] = field(default_factory=dict[str, _Reader])

    @property
    def readers(self) -> Iterable[_Reader]:
        """Return what reads its fields."""
        return self.fields.values()

    def __call__(self, item: Item) -> object:
        """Return the fields of the part, or the value of a list of values; None if nothing but constants is there."""
        values = {name: read(item) for name, read in self.fields.items()}
        if not any(_is_of_item(read, values[name], item) for name, read in self.fields.items()):
            return None
        return values.get("", values)


@dataclass(frozen=True, eq=False)
class FlatParts:
    """Reads a list of parts, each out of flat properties."""

    parts: dict[int, FlatPart] = field(default_factory=dict[int, FlatPart])
    none_is_unknown: bool = False
    """Whether it is null, and not an empty list, where no part is there."""

    @property
    def readers(self) -> Iterable[_Reader]:
        """Return what reads its parts."""
        return self.parts.values()

    def __call__(self, item: Item) -> object:
        """Return the parts that are there, in the order of their positions."""
        parts = [self.parts[position](item) for position in sorted(self.parts)]
        there = [part for part in parts if part is not None]
        return None if self.none_is_unknown and not there else there


def grouped(readers: Mapping[str, _Reader], unknown: Container[str] = frozenset[str]()) -> dict[str, _Reader]:
    """Return `readers` with those for parts of a field replaced by one reader of that field.

    Args:
        readers: reader of each field, or of a field of one of its parts.
        unknown: fields that are null, and no empty list, where no part is there.

    Raises:
        ValueError: a field has a rule, and rules for its parts.
    """
    fields: dict[str, Any] = {}
    for name, read in sorted(readers.items(), key=lambda reader: "." in reader[0]):
        head, _, rest = name.partition(".")
        position, _, member = rest.partition(".")
        if not rest:
            fields[name] = read
        elif head in readers:
            raise ValueError(f"{head} has a rule, and rules for its parts")
        elif position.isdecimal():
            parts: FlatParts = fields.setdefault(head, FlatParts(none_is_unknown=head in unknown))
            parts.parts.setdefault(int(position), FlatPart()).fields[member] = read
        else:
            part: FlatPart = fields.setdefault(head, FlatPart())
            part.fields[rest] = read
    return fields


def flat_rules(table: object) -> object:
    """Return a table of rules with nested ones under one name each, as TOML reads `holders.0.name = {...}`.

    A table is a rule if it has a key of a rule, or one that resembles it; anything else is left for the check of rules.
    """
    if not isinstance(table, Mapping):
        return table
    rules: dict[str, object] = {}
    for name, rule in table.items():  # pyright: ignore[reportUnknownVariableType]  # as TOML gives it
        rules.update(_flat(str(name), rule))  # pyright: ignore[reportUnknownArgumentType]  # as TOML gives it
    return rules


def without_replaced(built_in: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules of a built-in map without those of fields for whose parts `own` has rules."""
    heads = {name.partition(".")[0] for name in own if "." in name}
    return {name: rule for name, rule in built_in.items() if name.partition(".")[0] not in heads}


def _flat(name: str, rule: object) -> dict[str, object]:
    if not isinstance(rule, Mapping) or not _is_way(cast("Mapping[str, object]", rule)):
        return {name: rule}
    rules: dict[str, object] = {}
    for step, member in cast("Mapping[str, object]", rule).items():
        rules.update(_flat(f"{name}.{step}", member))
    return rules


def _is_way(table: Mapping[str, object]) -> bool:
    """True if a table is no rule: its members are rules, or ways to them."""
    if not table or not all(isinstance(member, Mapping | str | list) for member in table.values()):
        return False
    if all(isinstance(member, Mapping) for member in table.values()):
        return True
    if any(name in RULE_KEYS for name in table):  # to look for a resemblance takes longer than all else
        return False
    return not any(get_close_matches(name, RULE_KEYS, n=1, cutoff=_RESEMBLANCE) for name in table)


def _is_of_item(read: _Reader, value: object, item: Item) -> bool:
    """Return whether a value was read from the item, and not from a constant, also one of several rules."""
    if _is_nothing(value):
        return False
    chosen: Any = read
    while hasattr(chosen, "chosen"):
        chosen = chosen.chosen(item)
    return not isinstance(chosen, Constant)


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, Noted) and value.value is None)
