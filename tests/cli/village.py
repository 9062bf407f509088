"""Adapters of invented villages, as an outsider would write them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel

from cchc_connect import Ask, Dialect, Exchange, HttpRequest, Item, Page, SourceProfile, Target, classify_rest
from cchc_schemas import LandParcel, Record


class VillageOptions(BaseModel):
    """A village has none."""


class Village:
    """A village whose register answers what its adapter did not expect."""

    Options = VillageOptions

    def __init__(self, options: VillageOptions) -> None:
        """Prepare for the one register."""
        del options
        self.dialect = Dialect(classify=classify_rest)
        self.sources = (Register(),)
        self.targets: Sequence[Target] = ()


class ClumsyVillage(Village):
    """A village whose adapter fails before it is asked anything, with a person's name in the failure."""

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

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Stumble over an answer that lacks what was taken for granted."""
        answer: Mapping[str, list[Item]] = {}
        if ask.position is not None:
            yield HttpRequest(method="GET", path=ask.position)
        return Page(items=answer["parcels"], next=None)

    def key(self, item: Item) -> str:
        """Return the item's number."""
        return str(item["number"])

    def changed_at(self, item: Item) -> datetime | None:
        """Return nothing: a village keeps no clock."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the item as it is."""
        return item
