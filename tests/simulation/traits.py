"""The traits of a simulated office, as plain values that fit into a connection's options."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from cchc_connect import DeleteDetection, SourceProfile


class Traits(BaseModel):
    """Base: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceTraits(Traits):
    """How one register behaves; its adapter's profile declares no more than this."""

    name: str
    record_type: str
    changed_since: bool
    deletes: DeleteDetection
    lag_s: int
    """A change may appear up to this many seconds after its date."""
    grain_s: int
    """Resolution of the register's clock, in seconds."""
    order: Literal["key", "stamp", "scrambled"]
    paging: Literal["keyset", "offset"]
    overlap: bool
    """Whether a page begins with the last entry of the page before."""
    counted: bool
    """Whether a page has the total number of entries."""
    dated: bool
    """Whether entries have a time of change."""
    page_size: int
    mapped: bool = False
    """Whether the adapter reads entries by a field map, so that their properties are known by name."""
    property_names: dict[str, str] = {}
    """Field -> property from which a corrected field map reads it, if that is another than its name."""

    @property
    def profile(self) -> SourceProfile:
        """The profile that the adapter declares."""
        late_by = timedelta(seconds=self.lag_s + self.grain_s)
        return SourceProfile(changed_since=self.changed_since, deletes=self.deletes, lookback=late_by)


class ReceiverTraits(Traits):
    """How one receiving desk behaves."""

    name: str
    record_type: str
    batch_limit: int
    refuses_whole_batches: bool
    """Whether one bad record makes it refuse the message, or only that record."""
    takes_withdrawals: bool = False


class OfficeTraits(Traits):
    """One agency's system: what can be pulled from it and pushed to it."""

    sources: tuple[SourceTraits, ...] = ()
    desks: tuple[ReceiverTraits, ...] = ()
