"""One listing of a declared system."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Self
from urllib.parse import quote

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from cchc_adapters.declared.source import DeclaredSource
from cchc_adapters.declared.tables import SourceTable
from cchc_adapters.rest.answers import SuccessRule
from cchc_adapters.rest.led_paging import LedPaging, LinkPaging
from cchc_adapters.rest.page_listings import PageListing, read_listing
from cchc_adapters.rest.positions import LAST, Position, Step
from cchc_adapters.rest.requests import ByKeyTable, RequestTable, SinceTable
from cchc_adapters.rest.windows import Paging, Window, WindowsPaging, plain
from cchc_connect import Conversation, HttpResponse, ListingEnd, Page, PageRequest, SourceHeld, StartOver, Verdict
from cchc_schemas import Record


class RestTable(SourceTable):
    """One listing: where it is, how it is asked for and paged, and what its items become."""

    path: str
    """Path of the listing below `base_url`."""
    items: str = ""
    """Where the items stand in the body ("data.items"); "": the body is the list. A lone object is a list of one."""
    items_by: str = ""
    """Where the items are an object by key: the property under which each gets its key."""
    request: RequestTable = RequestTable()
    """Method, headers, static parameters and body."""
    paging: Paging
    """How the listing is paged, and how it ends."""
    since: SinceTable | None = None
    """How it is asked for what changed; none: every run lists everything."""
    by_key: ByKeyTable | None = None
    """How a single item is asked for by its key; none: it cannot be."""
    success: SuccessRule | None = None
    """What makes status 200 a success; none: the status alone."""

    @model_validator(mode="after")
    def _has_times(self) -> Self:
        if self.since is not None and self.changed_at is None:
            raise PydanticCustomError("since_without_time", "since needs changed_at")
        return self


class RestSource(DeclaredSource):
    """Reads one listing as its table says."""

    def __init__(
        self,
        record_type: type[Record],
        table: RestTable,
        success: SuccessRule | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; `success` holds where the table has no own rule, `now` says in which window we are."""
        is_of_changes = isinstance(table.paging, WindowsPaging) and table.paging.of_changes
        changed_since, by_key = table.since is not None or is_of_changes, table.by_key is not None
        super().__init__(record_type, table, changed_since=changed_since, by_key=by_key)
        self._table = table
        self._success = table.success or success
        self._paging = plain(table.paging)
        self._now = now
        self._reading = _digest(table)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request one page; of a listing by windows one of a window.

        Raises:
            StartOver: the page token is of another way to read this listing; the configuration was changed.
        """
        if page_request.source_key is not None and self._table.by_key is not None:
            return (yield from self._fetch_by_key(self._table.by_key, page_request.source_key))
        paging, token = self._table.paging, page_request.page_token
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

    def _fetch_by_key(self, table: ByKeyTable, key: str) -> Conversation[Page]:
        path = table.path.replace("{}", quote(key, safe=""))
        response = yield self._table.request.request(path, {}, accepted={Verdict.OK, Verdict.NOT_FOUND})
        if response.verdict is Verdict.NOT_FOUND:
            return Page(items=(), next_page_token=None)
        if self._success is not None:
            self._success.require(response)
        items, _ = self.without_deleted(read_listing(response, table.items, "").items)
        return Page(items=items, next_page_token=None)

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
        table, paging = self._table, self._paging
        accepted = {Verdict.OK}
        if position.is_reached:
            accepted |= {Verdict.NOT_FOUND, Verdict.INVALID}
        elif paging.end == "status_404" and not position.is_first:
            accepted |= {Verdict.NOT_FOUND}
        if isinstance(paging, LinkPaging) and not position.is_first:
            request = replace(table.request.request(position.at, {}, accepted=accepted), params={})
        else:
            all_parameters = {**parameters, **paging.parameters(position)}
            request = table.request.request(table.path, all_parameters, accepted=accepted)
        response = yield request
        if response.verdict is not Verdict.OK:
            return PageListing(response, (), {}), LAST
        listing = self._read(response, is_beyond=position.is_reached)
        step = paging.step(position, listing)
        if step.asks_for_lead and isinstance(paging, LedPaging):
            page_of_one = {**parameters, **paging.parameters(position), paging.size_parameter: 1}
            response = yield table.request.request(table.path, page_of_one)
            step = LAST if paging.leads(self._read(response)) else step
        return listing, step

    def _read(self, response: HttpResponse, *, is_beyond: bool = False) -> PageListing:
        """Return the listing of a response that is a success; beyond the end any other answer is an empty page."""
        total = self._paging.total, self._paging.total_header
        try:
            if self._success is not None:
                self._success.require(response)
            return read_listing(response, self._table.items, self._table.items_by, total)
        except SourceHeld:
            if is_beyond:
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
        table = self._table.since
        if table is None or since is None:
            return {}
        written = table.format.written(since)
        return {table.parameter: written if table.template is None else table.template.replace("{}", str(written))}


def _digest(table: RestTable) -> str:
    """Return a short digest of how a listing is asked for: a page token of another way is of no use."""
    options = table.model_dump_json(include={"path", "items", "items_by", "request", "paging", "since"})
    return hashlib.blake2b(options.encode(), digest_size=6).hexdigest()
