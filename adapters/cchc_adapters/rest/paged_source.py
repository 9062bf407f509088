"""A declared source whose listing comes in pages, whatever the pages are asked for and read with."""

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from cchc_adapters.declared.source import DeclaredSource
from cchc_adapters.declared.tables import SourceTable
from cchc_adapters.rest.led_paging import LedPaging
from cchc_adapters.rest.page_listings import PageListing
from cchc_adapters.rest.paged_table import PagedTable
from cchc_adapters.rest.positions import LAST, Position, Step
from cchc_adapters.rest.windows import Window, WindowsPaging, plain
from cchc_connect import (
    Conversation,
    HttpRequest,
    HttpResponse,
    ListingEnd,
    Page,
    PageRequest,
    SourceHeld,
    StartOver,
    Verdict,
)
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
        self._since_table = since
        self._now = now
        self._reading = _digest(table)

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
        paging, token = self._listing, page_request.page_token
        if token is not None:
            reading, _, token = token.partition(" ")
            if reading != self._reading:
                raise StartOver("rest.token_unknown")
        if isinstance(paging, WindowsPaging):
            return (yield from self._fetch_window(paging, page_request.since, token))
        position = Position.of(token, self._paging.first_at())
        listing, step = yield from self._ask(position, self._since(page_request.since))
        following = None if step.following is None else step.following.token
        return replace(self._page(listing, step, following), total=listing.total)

    def _fetch_window(self, paging: WindowsPaging, since: datetime | None, token: str | None) -> Conversation[Page]:
        window = paging.first_window(since, token)
        position = Position.of(window.inner_token, self._paging.first_at())
        parameters = {**self._since(since), **paging.position_parameters(window, since)}
        listing, step = yield from self._ask(position, parameters)
        if step.following is not None:
            following = Window(window.begins, step.following.token, is_proven=window.is_proven)
            return self._page(listing, step, following.token)
        self._require_whole(position, listing, step)
        is_proven = window.is_proven and step.end is ListingEnd.PROVEN
        if paging.is_last(window, self._now()):
            end = ListingEnd.PROVEN if is_proven else ListingEnd.UNPROVEN
            return self._page(listing, replace(step, end=end), None)
        following = Window(paging.following(window.begins), is_proven=is_proven)
        return replace(self._page(listing, step, following.token), ends_part=True)

    def _require_whole(self, position: Position, listing: PageListing, step: Step) -> None:
        """Hold the source if a window shows fewer items than it counts, by its last page or one before."""
        shown = position.shown + (0 if step.is_repeated else len(listing.items))
        total = position.total if listing.total is None else listing.total
        if total is not None and shown < total:
            raise SourceHeld("rest.window_cut_off", shown=shown, total=total)

    def _ask(self, position: Position, parameters: Mapping[str, object]) -> Conversation[tuple[PageListing, Step]]:
        paging = self._paging
        request = self._request(position, {**parameters, **paging.parameters(position)})
        beyond = frozenset[Verdict]()
        if position.is_reached:
            beyond = frozenset({Verdict.NOT_FOUND, Verdict.INVALID})
        elif paging.end == "status_404" and not position.is_first:
            beyond = frozenset({Verdict.NOT_FOUND})
        response = yield replace(request, accepted_verdicts=request.accepted_verdicts | beyond)
        if response.verdict in beyond:
            return PageListing(response, (), {}), LAST
        listing = self._listing_of(response, position)
        step = paging.step(position, listing)
        if step.asks_for_lead and isinstance(paging, LedPaging):
            page_of_one = {**parameters, **paging.parameters(position), paging.size_parameter: 1}
            response = yield self._request(Position.of(None, paging.first_at()), page_of_one)
            step = LAST if paging.leads(self._read(response)) else step
        return listing, step

    def _listing_of(self, response: HttpResponse, position: Position) -> PageListing:
        """Return the listing of a response; one without a listing, beyond the end, is an empty page."""
        try:
            return self._read(response)
        except SourceHeld:
            if position.is_reached:
                return PageListing(response, (), {})
            raise

    def _page(self, listing: PageListing, step: Step, token: str | None) -> Page:
        """Return the page, without the items that are marked as deleted."""
        items, deleted_keys = self.without_deleted(() if step.is_repeated else listing.items)
        return Page(
            items=items,
            deleted_keys=deleted_keys,
            total_has_deleted=self.marks_deletions,
            next_page_token=None if token is None else f"{self._reading} {token}",
            next_is_probe=step.is_probe,
            end=step.end,
        )

    def _since(self, since: datetime | None) -> Mapping[str, object]:
        table = self._since_table
        if table is None or since is None:
            return {}
        written = table.format.written(since)
        return {table.parameter: written if table.template is None else table.template.replace("{}", str(written))}


def _digest(table: PagedTable) -> str:
    """Return a short digest of how a listing is asked for: a page token of another way is of no use."""
    names = set(type(table).model_fields) - set(SourceTable.model_fields)
    return hashlib.blake2b(table.model_dump_json(include=names).encode(), digest_size=6).hexdigest()
