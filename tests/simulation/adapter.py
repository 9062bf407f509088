"""The adapter of every simulated office, found by its entry point like a third party's."""

import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib import invalidate_caches
from pathlib import Path
from typing import Any, ClassVar, cast

from cchc_connect import (
    Conversation,
    DeliveryStatus,
    Dialect,
    HttpRequest,
    Item,
    Outgoing,
    Page,
    PageRequest,
    Receipt,
    SourceProfile,
    Unreadable,
    Verdict,
)
from cchc_connect.wire.codecs import text_or_none, whole_number
from cchc_connect.wire.field_map import FieldMap, at, translated
from cchc_schemas import RECORD_TYPES, Record, to_document
from tests.simulation.traits import OfficeTraits, ReceiverTraits, SourceTraits

ENTRY_POINT = "simulated_office"

REQUIRED = {"land_parcel": "map_sheet", "dossier": "status", "dossier_step": "status"}
"""The field that is unreadable in a bad entry."""

FIELDS = {
    "land_parcel": ("scheme", "commune_code", "map_sheet", "parcel_number", "area_m2", "address"),
    "dossier": ("code", "procedure_code", "status", "summary"),
    "dossier_step": ("dossier_code", "at", "action", "status", "note"),
}
"""The fields of an entry, for a field map."""


class RegisterSource:
    """One register as a source."""

    def __init__(self, traits: SourceTraits) -> None:
        self._traits = traits
        self.record_type: type[Record] = RECORD_TYPES[traits.record_type]
        self.profile: SourceProfile = traits.profile
        self.mapping_version = 2 if traits.property_names else 1
        self._map = _field_map(traits) if traits.mapped else None

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Fetch one page of the register."""
        parameters = {
            "since": "" if page_request.since is None else page_request.since.isoformat(),
            "position": page_request.page_token or "",
        }
        response = yield HttpRequest(method="GET", path=self._traits.name, params=parameters)
        page = cast("dict[str, Any]", response.json())
        gone: list[str] = page["gone"]
        return Page(items=list(page["items"]), next_page_token=page["next"], total=page["total"], deleted_keys=gone)

    def key(self, item: Item) -> str:
        """Return the register's id of an entry."""
        return str(item["id"])

    def changed_at(self, item: Item) -> datetime | None:
        """Return the time of change in the entry, None if there is none."""
        return datetime.fromisoformat(item["at"]) if item["at"] else None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields; on an entry in the state `broken` this adapter raises a KeyError."""
        if item["state"] == "broken":
            raise KeyError("no such field")
        unreadable = {REQUIRED[self._traits.record_type]: Unreadable("number_unreadable")}
        own = unreadable if item["state"] == "bad" else {}
        return {**item["fields"], **own} if self._map is None else translated(item, self._map) | own


def _field_map(traits: SourceTraits) -> FieldMap:
    return {
        name: at(
            f"fields.{traits.property_names.get(name, name)}", read=whole_number if name == "status" else text_or_none
        )
        for name in FIELDS[traits.record_type]
    }


class DeskTarget:
    """One receiving desk as a target."""

    def __init__(self, traits: ReceiverTraits) -> None:
        self._traits = traits
        self.record_type: type[Record] = RECORD_TYPES[traits.record_type]
        self.batch_limit = traits.batch_limit

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one message."""
        return (yield from self._send(batch, [to_document(outgoing.record) for outgoing in batch]))

    def _send(self, batch: Sequence[Outgoing], documents: Sequence[object]) -> Conversation[Sequence[Receipt]]:
        message = [
            {
                "idempotency_key": outgoing.idempotency_key,
                "key": outgoing.record.key,
                "order_key": outgoing.record.order_key,
                "document": document,
            }
            for outgoing, document in zip(batch, documents, strict=True)
        ]
        response = yield HttpRequest(method="POST", path=self._traits.name, json=message, idempotent=True)
        receipts = cast("list[list[str]]", response.json())
        return [Receipt(status=DeliveryStatus(outcome), reason=reason) for outcome, reason in receipts]


class WithdrawingTarget(DeskTarget):
    """A desk that takes withdrawals."""

    def withdraw(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one message that withdraws records."""
        return (yield from self._send(batch, [None] * len(batch)))


class SimulatedAdapter:
    """Simulated office: registers and desks as its options describe them."""

    Options: ClassVar = OfficeTraits

    def __init__(self, options: OfficeTraits) -> None:
        self.dialect = Dialect(classify=lambda _: Verdict.OK)
        self.sources = [RegisterSource(traits) for traits in options.sources]
        self.targets = [
            (WithdrawingTarget if traits.takes_withdrawals else DeskTarget)(traits) for traits in options.desks
        ]


@contextmanager
def installed(adapters: Mapping[str, str] | None = None) -> Generator[None, None, None]:
    """Install adapters, name and location, like a third party's distribution while the block runs; None: this one."""
    locations = adapters or {ENTRY_POINT: f"{__name__}:{SimulatedAdapter.__name__}"}
    with tempfile.TemporaryDirectory() as site:
        folder = Path(site) / "simulated_office-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: simulated-office\nVersion: 1.0\n", "utf-8")
        points = "".join(f"{name} = {location}\n" for name, location in locations.items())
        (folder / "entry_points.txt").write_text(f"[cchc_connect.adapters]\n{points}", "utf-8")
        sys.path.insert(0, site)
        invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(site)
            invalidate_caches()
