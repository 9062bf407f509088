"""Finds what a source sends otherwise than before, by what earlier, complete passes have shown of each property.

Few items prove nothing, so that an honest source pays nothing: a property counts as known after `LEARNED` items, as
usual if nearly all of them had it, and a change needs `MIN_AFFECTED` items and more than half of the page, unchanged
items included; all of them where little is known. A renamed property needs one item: there an old name is missing and a
new one stands in its stead.
"""

from collections.abc import Collection, Iterator, Mapping
from difflib import SequenceMatcher

from cchc_connect.database.state.source_properties import DriftKind, PropertyDrift, StoredProperty
from cchc_connect.sync.property_watch import SeenItems, SeenProperty

LEARNED = 20
"""Items after which what a source sends of a property is known well: more than half of a page prove a change."""

FEW = 5
"""Items after which it is known a little: all of a page prove a change."""

FEWEST = 2
"""Items after which a renamed property is recognised."""

USUAL_PRESENT = 0.95
"""Share of the known items that have a property from which its absence is one."""

USUAL_FILLED = 0.9
"""Share of the known items with a value from which its loss is one; a property that is rarely filled loses nothing."""

RARE_KIND = 0.01
"""Share of the known values of a kind up to which the kind is new."""

MIN_AFFECTED = 3
"""Items that must show a change; one or two may be edits."""


class DriftRules:
    """Compares the items of one page with what is known."""

    def __init__(self, learned: Mapping[str, StoredProperty], accepted: Collection[str]) -> None:
        """Prepare; properties in `accepted` are not judged."""
        self._learned = learned
        self._accepted = accepted

    def drifts(self, seen: SeenItems, unchanged: int) -> Iterator[PropertyDrift]:
        """Yield what the items of a page show.

        Args:
            seen: what its new and changed items have.
            unchanged: number of its items that are as they were, in the database or in quarantine.
        """
        read = {name.casefold() for name in seen.read_names}
        new = self._new_properties(seen)
        for name, learned in self._learned.items():
            level = seen.level_of(name, self._learned)
            if name in self._accepted or learned.items < FEWEST or level is None:
                continue
            items = seen.levels[level] * (1 + unchanged / seen.items)
            of_page = seen.properties.get(name, SeenProperty(items=seen.levels[level]))
            respelled = next((name_now for name_now in new if name_now.casefold() == name.casefold()), None)
            if respelled is not None and not of_page.present:
                yield _drift(name, DriftKind.RESPELLED, of_page.items, items, respelled)
                new.pop(respelled)
            elif name.casefold() in read:
                yield from self._read_drifts(name, learned, of_page, items, new)
        for name, of_property in new.items():
            items = round(of_property.items * (1 + unchanged / seen.items))
            is_told = of_property.present >= MIN_AFFECTED and of_property.present * 2 > items
            if is_told and name.casefold() not in read and name not in self._accepted:
                yield _drift(name, DriftKind.PROPERTY_NEW, of_property.present, items)

    def _read_drifts(
        self, name: str, learned: StoredProperty, of_page: SeenProperty, items: float, new: dict[str, SeenProperty]
    ) -> Iterator[PropertyDrift]:
        missing, empty = of_page.items - of_page.present, of_page.items - of_page.filled
        is_usual = is_nearly_all(learned.present, learned.items, USUAL_PRESENT)
        successor = self._successor(name, learned, of_page, new) if is_usual and not of_page.present else None
        at_least = 1 if learned.present == learned.items else MIN_AFFECTED
        if successor is not None and missing >= at_least and missing * 2 > items:
            yield _drift(name, DriftKind.RENAMED, missing, items, successor)
        elif is_usual and _outweighs(missing, items, learned):
            yield _drift(name, DriftKind.VANISHED, missing, items)
        elif is_nearly_all(learned.filled, learned.items, USUAL_FILLED) and _outweighs(empty, items, learned):
            yield _drift(name, DriftKind.EMPTIED, empty, items)
        for kind, number in of_page.kinds.items():
            is_new = kind != "null" and learned.kinds.get(kind, 0) <= RARE_KIND * learned.filled
            if is_new and learned.filled >= FEW and _outweighs(number, items, learned):
                yield _drift(name, DriftKind.KIND_CHANGED, number, items, kind)
        for word, number in of_page.words.items():
            if word not in learned.words and learned.items >= FEW and number >= MIN_AFFECTED:
                yield _drift(name, DriftKind.WORD_NEW, number, items, word)

    def _new_properties(self, seen: SeenItems) -> dict[str, SeenProperty]:
        """Return the properties that no known item of their level had."""
        known_levels = {seen.level_of(name) for name, learned in self._learned.items() if learned.items >= FEWEST}
        return {
            name: of_property
            for name, of_property in seen.properties.items()
            if name not in self._learned and seen.level_of(name) in known_levels
        }

    def _successor(
        self, name: str, learned: StoredProperty, of_page: SeenProperty, new: Mapping[str, SeenProperty]
    ) -> str | None:
        """Return the new property that stands in the stead of one that is gone: with the same kind of values."""
        kind = max((name for name in learned.kinds if name != "null"), key=learned.kinds.__getitem__, default=None)
        parent = name.rpartition(".")[0]
        candidates = [
            candidate
            for candidate, of_property in new.items()
            if candidate.rpartition(".")[0] == parent
            and kind is not None
            and of_property.kinds.get(kind, 0) * 2 > of_page.items
            and learned.filled * 2 > learned.items
        ]
        return max(candidates, key=lambda candidate: SequenceMatcher(None, name, candidate).ratio(), default=None)


def is_nearly_all(number: int, items: int, share: float) -> bool:
    """Return whether at least a share of items is meant; of many known items a few may always be exceptions.

    >>> is_nearly_all(30, 32, 0.95), is_nearly_all(29, 32, 0.95), is_nearly_all(4, 5, 0.9)
    (True, False, False)
    """
    return number >= share * items or (items >= LEARNED and items - number < MIN_AFFECTED)


def _outweighs(affected: int, items: float, learned: StoredProperty) -> bool:
    """Return whether so many of a page's items are enough, for a property of which so much is known."""
    if affected < MIN_AFFECTED or learned.items < FEW:
        return False
    return affected * 2 > items if learned.items >= LEARNED else affected >= items


def _drift(name: str, kind: DriftKind, affected: int, items: float, detail: str = "") -> PropertyDrift:
    return PropertyDrift(property=name, kind=kind, detail=detail, affected=affected, items=round(items))
