"""Puts defects of real sources into some wire items; an item has at most one.

An item with a harmless defect must be read correctly. An item with a faulty one must be quarantined, and the other
items of its page must not. Which item has which defect is drawn once by seed, so a double can count them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any, TypeAlias

from cchc_connect.testing.province.seeded_random import sample_in_order

WireItem: TypeAlias = dict[str, Any]
"""One item as a system writes it in JSON."""


class DefectSeverity(StrEnum):
    """What must happen to an item with the defect."""

    HARMLESS = "harmless"
    """It is read correctly; an optional value that cannot be read is left out with a note."""
    FAULTY = "faulty"
    """It is quarantined, and the fault is named."""


def _unchanged(item: WireItem) -> WireItem:
    return item


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A kind of defect of a wire item."""

    name: str
    severity: DefectSeverity
    record_types: tuple[str, ...]
    """The shared record types that are read from the item."""
    apply: Callable[[WireItem], WireItem] = _unchanged
    copied_keys: tuple[str, ...] = ()
    """Keys whose values are copied from a sound item that comes earlier in the listing."""


@dataclass(frozen=True, kw_only=True)
class ItemDefect:
    """The defect of one item."""

    defect: Defect
    copied_from: str | None
    """Source id of the item from which values are copied; None if the defect copies none."""


@dataclass(kw_only=True)
class DefectCount:
    """How many items of one record type have a defect."""

    harmless: int = 0
    faulty: int = 0


class ListingDefects:
    """Defects of the items of one listing, by source id."""

    def __init__(self, defects: dict[str, ItemDefect]) -> None:
        self._by_source_id = defects

    def write_item(self, source_id: str, write: Callable[[str], WireItem]) -> WireItem:
        """Return the wire item of `source_id` with its defect, if any.

        Args:
            source_id: which item.
            write: returns the sound item of a source id.
        """
        item = write(source_id)
        item_defect = self._by_source_id.get(source_id)
        if item_defect is None:
            return item
        if item_defect.copied_from is not None:
            original = write(item_defect.copied_from)
            item |= {key: original[key] for key in item_defect.defect.copied_keys}
        return item_defect.defect.apply(item)

    def is_faulty(self, source_id: str) -> bool:
        """True if the item must be quarantined."""
        return (
            source_id in self._by_source_id and self._by_source_id[source_id].defect.severity is DefectSeverity.FAULTY
        )

    def defect_name(self, source_id: str) -> str | None:
        """Return the name of the item's defect; None if it has none."""
        return self._by_source_id[source_id].defect.name if source_id in self._by_source_id else None

    def faulty_ids(self) -> list[str]:
        """Return the source ids of all items that must be quarantined."""
        return [source_id for source_id in self._by_source_id if self.is_faulty(source_id)]

    def correct(self, source_id: str) -> Defect:
        """Correct an item at its source; return its former defect."""
        return self._by_source_id.pop(source_id).defect

    def counts(self) -> Mapping[str, DefectCount]:
        """Return the number of items with a defect, by record type."""
        counts: dict[str, DefectCount] = {}
        for item_defect in self._by_source_id.values():
            for record_type in item_defect.defect.record_types:
                count = counts.setdefault(record_type, DefectCount())
                if item_defect.defect.severity is DefectSeverity.FAULTY:
                    count.faulty += 1
                else:
                    count.harmless += 1
        return counts


def draw_defects(rng: Random, source_ids: Sequence[str], defects: Sequence[Defect], share: float) -> ListingDefects:
    """Give about `share` (0..1) of the items a defect, half of them faulty; each defect occurs if there is room.

    The first item stays sound, so that a defect that copies has an earlier item to copy from.
    """
    chosen: dict[int, Defect] = {}
    for severity in DefectSeverity:
        kinds = [defect for defect in defects if defect.severity is severity]
        free = [index for index in range(1, len(source_ids)) if index not in chosen]
        indexes = sample_in_order(rng, free, _defect_count(len(source_ids), len(kinds), share))
        chosen |= {index: kinds[turn % len(kinds)] for turn, index in enumerate(indexes)}

    def sound_before(index: int) -> str:
        return next(source_ids[earlier] for earlier in range(index - 1, -1, -1) if earlier not in chosen)

    return ListingDefects(
        {
            source_ids[index]: ItemDefect(
                defect=defect, copied_from=sound_before(index) if defect.copied_keys else None
            )
            for index, defect in chosen.items()
        }
    )


def _defect_count(items: int, kinds: int, share: float) -> int:
    return max(round(items * share / 2), min(kinds, items // 12)) if share else 0
