"""Reads a listing page by page, as its paging says: what an adapter holds in place of a loop and a cursor of its own.

The usual listing is asked for by GET and has its items at one place of the body::

    self._pager = Pager.of_listing("/parcels", PagePaging(kind="page", parameter="page", total="total"), "parcels")

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        return (yield from self._pager.page(page_request.page_token))

For any other one an adapter says how a page is requested and how a response is read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from cchc_connect.adapter import Page
from cchc_connect.errors import SourceHeld
from cchc_connect.http import Conversation, HttpRequest, HttpResponse, Verdict
from cchc_connect.paging.led import LedPaging, LinkPaging
from cchc_connect.paging.listings import PageListing, read_listing
from cchc_connect.paging.positions import LAST, Position, Step, inner_token, paging_digest
from cchc_connect.paging.tables import PagingTable


@dataclass(frozen=True)
class Pager:
    """The pages of one listing."""

    paging: PagingTable
    request: Callable[[Position, Mapping[str, object]], HttpRequest]
    """Returns the request for the page at a position, with the parameters of paging and those given to `page`."""
    read: Callable[[HttpResponse], PageListing]
    """Returns the listing of a response that is a success; raises `SourceHeld` where it is none."""

    @classmethod
    def of_listing(cls, path: str, paging: PagingTable, items: str = "") -> Self:
        """Return the pager of a listing that is asked for by GET.

        Args:
            path: path of the listing below the base URL.
            paging: how it is paged.
            items: where the items stand in the body ("data.items"); "": the body is the list.
        """

        def request(position: Position, parameters: Mapping[str, object]) -> HttpRequest:
            if isinstance(paging, LinkPaging) and not position.is_first:
                return HttpRequest(method="GET", path=position.at)
            return HttpRequest(method="GET", path=path, params=query(parameters))

        def read(response: HttpResponse) -> PageListing:
            return read_listing(response, items, "", (paging.total, paging.total_header))

        return cls(paging, request, read)

    def page(self, token: str | None, parameters: Mapping[str, object] | None = None) -> Conversation[Page]:
        """Request the page of a token, None for the first one, with the same further parameters for all pages.

        Raises:
            StartOver: the token is of another paging; the configuration was changed.
            SourceHeld: the page contradicts what was announced.
        """
        digest = paging_digest(self.paging)
        position = Position.of(inner_token(token, digest), self.paging.first_at())
        listing, step = yield from self.ask(position, parameters or {})
        return Page(
            items=() if step.is_repeated else listing.items,
            next_page_token=None if step.following is None else f"{digest} {step.following.token}",
            next_is_probe=step.is_probe,
            total=listing.total,
            end=step.end,
            lacks=self.paging.lacking(listing) if position.is_first else (),
        )

    def ask(self, position: Position, parameters: Mapping[str, object]) -> Conversation[tuple[PageListing, Step]]:
        """Request the page at a position; return it with what follows it. Raises as `page` does."""
        paging = self.paging
        request = self.request(position, {**paging.parameters(position), **parameters})
        beyond = frozenset[Verdict]()
        if position.is_reached:
            beyond = frozenset({Verdict.NOT_FOUND, Verdict.INVALID})
        elif paging.ends_with_404() and not position.is_first:
            beyond = frozenset({Verdict.NOT_FOUND})
        response = yield replace(request, accepted_verdicts=request.accepted_verdicts | beyond)
        if response.verdict in beyond:
            return PageListing(response, (), {}), LAST
        listing = self._listing_of(response, position)
        step = paging.step(position, listing)
        if step.asks_for_lead and isinstance(paging, LedPaging):
            page_of_one = {**paging.parameters(position), paging.size_parameter: 1, **parameters}
            response = yield self.request(Position.of(None, paging.first_at()), page_of_one)
            step = LAST if paging.leads(self.read(response)) else step
        return listing, step

    def _listing_of(self, response: HttpResponse, position: Position) -> PageListing:
        """Return the listing of a response; one without a listing, beyond the end, is an empty page."""
        try:
            return self.read(response)
        except SourceHeld:
            if position.is_reached:
                return PageListing(response, (), {})
            raise


def query(parameters: Mapping[str, object]) -> dict[str, str]:
    """Return parameters as an address has them: true and false in small letters.

    >>> query({"page": 2, "draft": True})
    {'page': '2', 'draft': 'true'}
    """
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in parameters.items()}
