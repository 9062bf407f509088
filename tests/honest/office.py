"""An honest source: its items, the edits in it, and its answers to requests for pages."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cchc_schemas import RECORD_TYPES, VIETNAM, to_document
from tests.honest.spellings import SPELLINGS
from tests.honest.traits import HonestSourceTraits

Item = dict[str, Any]
"""Id, partition, change time as written, and the record's fields."""

DAY_S = 86_400.0


class HonestSource:
    """One source and every document it ever stated, for the checker."""

    def __init__(self, traits: HonestSourceTraits) -> None:
        self.traits = traits
        self.items: dict[str, Item] = {}
        """What it shows now, by id."""
        self.removed: dict[str, tuple[datetime, Item]] = {}
        """Deleted items: time of deletion by its own clock, and last version."""
        self.ever_removed: set[str] = set()
        self.stated: list[Mapping[str, Any]] = []
        self.stated_by: dict[str, list[Mapping[str, Any]]] = {}
        """The same by item."""
        self._at: dict[str, datetime] = {}
        self._uncommitted: list[tuple[datetime, str, Item, datetime]] = []
        self._passes = 0

    @property
    def current(self) -> dict[str, Item]:
        """Every item as it will be once all edits are committed, by id."""
        return {**self.items, **{number: item for _, number, item, _ in self._uncommitted}}

    def put(self, number: str, partition: str, fields: Mapping[str, Any], now: datetime, visible_at: datetime) -> None:
        """Write an item at `now`; others see it from `visible_at` on."""
        at = self._stamp(now)
        item = {"id": number, "partition": partition, "at": self._written(at), "fields": dict(fields)}
        self._uncommitted.append((visible_at, number, item, at))
        document = self.document(item)
        self.stated.append(document)
        self.stated_by.setdefault(number, []).append(document)
        self.settle(now)

    def remove(self, number: str, now: datetime) -> None:
        """Delete an item."""
        self.settle(now + timedelta(days=1))
        self.removed[number] = (self._stamp(now), self.items.pop(number))
        self.ever_removed.add(number)

    def settle(self, now: datetime) -> None:
        """Commit what is visible by now."""
        for _, number, item, at in (entry for entry in self._uncommitted if entry[0] <= now):
            self.items[number], self._at[number] = item, at
            self.removed.pop(number, None)
        self._uncommitted = [entry for entry in self._uncommitted if entry[0] > now]

    def document(self, item: Item) -> Mapping[str, Any]:
        """Return the document of the record that an item becomes."""
        return to_document(RECORD_TYPES[self.traits.record_type].read(item["fields"]).record)

    def page(self, parameters: Mapping[str, str], now: datetime) -> Mapping[str, Any]:
        """Return one page."""
        self.settle(now)
        traits, position = self.traits, parameters["position"]
        if not position:
            self._passes += 1
        since = datetime.fromisoformat(parameters["since"]) if parameters["since"] else None
        number, _, rank_or_offset = (position or f"{self._passes}/").partition("/")
        listed = self._listed(since, parameters["partition"], number)
        start = self._start(listed, rank_or_offset, number)
        end = start + traits.page_size
        shown = listed[start - (traits.overlap and 0 < start < len(listed)) : end]
        is_last = start >= len(listed) if traits.end == "empty_page" else end >= len(listed)
        links = traits.end in {"link", "empty_page"} and not is_last
        end_place = self._rank(listed[min(end, len(listed)) - 1], number) if listed else ""
        following = f"{number}/{end_place if traits.paging == 'keyset' else min(end, len(listed))}"
        ended = is_last or traits.end in {"probe", "no_link"}
        return {
            "items": shown,
            "next": following if links else None,
            "offset": f"{number}/{end}",
            "total": len(listed) if traits.counted else None,
            "gone": self._gone(since, parameters["partition"]) if ended else [],
        }

    def _stamp(self, now: datetime) -> datetime:
        """Return a change time: by the source's own clock and resolution."""
        local = (now + timedelta(seconds=self.traits.skew_s)).astimezone(VIETNAM)
        if self.traits.resolution_s == DAY_S:
            return local.replace(hour=0, minute=0, second=0, microsecond=0)
        return local if self.traits.resolution_s < 1 else local.replace(microsecond=0)

    def _written(self, at: datetime) -> object:
        return SPELLINGS[self.traits.spelling][0](at) if self.traits.dated else None

    def _listed(self, since: datetime | None, partition: str, number: str) -> list[Item]:
        chosen = [
            item
            for key, item in self.items.items()
            if item["partition"] == partition and (since is None or self._at[key] >= since)
        ]
        return sorted(chosen, key=lambda item: self._rank(item, number))

    def _rank(self, item: Item, number: str) -> str:
        match self.traits.order:
            case "key":
                return str(item["id"])
            case "time":
                return f"{self._at[item['id']].isoformat(timespec='microseconds')}|{item['id']}"
            case "each_pass":
                return hashlib.sha256(f"{number} {item['id']}".encode()).hexdigest()

    def _start(self, listed: list[Item], rank_or_offset: str, number: str) -> int:
        if not rank_or_offset:
            return 0
        if self.traits.paging == "offset":
            return int(rank_or_offset)
        return sum(self._rank(item, number) <= rank_or_offset for item in listed)

    def _gone(self, since: datetime | None, partition: str) -> list[str]:
        if self.traits.deletes != "tombstones":
            return []
        return [
            number
            for number, (at, item) in self.removed.items()
            if item["partition"] == partition and (since is None or at >= since)
        ]
