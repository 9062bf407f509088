"""The adapter that an outsider would write for a district's system.

What the system can be relied on for stands in the connection's options, so that each test has the source it is about.
"""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel

from cchc_connect import (
    Ask,
    Deletes,
    Dialect,
    Exchange,
    HttpRequest,
    Outcome,
    Outgoing,
    Page,
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
    """What a district's system can be relied on for."""

    lists: tuple[Literal["land_parcel", "dossier"], ...] = ("land_parcel",)
    takes: bool = False
    """Does it take dossiers?"""
    partitions: tuple[str, ...] = ()
    deletes: Deletes = Deletes.ABSENCE
    changed_since: bool = False
    by_key: bool = False

    def profile(self) -> SourceProfile:
        """Return it as the engine reads it."""
        return SourceProfile(**self.model_dump(exclude={"lists", "takes"}))


class Parcels(LandRegister):
    """The district's parcels, written as a village writes them."""

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for one page."""
        return _page(PARCELS, ask)


class Dossiers(DossierRegister):
    """The district's dossiers, written as a village writes them."""

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for one page."""
        return _page(DOSSIERS, ask)


def _page(path: str, ask: Ask) -> Exchange[Page]:
    instants = {"since": ask.since, "until": ask.until}
    wanted = {"after": ask.position, "part": ask.partition, "key": ask.key}
    wanted |= {name: at.isoformat() for name, at in instants.items() if at is not None}
    params = {name: value for name, value in wanted.items() if value}
    answer = yield HttpRequest(method="GET", path=path, params=params)
    said: Any = answer.json()
    return Page(items=said["items"], next=said["next"], total=said["total"], gone=said["gone"])


class Desk:
    """Takes dossiers one by one; one that is refused is refused for good."""

    record_type: type[Record] = Dossier
    batch_limit = 1

    def deliver(self, batch: Sequence[Outgoing]) -> Exchange[Sequence[Receipt]]:
        """Send one dossier."""
        (one,) = batch
        key = {"Idempotency-Key": one.idempotency_key}
        document = one.record.model_dump(mode="json")
        yield HttpRequest(method="POST", path=DOSSIERS, headers=key, json=document, idempotent=True)
        return [Receipt(outcome=Outcome.DELIVERED)]


class DistrictAdapter:
    """A district's system, configured."""

    Options = DistrictOptions
    dialect = Dialect(classify=classify_rest)

    def __init__(self, options: DistrictOptions) -> None:
        """Read what is listed by what it can be relied on for."""
        profile = options.profile()
        known: dict[str, Source] = {"land_parcel": Parcels(profile=profile), "dossier": Dossiers(profile=profile)}
        self.sources = [known[name] for name in options.lists]
        self.targets: Sequence[Target] = [Desk()] if options.takes else []
