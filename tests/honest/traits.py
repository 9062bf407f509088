"""The traits of an honest office, as plain values that fit into a connection's options."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from cchc_connect import DeleteDetection, SourceProfile


class Traits(BaseModel):
    """Base: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HonestSourceTraits(Traits):
    """How one source behaves; its adapter declares exactly this."""

    name: str
    record_type: str
    changed_since: bool
    deletes: DeleteDetection
    spelling: str
    resolution_s: float
    """Resolution of its change times in seconds: a day, a second or a microsecond."""
    late_s: int
    """A change may appear up to this many seconds after its change time."""
    skew_s: int
    """By how many seconds the server's clock is ahead of the true time."""
    order: Literal["key", "time", "each_pass"]
    paging: Literal["keyset", "offset"]
    end: Literal["link", "empty_page", "probe", "no_link"]
    """What shows the end: no next link, an empty page, an answer beyond the end, or what the connection says."""
    counted: bool
    overlap: bool
    """Whether a page begins with the last item of the page before."""
    dated: bool
    page_size: int
    partitions: tuple[str, ...] = ()

    @property
    def profile(self) -> SourceProfile:
        """The profile that the adapter declares."""
        return SourceProfile(
            changed_since=self.changed_since,
            deletes=self.deletes,
            lookback=timedelta(seconds=self.late_s),
            timestamp_resolution=timedelta(seconds=self.resolution_s),
            partitions=self.partitions,
        )


class ReceiverTraits(Traits):
    """How one receiver behaves."""

    name: str
    record_type: str
    batch_limit: int
    takes_withdrawals: bool


class OfficeTraits(Traits):
    """One agency's system: what can be pulled from it and pushed to it."""

    sources: tuple[HonestSourceTraits, ...] = ()
    receivers: tuple[ReceiverTraits, ...] = ()
