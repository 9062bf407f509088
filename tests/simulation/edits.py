"""Random edits of a simulated register: entries are added, changed, deleted, restored, renumbered and made faulty."""

from datetime import datetime
from random import Random
from typing import Any

from tests.simulation.register import Entry, Register

Fields = dict[str, Any]

DOSSIERS = [f"000.00.05.H09-260302-{number:04}" for number in range(1, 8)]
MAX_ENTRIES = 9
SHARED_NUMBERS = range(1, 7)
"""Parcel numbers that several registers use; no register has one of them twice."""
OWN_NUMBERS = 4
"""How many parcel numbers only one register uses; two of its entries may have the same."""


class RegisterEditor:
    """Makes random edits of one register."""

    def __init__(self, register: Register, district: int, dice: Random) -> None:
        self._register = register
        self._district = district
        self._dice = dice
        self._entered = 0

    def edit(self, now: datetime) -> str:
        """Make one edit; return its description."""
        entries = list(self._register.entries.values())
        kind = self._dice.choices(["enter", "change", "delete", "bring back", "renumber", "spoil"], [3, 4, 2, 1, 2, 2])[
            0
        ]
        if not entries or (kind == "enter" and len(entries) < MAX_ENTRIES):
            return self.enter(now)
        if kind == "bring back" and self._register.gone:
            number = self._dice.choice(list(self._register.gone))
            return self._put(kind, number, self._unclaimed(self._register.gone[number][1]["fields"]), now)
        entry = self._dice.choice(entries)
        if kind == "delete":
            self._register.remove(entry["id"], now)
            return f"delete {entry['id']}"
        return self._rewrite(kind, entry, now)

    def change(self, entry: Entry, now: datetime) -> str:
        """Change the values of an entry; they are other ones than before."""
        fields = {**entry["fields"], **self._values()}
        name = "area_m2" if "area_m2" in fields else "status"
        values = ["100", "101"] if name == "area_m2" else [2, 4]
        fields[name] = next(value for value in values if value != entry["fields"][name])
        return self._put("change", entry["id"], fields, now)

    def enter(self, now: datetime) -> str:
        """Enter a new entry."""
        self._entered += 1
        return self._put("enter", f"{self._register.traits.name[0]}{self._entered}", self._new_fields(), now)

    def _rewrite(self, kind: str, entry: Entry, now: datetime) -> str:
        number, fields = entry["id"], dict(entry["fields"])
        if kind == "renumber" and "parcel_number" in fields:
            return self._put(kind, number, {**fields, **self._parcel_number(number)}, now)
        if kind == "spoil":
            state = "good" if entry["state"] != "good" else self._dice.choice(["bad", "bad", "broken"])
            return self._put(state, number, fields, now, state)
        return self._put("change", number, {**fields, **self._values()}, now)

    def _put(self, kind: str, number: str, fields: Fields, now: datetime, state: str = "good") -> str:
        self._register.put(number, fields, state, now)
        return f"{kind} {number}"

    def _new_fields(self) -> Fields:
        identities = {"land_parcel": self._parcel, "dossier": self._dossier, "dossier_step": self._step}
        return {**identities[self._register.traits.record_type](), **self._values()}

    def _values(self) -> Fields:
        dice = self._dice
        free_text = f"Số {dice.randrange(10_000)}" if dice.random() < 0.5 else None
        match self._register.traits.record_type:
            case "land_parcel":
                return {"area_m2": dice.choice(["100", "101", "113"]), "address": free_text}
            case "dossier":
                refused = dice.random() < 0.1
                return {"status": dice.choice([2, 4, 9]), "summary": "Không nhận" if refused else free_text}
            case _:
                return {"status": dice.choice([2, 4, 9]), "note": free_text}

    def _parcel(self) -> Fields:
        head = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "12"}
        return {**head, **self._parcel_number("")}

    def _parcel_number(self, but: str) -> Fields:
        free = [number for number in SHARED_NUMBERS if str(number) not in self._claimed(but)]
        own = [100 * self._district + number for number in range(OWN_NUMBERS)]
        return {"parcel_number": str(self._dice.choice([*free, *own]))}

    def _claimed(self, but: str) -> set[str]:
        entries = self._register.entries.values()
        return {entry["fields"].get("parcel_number", "") for entry in entries if entry["id"] != but}

    def _unclaimed(self, fields: Fields) -> Fields:
        """Return the fields, with another parcel number if theirs is a shared one that was taken meanwhile."""
        number = fields.get("parcel_number", "")
        if number in self._claimed("") and int(number or 0) in SHARED_NUMBERS:
            return {**fields, **self._parcel_number("")}
        return fields

    def _dossier(self) -> Fields:
        return {"code": self._dice.choice(DOSSIERS), "procedure_code": "1.013225"}

    def _step(self) -> Fields:
        minute = self._dice.randrange(4)
        at = f"2026-03-02T08:{minute:02}:00+00:00"
        return {"dossier_code": self._dice.choice(DOSSIERS), "at": at, "action": "Thẩm định"}
