"""A simulated register of an agency: entries are edited while its pages are being read."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from cchc_schemas import RECORD_TYPES, to_document
from tests.simulation.fault_plan import Fault
from tests.simulation.traits import SourceTraits

Entry = dict[str, Any]
"""Id of the entry, time of change, state (good, bad, broken) and the record's fields."""

Document = dict[str, Any]


NEW_NAME = "_moi"
"""What the new name of a property ends with."""


class Register:
    """The entries of one source, and every version it ever held, for the checker."""

    def __init__(self, traits: SourceTraits, chance: Random) -> None:
        self.traits = traits
        self._chance = chance
        self.entries: dict[str, Entry] = {}
        self.gone: dict[str, tuple[datetime, Entry]] = {}
        """Deleted entries: time of deletion by the register's clock, and last version."""
        self.stated: list[Document] = []
        """Every document the register ever stated."""
        self.departed: list[Document] = []
        """Good documents of entries that were deleted, changed or spoilt: their keys may have left the register."""
        self.misdated: float = 0.0
        """Share of the edits that are dated ahead."""
        self._dated: dict[str, datetime] = {}
        self.ahead = timedelta(0)
        """By how much those are dated ahead at most."""
        self.renamed = ""
        """Field that is sent under a new name."""
        self._unread = ""
        """Field whose values nobody reads any more."""

    def put(self, number: str, fields: Document, state: str, now: datetime) -> None:
        """Write or overwrite an entry."""
        fields = {**fields, self._unread: None} if self._unread else fields
        self._leave(number)
        at = self._stamp(number, now).isoformat() if self.traits.dated else ""
        self.entries[number] = {"id": number, "at": at, "state": state, "fields": fields}
        self.gone.pop(number, None)
        if state == "good":
            self.stated.append(document_of(self.traits.record_type, fields))

    def remove(self, number: str, now: datetime) -> None:
        """Delete an entry."""
        self._leave(number)
        self.gone[number] = (self._stamp(number, now), self.entries.pop(number))

    def date_anew(self, now: datetime) -> None:
        """Write each entry again as it is."""
        for entry in list(self.entries.values()):
            self.put(entry["id"], entry["fields"], entry["state"], now)

    def stop_reading(self, field: str, now: datetime) -> None:
        """From now on entries count as having no value of a field, as it was accepted that nobody reads it."""
        self._unread = field
        self.date_anew(now)

    def sent(self, entry: Entry) -> Entry:
        """Return an entry as it is sent now."""
        names = {self.renamed: f"{self.renamed}{NEW_NAME}"}
        fields = {names.get(name, name): value for name, value in entry["fields"].items()}
        return {**entry, "fields": fields}

    def page(self, since: str, position: str, fault: Fault | None) -> dict[str, Any]:
        """Return one page, distorted by the fault."""
        if fault is Fault.NONSENSE:
            return {"items": None, "next": "1", "total": "many", "gone": None}
        moment = datetime.fromisoformat(since) if since and fault is not Fault.FILTER_IGNORED else None
        listed = self._listed(moment)
        total = len(listed) if self.traits.counted else None
        if fault is Fault.LISTING_LOST:
            listed = listed[: len(listed) // 4]
            total = len(listed) if self.traits.counted else None
        start = self._start(listed, position)
        end = start + self.traits.page_size
        shown = listed[start - (self.traits.overlap and start > 0) : end]
        last = end >= len(listed)
        if fault is Fault.LISTING_CUT:
            shown, last = shown[: len(shown) // 2], True
        if fault is Fault.LISTING_EMPTY:
            shown, last = [], True
        following = None if last else self._position(listed[end - 1], end)
        items = [self.sent(entry) for entry in shown]
        return {"items": items, "next": following, "total": total, "gone": self._gone(moment) if last else []}

    def listed(self) -> list[Entry]:
        """Return all entries in the register's order."""
        return self._listed(None)

    def second_position(self, since: str) -> str:
        """Return the position of the second page; "" if there is none."""
        listed = self._listed(datetime.fromisoformat(since) if since else None)
        size = self.traits.page_size
        return self._position(listed[size - 1], size) if len(listed) > size else ""

    def _leave(self, number: str) -> None:
        before = self.entries.get(number)
        if before is not None and before["state"] == "good":
            self.departed.append(document_of(self.traits.record_type, before["fields"]))

    def _stamp(self, number: str, now: datetime) -> datetime:
        """Return the time that an edit is dated with: in the past, and possibly before that of other entries' edits.

        The edits of one entry are dated in their order, as the order of its versions is told by nothing else.
        """
        furthest = self.traits.lag_s if self.traits.changed_since else timedelta(days=30).total_seconds()
        moment = now - timedelta(seconds=self._chance.uniform(0, furthest))
        moment = self._dated[number] = max(moment, self._dated.get(number, moment))
        if self.misdated and self._chance.random() < self.misdated:
            moment = now + self.ahead
        grain = self.traits.grain_s
        return datetime.fromtimestamp(moment.timestamp() // grain * grain, UTC)

    def _listed(self, since: datetime | None) -> list[Entry]:
        chosen = [
            entry
            for entry in self.entries.values()
            if since is None or not self.traits.changed_since or datetime.fromisoformat(entry["at"]) >= since
        ]
        return sorted(chosen, key=self._rank)

    def _rank(self, entry: Entry) -> str:
        match self.traits.order:
            case "key":
                return str(entry["id"])
            case "stamp":
                return f"{entry['at']}|{entry['id']}"
            case "scrambled":
                return hashlib.sha256(entry["id"].encode()).hexdigest()

    def _position(self, entry: Entry, end: int) -> str:
        return self._rank(entry) if self.traits.paging == "keyset" else str(end)

    def _start(self, listed: list[Entry], position: str) -> int:
        if not position:
            return 0
        if self.traits.paging == "offset":
            return int(position)
        return sum(self._rank(entry) <= position for entry in listed)

    def _gone(self, since: datetime | None) -> list[str]:
        if self.traits.deletes != "tombstones":
            return []
        return [number for number, (at, _) in self.gone.items() if since is None or at >= since]


def fields_of(item: Mapping[str, Any]) -> Document:
    """Return the fields of an entry that was sent, by their former names."""
    return {name.removesuffix(NEW_NAME): value for name, value in item["fields"].items()}


def document_of(record_type: str, fields: Document) -> Document:
    """Return the document of the record made from good fields."""
    return to_document(RECORD_TYPES[record_type].read(fields).record)
