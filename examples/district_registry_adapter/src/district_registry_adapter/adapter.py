"""Land registry of a district (cơ sở dữ liệu đất đai cấp huyện); the system is invented.

`GET /parcels?page=N&size=N&changed_from=INSTANT` returns `{"parcels": [...], "total": N}`, oldest change first.
Caveats: commune codes come without their scheme, so the connection names it. Deleted parcels are not reported.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel

from cchc_connect import (
    Conversation,
    Dialect,
    HttpRequest,
    Item,
    Page,
    PageRequest,
    SourceHeld,
    SourceProfile,
    Unreadable,
    classify_rest,
)
from cchc_connect.wire.codecs import iso_instant, plain_text
from cchc_schemas import AdminScheme, LandParcel

FIELDS = {"commune_code": "commune", "map_sheet": "sheet", "parcel_number": "number", "area_m2": "area"}


class Parcels:
    record_type = LandParcel
    profile = SourceProfile(changed_since=True)
    mapping_version = 1

    def __init__(self, options: "RegistryOptions") -> None:
        self._options = options

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        page, size = int(page_request.page_token or 1), self._options.page_size
        changed = {"changed_from": page_request.since.isoformat()} if page_request.since else {}
        params = {"page": str(page), "size": str(size), **changed}
        response = yield HttpRequest(method="GET", path="/parcels", params=params)
        listing = response.listing("parcels")
        if listing.items is None:
            raise SourceHeld("district_registry.no_listing")
        total = int(listing.document["total"])
        next_page_token = str(page + 1) if page * size < total else None
        return Page(items=listing.items, next_page_token=next_page_token, total=total)

    def key(self, item: Item) -> str:
        return plain_text(item.get("id"))

    def changed_at(self, item: Item) -> datetime | Unreadable | None:
        return iso_instant(item.get("changed_at"))

    def translate(self, item: Item) -> Mapping[str, object]:
        return {"scheme": self._options.scheme} | {field: item.get(name) for field, name in FIELDS.items()}


class RegistryOptions(BaseModel, frozen=True, extra="forbid"):
    scheme: AdminScheme
    page_size: int = 100


class DistrictRegistry:
    Options: ClassVar = RegistryOptions
    dialect = Dialect(classify=classify_rest)
    targets = ()

    def __init__(self, options: RegistryOptions) -> None:
        self.sources = (Parcels(options),)
