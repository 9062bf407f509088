"""Readers of wire values, one per declared dialect and no guessing.

A reader returns the value, None where the source says "nothing", or `Unreadable` where the value does not
fit what the source declared. `Unreadable` is refused by every record field, so the fault appears at its
field, beside the item's other faults, and the item is quarantined whole.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unreadable:
    """A wire value that does not fit its declared format; it keeps the rule it broke, never the value."""

    rule: str
