"""Kinds of paging in which each page says where the next one is: by a cursor or by a link."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from cchc_connect.adapter import ListingEnd
from cchc_connect.errors import SourceHeld
from cchc_connect.paging.listings import PageListing
from cchc_connect.paging.positions import LAST, UNPROVEN, Position, Step
from cchc_connect.paging.tables import PagingTable
from cchc_connect.wire.codecs import Unreadable, flag, plain_text
from cchc_connect.wire.links import resolve


class LedPaging(PagingTable):
    """Paging in which each page says where the next one is."""

    end: Literal["no_link", "status_404"] | None = None
    """How this server ends, where it does so in its own way: a page without link is the last one although none had a
    link; beyond the last page there is status 404."""

    def ends_with_404(self) -> bool:
        """Return whether this server has status 404 beyond its last page."""
        return self.end == "status_404"

    def step(self, position: Position, listing: PageListing) -> Step:
        """Return what follows a page."""
        is_reached = self.require_plausible(position, listing)
        lead = self._lead(listing)
        if lead:
            if lead == position.at:
                raise SourceHeld("rest.position_stays", property=self._lead_name())
            is_full = self.is_full(listing)
            return Step(position.after(lead, listing.items, is_full=is_full, total=listing.total))
        if listing.is_cut or (not listing.items and self.lacks_announced(position, listing)):
            return UNPROVEN
        is_told = not position.is_first or self.end == "no_link" or self._is_denied(listing)
        is_lone = len(listing.items) == 1 < self.size
        if is_reached or is_told or is_lone or not listing.items or self.is_short(listing, position):
            return LAST
        return Step(None, ListingEnd.UNPROVEN, asks_for_lead=bool(self.size_parameter))

    def leads(self, listing: PageListing) -> bool:
        """Return whether a page says where the next one is."""
        return bool(self._lead(listing))

    def _lead_name(self) -> str:
        return "Link"

    @abstractmethod
    def _lead(self, listing: PageListing) -> str:
        """Return where the next page is; "" if the page does not say."""

    def _is_denied(self, listing: PageListing) -> bool:
        """Return whether the page says that there is no next one: the property is there and null."""
        del listing
        return False


class CursorPaging(LedPaging):
    """Each page has a cursor, which is sent to get the next one."""

    kind: Literal["cursor"]
    parameter: str
    """Parameter with the cursor; it is left out for the first page."""
    property: str = ""
    """Property with the cursor of the next page."""
    header: str = ""
    """Header with it, where it stands in no property."""
    more: str = ""
    """Property with a flag that says whether a page follows."""

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if bool(self.property) == bool(self.header):
            raise PydanticCustomError("cursor_place", "a cursor stands in a property or in a header")
        return self

    def position_parameters(self, position: Position) -> Mapping[str, object]:
        """Return the parameter with the cursor."""
        return {self.parameter: position.at} if position.at else {}

    def _lead_name(self) -> str:
        return self.property or self.header

    def _lead(self, listing: PageListing) -> str:
        cursor = plain_text(listing.response.headers.get(self.header) if self.header else listing.value(self.property))
        follows = flag(listing.value(self.more)) if self.more else None
        if follows is True and not cursor:
            raise SourceHeld("rest.no_position", property=self._lead_name())
        return "" if follows is False else cursor

    def _is_denied(self, listing: PageListing) -> bool:
        is_denied = bool(self.more) and flag(listing.value(self.more)) is False
        return is_denied or (bool(self.property) and listing.has(self.property))


class LinkPaging(LedPaging):
    """Each page links the next one: in the header `Link`, or in the body in any usual form."""

    kind: Literal["link"]
    property: str = ""
    """Property with the address of the next page; "": wherever links usually stand. A relative one is understood."""

    def _lead(self, listing: PageListing) -> str:
        if self.property:
            address = plain_text(listing.value(self.property))
            return resolve(listing.response.url, address) if address else ""
        link = listing.response.next_link(listing.document)
        if isinstance(link, Unreadable):
            raise SourceHeld("rest.links_unreadable")
        return link or ""

    def _is_denied(self, listing: PageListing) -> bool:
        return bool(self.property) and listing.has(self.property)
