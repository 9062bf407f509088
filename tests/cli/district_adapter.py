"""An adapter of another package, for the district's system.

The connection's options contain the source profile, so that each test configures its own source.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from cchc_connect import (
    Conversation,
    DeleteDetection,
    DeliveryStatus,
    Dialect,
    HttpRequest,
    Item,
    Outgoing,
    Page,
    PageRequest,
    Receipt,
    Source,
    SourceProfile,
    Target,
    classify_rest,
)
from cchc_schemas import Dossier, Record
from tests.cli.district import DOSSIERS, PARCELS
from tests.sync.memory_systems import DossierRegister, LandRegister


class DistrictOptions(BaseModel):
    """Options: the profile of the district's system."""

    lists: tuple[Literal["land_parcel", "dossier"], ...] = ("land_parcel",)
    takes: bool = False
    """Whether the system accepts dossiers."""
    partitions: tuple[str, ...] = ()
    deletes: DeleteDetection = DeleteDetection.ABSENCE
    changed_since: bool = False
    by_key: bool = False
    reads_unknown_areas: bool = False
    """Whether "?" stands for an area that is not known; without it such an item is faulty."""

    def profile(self) -> SourceProfile:
        """Return the source profile."""
        return SourceProfile(**self.model_dump(exclude={"lists", "takes", "reads_unknown_areas"}))


class Parcels(LandRegister):
    """Parcels of the district, in the form of a village."""

    reads_unknown_areas = False

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a parcel."""
        is_unknown = self.reads_unknown_areas and item["area"] == "?"
        return super().translate({**item, "area": None} if is_unknown else item)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request one page."""
        return _page(PARCELS, page_request)


class Dossiers(DossierRegister):
    """Dossiers of the district, in the form of a village."""

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request one page."""
        return _page(DOSSIERS, page_request)


def _page(path: str, page_request: PageRequest) -> Conversation[Page]:
    instants = {"since": page_request.since, "until": page_request.until}
    parameters = {"after": page_request.page_token, "part": page_request.partition, "key": page_request.source_key}
    parameters |= {name: at.isoformat() for name, at in instants.items() if at is not None}
    params = {name: value for name, value in parameters.items() if value}
    response = yield HttpRequest(method="GET", path=path, params=params)
    body: Any = response.json()
    return Page(items=body["items"], next_page_token=body["next"], total=body["total"], deleted_keys=body["gone"])


class Desk:
    """Sends dossiers one by one; a refusal is final."""

    record_type: type[Record] = Dossier
    batch_limit = 1

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one dossier."""
        (outgoing,) = batch
        key = {"Idempotency-Key": outgoing.idempotency_key}
        document = outgoing.record.model_dump(mode="json")
        yield HttpRequest(method="POST", path=DOSSIERS, headers=key, json=document, idempotent=True)
        return [Receipt(status=DeliveryStatus.DELIVERED)]


class DistrictAdapter:
    """A district's system, configured."""

    Options = DistrictOptions
    dialect = Dialect(classify=classify_rest)

    def __init__(self, options: DistrictOptions) -> None:
        """Make the sources with the configured profile."""
        profile = options.profile()
        parcels = Parcels(profile=profile)
        parcels.reads_unknown_areas = options.reads_unknown_areas
        sources: dict[str, Source] = {"land_parcel": parcels, "dossier": Dossiers(profile=profile)}
        self.sources = [sources[name] for name in options.lists]
        self.targets: Sequence[Target] = [Desk()] if options.takes else []
