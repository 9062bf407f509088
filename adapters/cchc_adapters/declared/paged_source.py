"""A declared source whose listing comes in pages, whatever the pages are asked for and read with."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cchc_adapters.declared.paged_table import PagedTable
from cchc_adapters.declared.source import DeclaredSource
from cchc_adapters.declared.tables import SourceTable
from cchc_connect import (
    Conversation,
    HttpRequest,
    HttpResponse,
    ListingEnd,
    Page,
    PageRequest,
    SourceHeld,
)
from cchc_connect.messages import Message
from cchc_connect.paging.listings import PageListing
from cchc_connect.paging.pager import Pager
from cchc_connect.paging.positions import Position, Step, inner_token, paging_digest
from cchc_connect.paging.windows import Window, WindowsPaging, plain
from cchc_schemas import Record


class PagedSource(DeclaredSource):
    """Reads one listing page by page; what derives from it makes the requests and reads the responses."""

    def __init__(
        self,
        record_type: type[Record],
        table: PagedTable,
        *,
        by_key: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; `by_key` says whether one item can be asked for, `now` in which window we are."""
        paging, since = table.paging, table.since
        is_of_changes = isinstance(paging, WindowsPaging) and paging.of_changes
        super().__init__(record_type, table, changed_since=since is not None or is_of_changes, by_key=by_key)
        self._listing, self._paging = paging, plain(paging)
        self._pager = Pager(self._paging, self._request, self._read)
        self._since_table = since
        self._now = now
        self._digest = paging_digest(table, type(table).model_fields.keys() - SourceTable.model_fields.keys())

    @abstractmethod
    def _request(self, position: Position, parameters: Mapping[str, object]) -> HttpRequest:
        """Return the request for the page at a position, with these parameters of time and paging."""

    @abstractmethod
    def _read(self, response: HttpResponse) -> PageListing:
        """Return the listing of a response that is a success."""

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request one page; of a listing by windows one of a window.

        Raises:
            StartOver: the page token is of another way to read this listing; the configuration was changed.
        """
        paging, token = self._listing, inner_token(page_request.page_token, self._digest)
        if isinstance(paging, WindowsPaging):
            return (yield from self._fetch_window(paging, page_request.since, token))
        position = Position.of(token, self._paging.first_at())
        listing, step = yield from self._pager.ask(position, self._since(page_request.since))
        following = None if step.following is None else step.following.token
        lacks = self._lacking(position, listing)
        return replace(self._page(listing, step, following), total=listing.total, lacks=lacks)

    def _fetch_window(self, paging: WindowsPaging, since: datetime | None, token: str | None) -> Conversation[Page]:
        window = paging.first_window(since, token)
        position = Position.of(window.inner_token, self._paging.first_at())
        parameters = {**self._since(since), **paging.position_parameters(window, since)}
        listing, step = yield from self._pager.ask(position, parameters)
        if step.following is not None:
            following = Window(window.begins, step.following.token, is_proven=window.is_proven)
            return replace(self._page(listing, step, following.token), lacks=self._lacking(position, listing))
        self._require_whole(position, listing, step)
        is_proven = window.is_proven and step.end is ListingEnd.PROVEN
        if paging.is_last(window, self._now()):
            end = ListingEnd.PROVEN if is_proven else ListingEnd.UNPROVEN
            return replace(self._page(listing, replace(step, end=end), None), lacks=self._lacking(position, listing))
        following = Window(paging.following(window.begins), is_proven=is_proven)
        lacks = self._lacking(position, listing)
        return replace(self._page(listing, step, following.token), ends_part=True, lacks=lacks)

    def _lacking(self, position: Position, listing: PageListing) -> Sequence[Message]:
        return self._paging.lacking(listing) if position.is_first else ()

    def _require_whole(self, position: Position, listing: PageListing, step: Step) -> None:
        """Hold the source if a window shows fewer items than it counts, by its last page or one before."""
        shown = position.shown + (0 if step.is_repeated else len(listing.items))
        total = position.total if listing.total is None else listing.total
        if total is not None and shown < total:
            raise SourceHeld("rest.window_cut_off", shown=shown, total=total)

    def _page(self, listing: PageListing, step: Step, token: str | None) -> Page:
        """Return the page, without the items that are marked as deleted."""
        items, deleted_keys = self.without_deleted(() if step.is_repeated else listing.items)
        return Page(
            items=items,
            deleted_keys=deleted_keys,
            total_has_deleted=self.marks_deletions,
            next_page_token=None if token is None else f"{self._digest} {token}",
            next_is_probe=step.is_probe,
            end=step.end,
        )

    def _since(self, since: datetime | None) -> Mapping[str, object]:
        table = self._since_table
        return {} if table is None else table.parameters(since, self._now())
