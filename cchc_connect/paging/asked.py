"""Kinds of paging in which we ask on: pages with numbers, offsets, and the key of the last item."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from cchc_connect.errors import SourceHeld
from cchc_connect.messages import Message
from cchc_connect.paging.listings import PageListing
from cchc_connect.paging.positions import LAST, UNPROVEN, Position, Step, digest_of
from cchc_connect.paging.tables import PagingTable
from cchc_connect.wire.codecs import flag, item_key
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.property_names import property_path


class AskedPaging(PagingTable):
    """Paging in which we ask on until the system shows that nothing follows."""

    more: str = ""
    """Property with a flag that says whether a page follows."""
    end: Literal["repeats_last", "status_404"] | None = None
    """How this server ends, where it does so in its own way: beyond the last page that page comes again, or there is
    status 404."""

    def ends_with_404(self) -> bool:
        """Return whether this server has status 404 beyond its last page."""
        return self.end == "status_404"

    def step(self, position: Position, listing: PageListing) -> Step:
        """Return what follows a page."""
        if position.digest and position.digest == digest_of(listing.items):
            return self._after_repetition(position, listing)
        is_reached = self.require_plausible(position, listing)
        is_full = self.is_full(listing)
        follows = self._follows(position, listing)
        is_doubted = (self.is_estimate and is_full) or self._may_be_of_page(position, listing)
        lacks_announced = self.lacks_announced(position, listing)
        is_short = self.is_short(listing, position) and not lacks_announced
        is_last = not listing.items or is_short or (is_reached and not is_doubted)
        if follows is False or (follows is None and is_last):
            return UNPROVEN if lacks_announced else LAST
        at = self._next(position, listing)
        following = position.after(at, listing.items, is_full=is_full, total=listing.total)
        is_probe = follows is None and (is_reached or (listing.total is None and not is_full))
        return Step(following, is_probe=is_probe)

    def _after_repetition(self, position: Position, listing: PageListing) -> Step:
        """Return the end where this system repeats its last page; else the engine sees that a page came twice."""
        if position.is_reached and not self.is_estimate:
            return Step(None, is_repeated=True)
        if self.end != "repeats_last":
            at = self._next(position, listing)
            return Step(position.after(at, listing.items, is_full=True, total=listing.total))
        if listing.total is not None and position.shown < listing.total:
            raise SourceHeld("rest.empty_page", shown=position.shown, total=listing.total)
        return Step(None, is_repeated=True)

    def _may_be_of_page(self, position: Position, listing: PageListing) -> bool:
        """Return whether the total may be that of a first page: they are equal, and the page may be a full one."""
        is_counted = position.is_first and listing.total == len(listing.items)
        return is_counted and (self.is_full(listing) or not self.asks_for_size)

    def _follows(self, position: Position, listing: PageListing) -> bool | None:
        """Return what the system says of a next page; None if nothing."""
        del position
        follows = flag(listing.value(self.more)) if self.more else None
        return follows if isinstance(follows, bool) else None

    @abstractmethod
    def _next(self, position: Position, listing: PageListing) -> str:
        """Return where the next page begins."""


class PagePaging(AskedPaging):
    """Pages have numbers."""

    kind: Literal["page"]
    parameter: str
    """Parameter with the number of the page."""
    first: Annotated[int, Field(ge=0)] = 1
    """Number of the first page."""
    pages: str = ""
    """Property with the number of pages."""

    def first_at(self) -> str:
        """Number of the first page."""
        return str(self.first)

    def position_parameters(self, position: Position) -> Mapping[str, object]:
        """Return the parameter with the number of the page."""
        return {self.parameter: int(position.at)}

    def step(self, position: Position, listing: PageListing) -> Step:
        """Return what follows a page; a `first` that the system contradicts is told.

        Raises:
            SourceHeld: the first two pages are one, or a page is missing before the first.
        """
        is_second = not position.is_first and int(position.at) == self.first + 1
        is_same = bool(listing.items) and position.digest == digest_of(listing.items)
        if is_second and self.first == 0 and is_same and not position.is_reached:
            raise SourceHeld("rest.first_twice", first=self.first, expected=self.first + 1)
        lacking = (listing.total or 0) - position.shown - len(listing.items)
        is_missing = 0 < lacking <= self.size and not self.is_estimate
        if not listing.items and self.first > 0 and is_missing and not position.is_first:
            expected = {"shown": position.shown, "total": listing.total, "expected": self.first - 1}
            raise SourceHeld("rest.first_missing", **expected)
        return super().step(position, listing)

    def lacking(self, listing: PageListing) -> Sequence[Message]:
        """Return what the options name of a first page and the page does not have: total, and number of pages."""
        return (*super().lacking(listing), *listing.lacking(self.pages))

    def _follows(self, position: Position, listing: PageListing) -> bool | None:
        pages = listing.number(self.pages) if self.pages else None
        if pages is None:
            return super()._follows(position, listing)
        return int(position.at) - self.first + 1 < pages

    def _next(self, position: Position, listing: PageListing) -> str:
        del listing
        return str(int(position.at) + 1)


class OffsetPaging(AskedPaging):
    """Pages begin after so many items."""

    kind: Literal["offset"]
    parameter: str
    """Parameter with the number of items before the page."""
    end_parameter: str = ""
    """Parameter with the number of the item after the page, where the system wants one instead of a size."""

    @property
    def asks_for_size(self) -> bool:
        """Whether a request says how many items a page is to have, by their number or by its end."""
        return super().asks_for_size or bool(self.end_parameter)

    def first_at(self) -> str:
        """No item is before the first page."""
        return "0"

    def position_parameters(self, position: Position) -> Mapping[str, object]:
        """Return the parameters with the first item of the page and, where it is wanted, the one after it."""
        start = int(position.at)
        return {self.parameter: start, **({self.end_parameter: start + self.size} if self.end_parameter else {})}

    def _next(self, position: Position, listing: PageListing) -> str:
        return str(int(position.at) + len(listing.items))


class KeysetPaging(AskedPaging):
    """The next page begins after the key of the last item."""

    kind: Literal["keyset"]
    parameter: str
    """Parameter with that key."""
    property: str
    """Property of the items with the key, in whose order they are listed."""
    first: str = ""
    """Value for the first page; "": the parameter is left out."""

    def first_at(self) -> str:
        """What is asked for at first."""
        return self.first

    def position_parameters(self, position: Position) -> Mapping[str, object]:
        """Return the parameter with the key after which the page begins."""
        return {self.parameter: position.at} if position.at else {}

    def _next(self, position: Position, listing: PageListing) -> str:
        key = item_key(value_at(listing.items[-1], property_path(self.property))) if listing.items else ""
        if not key:
            raise SourceHeld("rest.no_position", property=self.property)
        if key == position.at:
            raise SourceHeld("rest.position_stays", property=self.property)
        return key
