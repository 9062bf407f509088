"""A small register of parcels with every power that the conformance kit asks for, over real sockets."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cchc_connect.testing import FaultyServer, ReceivedRequest, ServerResponse, json_response
from cchc_schemas import AdminScheme, LandParcel, Record

PAGE_SIZE = 3
FIRST_CHANGE = datetime(2026, 3, 1, 1, 15, 7, tzinfo=UTC)
HALVES = ("north", "south")


class Register(FaultyServer):
    """Parcels in pages, oldest change first, with a total, deletions and a service that takes parcels."""

    def __init__(self, parcels: int = 8) -> None:
        super().__init__(self._respond)
        self.parcels: dict[str, dict[str, Any]] = {}
        self.removed: dict[str, datetime] = {}
        self.received: dict[str, Any] = {}
        self.change_count = 0
        self._now = FIRST_CHANGE
        for number in range(1, parcels + 1):
            self.enter(number)

    def enter(self, number: int) -> None:
        """Enter a parcel, or change one."""
        self._now += timedelta(minutes=61, seconds=13)
        key = f"P{number:03}"
        item = {"id": key, "sheet": "12", "number": str(number), "area": "250.5", "half": HALVES[number % 2]}
        address = f"Ấp {len(self.parcels)} lần {self._now:%d %H}"
        self.parcels.pop(key, None)
        self.parcels[key] = {**item, "address": address, "at": self._now.isoformat()}

    def change(self) -> None:
        """Change the parcel whose change is the oldest, and enter a new one."""
        self.enter(int(next(iter(self.parcels.values()))["number"]))
        self.enter(len(self.parcels) + 1)

    def remove(self, record_type: str) -> None:
        """Remove the parcel whose change is the oldest."""
        del record_type
        self._now += timedelta(minutes=1)
        key = next(iter(self.parcels))
        del self.parcels[key]
        self.removed[key] = self._now

    def records_to_send(self, record_type: str) -> Sequence[Record]:
        """Return parcels that it accepts."""
        del record_type
        return [parcel(number) for number in range(1, 6)]

    def record_to_refuse(self, record_type: str) -> Record:
        """Return a parcel of a sheet that is not its own."""
        del record_type
        return parcel(9).model_copy(update={"map_sheet": "99"})

    def _respond(self, request: ReceivedRequest) -> ServerResponse:
        if request.headers.get("x-api-key") != "mat-khau-mau":
            return json_response({"message": "unauthorized"}, status=401)
        if request.method == "DELETE":
            is_gone = self.withdraw(request.path.rpartition("/")[2])
            return json_response({"receipts": ["delivered" if is_gone else "duplicate"]})
        return self._take(json.loads(request.body)) if request.method == "POST" else self._page(request)

    def holds(self, record: Record) -> bool:
        """Return whether a parcel is among those received."""
        assert isinstance(record, LandParcel)
        return any(message["number"] == record.parcel_number for message in self.received.values())

    def withdraw(self, number: str) -> bool:
        """Remove the parcel of a number from those received; return whether it was there."""
        keys = [key for key, message in self.received.items() if message["number"] == number]
        for key in keys:
            del self.received[key]
        self.change_count += bool(keys)
        return bool(keys)

    def _page(self, request: ReceivedRequest) -> ServerResponse:
        since = datetime.fromisoformat(request.first("since", "0001-01-01T00:00:00+00:00"))
        chosen = [
            item
            for item in self.parcels.values()
            if datetime.fromisoformat(item["at"]) >= since
            if request.first("half", item["half"]) == item["half"] and request.first("key", item["id"]) == item["id"]
        ]
        if request.first("newest"):
            chosen.reverse()
        offset = int(request.first("offset", "0"))
        gone = [key for key, at in self.removed.items() if at >= since]
        end = offset + PAGE_SIZE
        document: dict[str, Any] = {
            "parcels": chosen[offset:end],
            "total": len(chosen),
            "gone": gone,
            "more": end < len(chosen),
        }
        document["code"] = "00"
        return json_response(document)

    def _take(self, messages: list[Mapping[str, Any]]) -> ServerResponse:
        answers: list[str] = []
        for message in messages:
            if message["sheet"] == "99":
                answers.append("refused")
                continue
            is_repeated = message["key"] in self.received and message["key"] != ""
            answers.append("duplicate" if is_repeated else "delivered")
            self.change_count += not is_repeated
            self.received[message["key"]] = message
        return json_response({"receipts": answers})


def parcel(number: int) -> LandParcel:
    """Return an invented parcel."""
    return LandParcel.model_validate(
        {
            "scheme": AdminScheme.GSO_2025_07,
            "commune_code": "25747",
            "map_sheet": "12",
            "parcel_number": str(number),
            "address": f"Ấp {number}, xã mẫu",
        }
    )
