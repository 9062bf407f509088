"""A declared source whose listing comes in pages, whatever the pages are asked for and read with."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from cchc_adapters.declared.source import DeclaredSource
from cchc_adapters.declared.tables import SourceTable
from cchc_adapters.rest.led_paging import LedPaging
from cchc_adapters.rest.page_listings import PageListing
from cchc_adapters.rest.paging_tables import PagingTable
from cchc_adapters.rest.positions import LAST, Position, Step
from cchc_adapters.rest.requests import SinceTable
from cchc_adapters.rest.windows import Window, WindowsPaging, plain
from cchc_connect import (
    Conversation,
    HttpRequest,
    HttpResponse,
    ListingEnd,
    Page,
    PageRequest,
    SourceHeld,
    Verdict,
)
from cchc_schemas import Record


class PagedSource(DeclaredSource):
    """Reads one listing page by page; what derives from it makes the requests and reads the responses."""

    def __init__(
        self,
        record_type: type[Record],
        table: SourceTable,
        *,
        paging: PagingTable | WindowsPaging,
        since: SinceTable | None,
        by_key: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; `by_key` says whether one item can be asked for, `now` in which window we are."""
        super().__init__(record_type, table, changed_since=since is not None, by_key=by_key)
        self._listing, self._paging = paging, plain(paging)
        self._since_table = since
        self._now = now

    @abstractmethod
    def _request(self, position: Position, parameters: Mapping[str, object]) -> HttpRequest:
        """Return the request for the page at a position, with these parameters of time and paging."""

    @abstractmethod
    def _read(self, response: HttpResponse) -> PageListing:
        """Return the listing of a response that is a success."""

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request one page; of a listing by windows the next one that has items."""
        paging, since = self._listing, self._since(page_request.since)
        if isinstance(paging, WindowsPaging):
            return (yield from self._fetch_window(paging, page_request, since))
        position = Position.of(page_request.page_token, self._paging.first_at())
        listing, step = yield from self._ask(position, since)
        return self._page(listing, step, None if step.following is None else step.following.token)

    def _fetch_window(
        self, paging: WindowsPaging, page_request: PageRequest, since: Mapping[str, object]
    ) -> Conversation[Page]:
        window = paging.first_window(page_request.since, page_request.page_token)
        while True:
            position = Position.of(window.inner_token, self._paging.first_at())
            listing, step = yield from self._ask(position, {**since, **paging.position_parameters(window)})
            is_proven = window.is_proven and step.end is ListingEnd.PROVEN
            if step.following is not None:
                following = Window(window.begins, step.following.token, is_proven=is_proven)
            elif paging.is_last(window, self._now()):
                end = ListingEnd.PROVEN if is_proven else ListingEnd.UNPROVEN
                return self._page(listing, Step(None, end), None)
            else:
                self._require_whole(position, listing, step)
                following = Window(paging.following(window.begins), is_proven=is_proven)
            if listing.items and not step.is_repeated:
                return self._page(listing, Step(None, is_probe=step.is_probe), following.token)
            window = following

    def _require_whole(self, position: Position, listing: PageListing, step: Step) -> None:
        """Hold the source if a window shows fewer items than it counts: its total is no total of the listing."""
        shown = position.shown + (0 if step.is_repeated else len(listing.items))
        if listing.total is not None and shown < listing.total:
            raise SourceHeld("rest.empty_page", shown=shown, total=listing.total)

    def _ask(self, position: Position, parameters: Mapping[str, object]) -> Conversation[tuple[PageListing, Step]]:
        paging = self._paging
        response = yield self._request(position, {**parameters, **paging.parameters(position)})
        if response.verdict is Verdict.NOT_FOUND:
            return PageListing(response, (), {}), LAST
        listing = self._read(response)
        step = paging.step(position, listing)
        if step.asks_for_lead and isinstance(paging, LedPaging):
            page_of_one = {**parameters, **paging.parameters(position), paging.size_parameter: 1}
            response = yield self._request(Position.of(None, paging.first_at()), page_of_one)
            step = LAST if paging.leads(self._read(response)) else step
        return listing, step

    def _page(self, listing: PageListing, step: Step, token: str | None) -> Page:
        """Return the page, without the items that are marked as deleted."""
        items, deleted_keys = self.without_deleted(() if step.is_repeated else listing.items)
        is_windowed = isinstance(self._listing, WindowsPaging)
        return Page(
            items=items,
            deleted_keys=deleted_keys,
            next_page_token=token,
            next_is_probe=step.is_probe,
            total=None if is_windowed or self.marks_deletions else listing.total,
            end=step.end,
        )

    def _since(self, since: datetime | None) -> Mapping[str, object]:
        table = self._since_table
        if table is None or since is None:
            return {}
        written = table.format.written(since)
        return {table.parameter: written if table.template is None else table.template.replace("{}", str(written))}
