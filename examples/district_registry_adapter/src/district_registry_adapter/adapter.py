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
    Item,
    Page,
    PageRequest,
    SourceProfile,
    Unreadable,
    classify_rest,
)
from cchc_connect.paging import PagePaging, Pager
from cchc_connect.wire.codecs import iso_instant, plain_text
from cchc_schemas import AdminScheme, LandParcel

FIELDS = {"commune_code": "commune", "map_sheet": "sheet", "parcel_number": "number", "area_m2": "area"}


class Parcels:
    record_type = LandParcel
    profile = SourceProfile(changed_since=True)
    mapping_version = 1

    def __init__(self, options: "RegistryOptions") -> None:
        self._options = options
        paging = PagePaging(kind="page", parameter="page", size_parameter="size", size=options.page_size, total="total")
        self._pager = Pager.of_listing("/parcels", paging, "parcels")

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        changed = {"changed_from": page_request.since.isoformat()} if page_request.since else {}
        return self._pager.page(page_request.page_token, changed)

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
