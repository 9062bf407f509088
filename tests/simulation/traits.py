"""What a simulated office is like: plain values, so that they can stand in a connection's options."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from cchc_connect import Deletes, SourceProfile


class Traits(BaseModel):
    """Frozen, and nothing in it that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceTraits(Traits):
    """How one register behaves; its adapter promises no more than this in the profile."""

    name: str
    record_type: str
    changed_since: bool
    deletes: Deletes
    lag_s: int
    """A change may appear so many seconds after the time it bears."""
    grain_s: int
    """The register's clock shows full multiples of so many seconds."""
    order: Literal["key", "stamp", "scrambled"]
    paging: Literal["keyset", "offset"]
    overlap: bool
    """Does a page begin with the last entry of the page before?"""
    counted: bool
    """Does a page say how many entries the listing has?"""
    dated: bool
    """Do entries say when they were changed?"""
    page_size: int

    @property
    def profile(self) -> SourceProfile:
        """Return what the adapter promises."""
        late_by = timedelta(seconds=self.lag_s + self.grain_s)
        return SourceProfile(changed_since=self.changed_since, deletes=self.deletes, late_by=late_by)


class DeskTraits(Traits):
    """How one receiving desk behaves."""

    name: str
    record_type: str
    batch_limit: int
    refuses_whole_batches: bool
    """Does one bad record make it refuse the message, or only that record?"""


class OfficeTraits(Traits):
    """One agency's system: what can be pulled from it and pushed to it."""

    sources: tuple[SourceTraits, ...] = ()
    desks: tuple[DeskTraits, ...] = ()
