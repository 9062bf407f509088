"""What every kind of paging declares, and what proves the end of a listing.

The end is proven by a total that is reached, by an empty page, by a page shorter than the server is known to give, or
by a link or cursor that is missing now and was there before. A page that is short by itself proves nothing: the server
may allow fewer items than were asked for; then one question beyond shows it.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from cchc_connect.errors import SourceHeld
from cchc_connect.messages import Message
from cchc_connect.paging.listings import PageListing
from cchc_connect.paging.positions import LAST, UNPROVEN, Position, Step
from cchc_schemas.described_models import DescribedModel


class PagingTable(DescribedModel):
    """What holds for every kind of paging."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    size: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Items that a page is asked to have."""
    size_parameter: str = ""
    """Parameter with that number; "" where the server decides alone."""
    cap: Annotated[int, Field(ge=1)] | None = None
    """Most items that the server puts on a page, where that is known: a page with fewer is the last one."""
    total: str = ""
    """Property with the number of items of the whole listing."""
    total_header: str = ""
    """Header with that number."""
    is_estimate: bool = Field(default=False, alias="estimate")
    """Whether the total may be wrong, as that of a search index: it then proves nothing. A full page is followed by a
    question although the total is reached, and an empty page is the last one although more was announced."""
    result_limit: Annotated[int, Field(ge=1)] | None = None
    """Most items that the server lists at all ("the first 10,000"); a listing that reaches it is put on hold."""

    def first_at(self) -> str:
        """Where the first page begins."""
        return ""

    def ends_with_404(self) -> bool:
        """Return whether this server has status 404 beyond its last page."""
        return False

    def parameter_names(self) -> list[str]:
        """Return the names of all its parameters."""
        names = [str(getattr(self, key, "")) for key in ("size_parameter", "parameter", "end_parameter")]
        return [name for name in names if name]

    def parameters(self, position: Position) -> Mapping[str, object]:
        """Return the parameters of the page at a position."""
        size = {self.size_parameter: self.size} if self.size_parameter else {}
        return {**self.position_parameters(position), **size}

    def position_parameters(self, position: Position) -> Mapping[str, object]:
        """Return the parameters that say where the page begins."""
        del position
        return {}

    def lacking(self, listing: PageListing) -> Sequence[Message]:
        """Return what the options name of a first page and the page does not have."""
        return listing.lacking(self.total, self.total_header)

    @abstractmethod
    def step(self, position: Position, listing: PageListing) -> Step:
        """Return what follows a page.

        Raises:
            SourceHeld: the page contradicts what was announced.
        """

    @property
    def asks_for_size(self) -> bool:
        """Whether a request says how many items a page is to have."""
        return bool(self.size_parameter)

    def is_short(self, listing: PageListing, position: Position) -> bool:
        """Return whether a page is shorter than the server is known to give, and does not say that it is cut."""
        limit = self.size if self.cap is None else min(self.cap, self.size)
        is_known = self.cap is not None or position.had_full
        return len(listing.items) < limit and is_known and not listing.is_cut

    def is_full(self, listing: PageListing) -> bool:
        """Return whether a page is as long as asked for."""
        return len(listing.items) >= self.size

    def lacks_announced(self, position: Position, listing: PageListing) -> bool:
        """Return whether the pages to this one show fewer items than a total that may be wrong announces."""
        return self.is_estimate and listing.total is not None and position.shown + len(listing.items) < listing.total

    def require_plausible(self, position: Position, listing: PageListing) -> bool:
        """Check a page against what was announced; return whether the total is reached with it, and not exceeded.

        One that may be wrong may be exceeded.

        Raises:
            SourceHeld: the page is empty though more was announced, the server lists only so many, or what it
                announces is the number of items on each page.
        """
        shown, total = position.shown + len(listing.items), listing.total
        if self.result_limit is not None and max(shown, total or 0) >= self.result_limit and shown != total:
            raise SourceHeld("rest.result_limit", limit=self.result_limit)
        if total is not None and not listing.items and shown < total and not self.is_estimate:
            raise SourceHeld("rest.empty_page", shown=shown, total=total)
        if listing.items and position.is_reached and position.total == total and not self.is_estimate:
            raise SourceHeld("rest.total_of_page", property=self.total or self.total_header)
        return total is not None and (shown >= total if self.is_estimate else shown == total)


class NoPaging(PagingTable):
    """The whole listing is one page."""

    kind: Literal["none"]

    def step(self, position: Position, listing: PageListing) -> Step:
        """Return the end; it is not proven where the page links a next one."""
        self.require_plausible(position, listing)
        return UNPROVEN if listing.response.next_link(listing.document) is not None else LAST
