"""The defects real sources have, put into a few of the wire items, each item at most once.

Harmless ones must be read correctly; faulty ones must be set aside, the rest of their page must not.
Which item has which defect is drawn once by seed, so a double knows exactly what it holds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any, TypeAlias

from cchc_connect.testing.province.seeded_random import some

WireItem: TypeAlias = dict[str, Any]
"""One item as a system writes it in JSON."""


class Sort(StrEnum):
    """What a reader must do with an item that has the defect."""

    HARMLESS = "harmless"
    """Read it correctly."""
    FAULTY = "faulty"
    """Set it aside with the fault named."""


def _as_it_is(item: WireItem) -> WireItem:
    return item


@dataclass(frozen=True, kw_only=True)
class Defect:
    """One way in which an item is not as it should be."""

    name: str
    sort: Sort
    record_types: tuple[str, ...]
    """The shared records that suffer when this one item is read."""
    apply: Callable[[WireItem], WireItem] = _as_it_is
    copies: tuple[str, ...] = ()
    """Keys whose values are those of another, sound item that comes earlier in the listing."""


@dataclass(frozen=True, kw_only=True)
class Blemish:
    """A defect on one item."""

    defect: Defect
    twin: str | None
    """Source id of the item it copies from, where its defect copies."""


@dataclass(kw_only=True)
class DefectCount:
    """How many items of one record type have a defect."""

    harmless: int = 0
    faulty: int = 0


class Blemishes:
    """Which items of one listing have which defect."""

    def __init__(self, drawn: dict[str, Blemish]) -> None:
        self._of = drawn

    def show(self, source_id: str, write: Callable[[str], WireItem]) -> WireItem:
        """Return the item of `source_id` as it goes over the wire; `write` gives a sound one by source id."""
        item = write(source_id)
        blemish = self._of.get(source_id)
        if blemish is None:
            return item
        if blemish.twin is not None:
            twin = write(blemish.twin)
            item |= {key: twin[key] for key in blemish.defect.copies}
        return blemish.defect.apply(item)

    def is_faulty(self, source_id: str) -> bool:
        """Say whether the item must be set aside."""
        return source_id in self._of and self._of[source_id].defect.sort is Sort.FAULTY

    def named(self, source_id: str) -> str | None:
        """Return the name of the item's defect, None where it is sound."""
        return self._of[source_id].defect.name if source_id in self._of else None

    def faulty_ids(self) -> list[str]:
        """Return the source ids of all items that must be set aside."""
        return [source_id for source_id in self._of if self.is_faulty(source_id)]

    def cure(self, source_id: str) -> Defect:
        """Correct an item at its source; return what it had."""
        return self._of.pop(source_id).defect

    def counts(self) -> Mapping[str, DefectCount]:
        """Return the number of items with a defect by the record type that suffers."""
        counted: dict[str, DefectCount] = {}
        for blemish in self._of.values():
            for record_type in blemish.defect.record_types:
                count = counted.setdefault(record_type, DefectCount())
                if blemish.defect.sort is Sort.FAULTY:
                    count.faulty += 1
                else:
                    count.harmless += 1
        return counted


def draw(rng: Random, source_ids: Sequence[str], defects: Sequence[Defect], share: float) -> Blemishes:
    """Give about `share` of the items a defect, half of them faulty, every defect at least once if there is room.

    The first item stays sound, so that whatever copies has something earlier to copy from.
    """
    chosen: dict[int, Defect] = {}
    for sort in Sort:
        kinds = [defect for defect in defects if defect.sort is sort]
        free = [place for place in range(1, len(source_ids)) if place not in chosen]
        places = some(rng, free, _how_many(len(source_ids), len(kinds), share))
        chosen |= {place: kinds[turn % len(kinds)] for turn, place in enumerate(places)}

    def sound_before(place: int) -> str:
        return next(source_ids[earlier] for earlier in range(place - 1, -1, -1) if earlier not in chosen)

    return Blemishes(
        {
            source_ids[place]: Blemish(defect=defect, twin=sound_before(place) if defect.copies else None)
            for place, defect in chosen.items()
        }
    )


def _how_many(items: int, kinds: int, share: float) -> int:
    return max(round(items * share / 2), min(kinds, items // 12)) if share else 0
