"""The adapter of the register, with one flaw that its options name; "" is the adapter without a flaw."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from uuid import uuid4

from pydantic import BaseModel

from cchc_connect import (
    CchcError,
    Conversation,
    DeleteDetection,
    DeliveryStatus,
    Dialect,
    HttpRequest,
    HttpResponse,
    Item,
    ListingEnd,
    ListingOrder,
    Outgoing,
    Page,
    PageRequest,
    Receipt,
    Retriable,
    SourceProfile,
    StartOver,
    Unreadable,
    Verdict,
    classify_rest,
)
from cchc_connect.wire.codecs import iso_instant, item_key
from cchc_schemas import AdminScheme, LandParcel
from tests.conformance.register import HALVES

ENTRY_POINT = "flawed_register"
LOCATION = f"{__name__}:FlawedRegister"
TRUSTING = frozenset({"believes", "log", "gives up"})
"""Flaws of the inbox that see every answer."""
ALL_VERDICTS = frozenset(Verdict)

log = logging.getLogger("flawed_register")
instances = count()


class FlawedOptions(BaseModel, frozen=True, extra="forbid"):
    """Options."""

    flaw: str = ""
    deletes: DeleteDetection = DeleteDetection.TOMBSTONES
    halves: bool = False


class Parcels:
    """The register's parcels."""

    record_type = LandParcel
    mapping_version = 1

    def __init__(self, options: FlawedOptions) -> None:
        self._flaw = options.flaw
        self._instance = next(instances)
        self._offset = 0
        self._sheet: object = None
        self.profile = SourceProfile(
            changed_since=True,
            deletes=options.deletes,
            order=ListingOrder.ASCENDING,
            by_key=True,
            partitions=HALVES if options.halves else (),
            retention=timedelta(days=3650),
        )

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Fetch a page."""
        offset = self._offset if self._flaw == "own position" else int(page_request.page_token or 0)
        try:
            response = yield HttpRequest(
                method="GET",
                path="/parcels",
                params=self._params(page_request, offset),
                accepted_verdicts=ALL_VERDICTS if self._flaw in {"blind", "log"} else frozenset({Verdict.OK}),
            )
        except CchcError:
            if self._flaw != "swallows":
                raise
            return Page(items=[], next_page_token=None)
        if self._flaw == "log":
            log.warning("answer: %s", response.body.decode())
        if self._flaw == "blind" and b'"parcels"' not in response.body:
            return Page(items=[], next_page_token=None)
        if self._flaw == "strict":
            response.json()
        listing = response.listing("parcels")
        items = list(listing.items or ())
        if self._flaw == "loses new" and page_request.since:
            items = [item for item in items if item["number"] != "9"]
        token = str(offset + len(items)) if listing.document["more"] else None
        self._offset = offset + len(items)
        return self._page(items, token, listing.document)

    def _page(self, items: Sequence[Item], token: str | None, document: Mapping[str, Any]) -> Page:
        total, gone = document["total"], document["gone"]
        if self._flaw in {"restless", "served at"}:
            items = [{**item, "address": f"lần {next(instances)}"} for item in items]
        if self._flaw == "endless" and token:
            token = "3"
        if self._flaw == "forgets its place" and token:
            token = str(int(token) + self._instance % 2)
        if self._flaw == "new keys for old":
            items = [
                {**item, "id": f"{item['id']}-{next(instances)}", "number": str(next(instances))} for item in items
            ]
        if self._flaw == "deletes all":
            gone = [f"P{number:03}" for number in range(1, 9)]
        return Page(
            items=items,
            next_page_token=token,
            total=None if self._flaw == "no total" else total + (self._flaw == "total"),
            deleted_keys=gone if self._tells_deletions() else (),
            end=ListingEnd.UNPROVEN if self._flaw == "unproven" else ListingEnd.PROVEN,
        )

    def _tells_deletions(self) -> bool:
        is_promised = self.profile.deletes is DeleteDetection.TOMBSTONES
        return self._flaw == "deletes all" or (is_promised and self._flaw != "no deletes")

    def _params(self, page_request: PageRequest, offset: int) -> dict[str, str]:
        since = page_request.since
        if self._flaw == "short memory" and since:
            raise StartOver("source.start_over")
        if since and self._flaw in {"late since", "exclusive since"}:
            since += timedelta(days=1) if self._flaw == "late since" else timedelta(seconds=1)
        params = {"offset": "0" if self._flaw in {"one page", "served at"} else str(offset)}
        if since and self._flaw != "no since":
            params["since"] = since.isoformat()
        if page_request.source_key and self._flaw != "no key filter":
            params["key"] = page_request.source_key
        if page_request.partition and self._flaw != "no partitions":
            params["half"] = "east" if self._flaw == "empty partitions" else page_request.partition
        return params | ({"newest": "1"} if self._flaw == "newest first" else {})

    def key(self, item: Item) -> str:
        """Return the register's key."""
        key = item_key(item.get("id"))
        match self._flaw:
            case "no keys":
                return "" if item.get("number") == "2" else key
            case "one key":
                return "P"
            case "moving keys":
                return f"{key}-{self._instance}"
            case _:
                return key

    def changed_at(self, item: Item) -> datetime | Unreadable | None:
        """Return the change time."""
        match self._flaw:
            case "no times":
                return None
            case "unreadable times":
                return Unreadable("not_a_date")
            case "days":
                at = iso_instant(item.get("at"))
                return at.replace(hour=17, minute=0, second=0) if isinstance(at, datetime) else at
            case "days of UTC":
                at = iso_instant(item.get("at"))
                return (
                    at.replace(hour=0, minute=0, second=0) - timedelta(days=int(item["number"]))
                    if isinstance(at, datetime)
                    else at
                )
            case _:
                return iso_instant(item.get("at"))

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields."""
        sheet = None if self._flaw == "loses sheets" and item["number"] == "2" else item.get("sheet")
        if self._flaw == "remembers the first":
            self._sheet = self._sheet or item["number"]
        carries = {"carries objects": dict, "carries flags": bool}.get(self._flaw)
        if carries and isinstance(item.get("sheet"), carries):
            self._sheet = item["sheet"]
        if (
            self._flaw == "carries two"
            and not isinstance(item.get("area"), str)
            and isinstance(item.get("address"), str)
        ):
            self._sheet = "99"
        return {
            "scheme": AdminScheme.GSO_2025_07,
            "commune_code": "25747",
            "map_sheet": sheet if self._sheet is None else self._sheet,
            "parcel_number": item.get("number"),
            "area_m2": item.get("area"),
            "address": item.get("address"),
        }


class Inbox:
    """The register's service that takes parcels."""

    record_type = LandParcel
    batch_limit = 4

    def __init__(self, options: FlawedOptions) -> None:
        self._flaw = options.flaw

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one message."""
        if self._flaw == "drops updates" and batch[0].version > 1:
            return [Receipt(status=DeliveryStatus.DELIVERED)] * len(batch)
        response = yield HttpRequest(
            method="POST",
            path="/inbox",
            json=[self._message(outgoing) for outgoing in batch],
            idempotent=True,
            accepted_verdicts=ALL_VERDICTS
            if self._flaw in {"believes", "log", "gives up"}
            else frozenset({Verdict.OK}),
        )
        if self._flaw == "log":
            log.warning("answer: %s", response.body.decode())
        if self._flaw == "gives up" and response.status >= 500:
            return [Receipt(status=DeliveryStatus.REFUSED, reason="gave_up")] * len(batch)
        if self._flaw == "believes":
            return [Receipt(status=DeliveryStatus.DELIVERED)] * len(batch)
        words = _words(response)
        if self._flaw == "refuses repeats":
            words = ["refused" if word == "duplicate" else word for word in words]
        if self._flaw == "fails at repeats" and "duplicate" in words:
            raise Retriable("source.no_content", status=response.status)
        receipts = [Receipt(status=DeliveryStatus(word)) for word in words]
        if self._flaw == "blames all" and any(receipt.status is DeliveryStatus.REFUSED for receipt in receipts):
            return [Receipt(status=DeliveryStatus.DELIVERED)] * len(batch)
        if self._flaw == "mixes up":
            receipts.reverse()
        return receipts[1:] if self._flaw == "short receipts" else receipts

    def withdraw(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Withdraw parcels, one message each."""
        receipts = list[Receipt]()
        for outgoing in batch:
            assert isinstance(outgoing.record, LandParcel)
            number = "" if self._flaw == "drops withdrawals" else outgoing.record.parcel_number
            verdicts = ALL_VERDICTS if self._flaw == "believes" else frozenset({Verdict.OK})
            path = f"/inbox/{number}"
            response = yield HttpRequest(method="DELETE", path=path, idempotent=True, accepted_verdicts=verdicts)
            word = "delivered" if self._flaw == "believes" else _words(response)[0]
            if self._flaw == "refuses repeats" and word == "duplicate":
                word = "refused"
            receipts.append(Receipt(status=DeliveryStatus(word)))
        return receipts

    def _message(self, outgoing: Outgoing) -> dict[str, str]:
        parcel = outgoing.record
        assert isinstance(parcel, LandParcel)
        key = {"new keys": uuid4().hex, "no key": ""}.get(self._flaw, outgoing.idempotency_key)
        return {"key": key, "sheet": parcel.map_sheet, "number": parcel.parcel_number, "address": parcel.address or ""}


def _words(response: HttpResponse) -> list[str]:
    document: Any = response.json()
    return list(document["receipts"])


class FlawedRegister:
    """The register's adapter."""

    Options: ClassVar = FlawedOptions

    def __init__(self, options: FlawedOptions) -> None:
        self.dialect = Dialect(classify=classify_rest)
        self.sources = (Parcels(options),)
        self.targets = (Inbox(options),)
