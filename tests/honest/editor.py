"""The edits that honest offices make: items are entered, changed, set back, renumbered and deleted."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from cchc_connect import DeleteDetection
from tests.honest.drawing import LISTED_AT_ONCE, MAX_ITEMS
from tests.honest.office import HonestSource
from tests.honest.peculiarities import Peculiarity

Fields = dict[str, Any]

SHARED_NUMBERS = 12
"""Parcel numbers that several sources use."""
MAX_SHRINKING_SHARE = 0.08
"""Share of its items that a source loses in a day, where it shrinks."""
FEW_DELETIONS = 3
"""Deletions in a whole world where its days are one day."""


class HonestEditor:
    """Makes edits in one source."""

    def __init__(
        self, source: HonestSource, district: int, peculiarities: frozenset[Peculiarity], dice: Random
    ) -> None:
        self.source = source
        self._district = district
        self._peculiarities = peculiarities
        self._dice = dice
        self._entered = 0
        self._deleted = 0
        self._before: dict[str, Fields] = {}
        traits = source.traits
        self._partitions = traits.partitions[: dice.randint(1, 2)] or ("",)
        self._limit = LISTED_AT_ONCE if traits.end == "no_link" else MAX_ITEMS

    def enter(self, now: datetime) -> None:
        """Enter an item, if there is room."""
        if len(self.source.current) < self._limit:
            self._entered += 1
            number = f"{self.source.traits.name[0]}{self._entered:03}"
            fields = self._identity() | self._values()
            self._put(number, self._dice.choice(self._partitions), fields, now)

    def edit(self, now: datetime) -> None:
        """Make one edit."""
        kinds = {"enter": 2, "change": 5, "delete": 2}
        kinds |= {"set back": 3} if Peculiarity.SET_BACK in self._peculiarities else {}
        kinds |= {"renumber": 2} if Peculiarity.RENUMBERED in self._peculiarities else {}
        kind = self._dice.choices(list(kinds), list(kinds.values()))[0]
        if not self.source.current or kind == "enter":
            self.enter(now)
            return
        number = self._dice.choice(sorted(self.source.current))
        item = self.source.current[number]
        fields: Fields = dict(item["fields"])
        if kind == "delete":
            if Peculiarity.SHRINKING not in self._peculiarities and self._deleted < FEW_DELETIONS:
                self.delete(now)
            return
        if kind == "set back" and number in self._before:
            changed = self._before[number]
        elif kind == "renumber":
            changed = fields | self._identity()
        else:
            changed = fields | self._values()
        self._before[number] = fields
        self._put(number, item["partition"], changed, now)

    def delete(self, now: datetime) -> None:
        """Delete an item."""
        self._deleted += 1
        self.source.remove(self._dice.choice(sorted(self.source.current)), now)

    def shrink(self, now: datetime) -> None:
        """Delete a small share of the items."""
        for _ in range(int(len(self.source.current) * MAX_SHRINKING_SHARE) + (self._dice.random() < 0.5)):
            if self.source.current:
                self.delete(now)

    def _put(self, number: str, partition: str, fields: Fields, now: datetime) -> None:
        late = timedelta(seconds=self._dice.uniform(0, self.source.traits.late_s))
        self.source.put(number, partition, fields, now, now + late)

    def _identity(self) -> Fields:
        if self.source.traits.record_type == "dossier":
            return {"code": f"000.00.05.H09-260302-{self._entered:04}", "procedure_code": "1.013225"}
        own = [1000 * self._district + number for number in range(3 * MAX_ITEMS)]
        numbers = [*range(1, SHARED_NUMBERS + 1), *own]
        free = [number for number in numbers if str(number) not in self._used()]
        number = self._dice.choice(free[:SHARED_NUMBERS])
        head = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "12"}
        return {**head, "parcel_number": str(number)}

    def _used(self) -> set[str]:
        """Return the parcel numbers that it has or had: an office gives a number to one parcel."""
        return {document["parcel_number"] for document in self.source.stated}

    def _values(self) -> Fields:
        dice = self._dice
        free_text = f"Số {dice.randrange(10_000)} đường Yên Ngưu" if dice.random() < 0.6 else None
        if self.source.traits.record_type == "dossier":
            return {"status": dice.choice([2, 4, 9]), "summary": free_text}
        return {"area_m2": dice.choice(["100", "101", "250.5"]), "address": free_text}

    @property
    def may_move_while_paged(self) -> bool:
        """Whether an edit between two pages leaves a trace: a position by key, a count, or a full listing each time."""
        traits = self.source.traits
        return traits.paging == "keyset" or traits.counted or not traits.changed_since

    @property
    def keeps_deleted(self) -> bool:
        """Whether the source never tells of deletions."""
        return self.source.traits.deletes is DeleteDetection.NEVER
