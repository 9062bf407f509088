"""Adapters of invented villages, as another package would contain them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel

from cchc_connect import (
    Conversation,
    Dialect,
    HttpRequest,
    Item,
    Page,
    PageRequest,
    SourceProfile,
    Target,
    classify_rest,
)
from cchc_schemas import LandParcel, Record


class VillageOptions(BaseModel):
    """A village has no options."""


class Village:
    """A village whose register sends a response that its adapter does not expect."""

    Options = VillageOptions

    def __init__(self, options: VillageOptions) -> None:
        """Prepare for the one register."""
        del options
        self.dialect = Dialect(classify=classify_rest)
        self.sources = (Register(),)
        self.targets: Sequence[Target] = ()


class ClumsyVillage(Village):
    """A village whose adapter fails at once, with a person's name in the error."""

    def __init__(self, options: VillageOptions) -> None:
        """Fail."""
        super().__init__(options)
        message = "Nguyễn Thị Mẫu"
        raise ZeroDivisionError(message)


class Register:
    """The land register of a village."""

    record_type: type[Record] = LandParcel
    profile = SourceProfile(changed_since=False)
    mapping_version = 1

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Fail on a response without the expected list."""
        body: Mapping[str, list[Item]] = {}
        if page_request.page_token is not None:
            yield HttpRequest(method="GET", path=page_request.page_token)
        return Page(items=body["parcels"], next_page_token=None)

    def key(self, item: Item) -> str:
        """Return the item's number."""
        return str(item["number"])

    def changed_at(self, item: Item) -> datetime | None:
        """Return None: a village has no times of change."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the item as it is."""
        return item
