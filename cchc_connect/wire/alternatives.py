"""Readers of a field that depend on more than one property: the first of several rules, or a rule under a condition."""

from collections.abc import Sequence
from dataclasses import dataclass

from cchc_connect.wire.conditions import Matcher
from cchc_connect.wire.field_map import At, ValueReader
from cchc_connect.wire.json import Item
from cchc_schemas.faults import Noted


@dataclass(frozen=True, eq=False)
class FirstOf:
    """Reads by the first of several rules that gives a value."""

    readers: Sequence[ValueReader]

    def __call__(self, item: Item) -> object:
        """Return the value; None where no rule gives one."""
        nothing: Noted | None = None
        for read in self.readers:
            value = read(item)
            if isinstance(value, Noted) and value.value is None:
                nothing = nothing or value
            elif value is not None:
                return value
        return nothing

    def chosen(self, item: Item) -> ValueReader | None:
        """Return the rule that gives the value; None where none does."""
        for read in self.readers:
            value = read(item)
            if value is not None and not (isinstance(value, Noted) and value.value is None):
                return read
        return None


@dataclass(frozen=True, eq=False)
class Conditional:
    """Reads an item that meets a condition."""

    is_met: Matcher
    read: ValueReader
    condition_reads: Sequence[At]

    @property
    def readers(self) -> Sequence[ValueReader]:
        """Return what it reads."""
        return (self.read, *self.condition_reads)

    def __call__(self, item: Item) -> object:
        """Return the value; None where the condition is not met."""
        return self.read(item) if self.is_met(item) else None

    def chosen(self, item: Item) -> ValueReader | None:
        """Return what reads the value; None where the condition is not met."""
        return self.read if self.is_met(item) else None
