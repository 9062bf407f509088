"""One listing of a declared system."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from cchc_adapters.declared.answers import SuccessRule
from cchc_adapters.declared.paged_source import PagedSource
from cchc_adapters.declared.paged_table import PagedTable
from cchc_adapters.rest.requests import ByKeyTable, RequestTable
from cchc_connect import Conversation, HttpRequest, HttpResponse, Page, PageRequest, SourceHeld, Verdict
from cchc_connect.errors import ResponseUnreadable
from cchc_connect.paging.led import LinkPaging
from cchc_connect.paging.listings import PageListing, read_listing
from cchc_connect.paging.positions import Position
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.property_names import property_path
from cchc_schemas import Record


class RestTable(PagedTable):
    """One listing: where it is, how it is asked for and paged, and what its items become."""

    path: str
    """Path of the listing below `base_url`."""
    items: str = ""
    """Where the items stand in the body ("data.items"); "": the body is the list. A lone object is a list of one."""
    items_by: str = ""
    """Where the items are an object by key: the property under which each gets its key."""
    request: RequestTable = RequestTable()
    """Method, headers, static parameters and body."""
    by_key: ByKeyTable | None = None
    """How a single item is asked for by its key; none: it cannot be."""


class RestSource(PagedSource):
    """Reads one listing as its table says."""

    def __init__(
        self,
        record_type: type[Record],
        table: RestTable,
        success: SuccessRule | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; `success` holds where the table has no own rule, `now` says in which window we are."""
        super().__init__(record_type, table, by_key=table.by_key is not None, now=now)
        self._table = table
        self._success = table.success or success

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request one page, or one item."""
        if page_request.source_key is not None and self._table.by_key is not None:
            return (yield from self._fetch_by_key(self._table.by_key, page_request.source_key))
        return (yield from super().fetch(page_request))

    def _fetch_by_key(self, table: ByKeyTable, key: str) -> Conversation[Page]:
        path = table.path.replace("{}", quote(key, safe=""))
        response = yield self._table.request.request(path, {}, may_be_missing=True)
        if response.verdict is Verdict.NOT_FOUND:
            return Page(items=(), next_page_token=None)
        items, _ = self.without_deleted(self._successful(response, table.items).items)
        return Page(items=items, next_page_token=None)

    def _request(self, position: Position, parameters: Mapping[str, object]) -> HttpRequest:
        table, paging = self._table, self._paging
        if isinstance(paging, LinkPaging) and not position.is_first:
            return replace(table.request.request(position.at, {}), params={})
        return table.request.request(table.path, parameters)

    def _read(self, response: HttpResponse) -> PageListing:
        """Return the listing of a response that is a success."""
        total = self._paging.total, self._paging.total_header
        return self._successful(response, self._table.items, self._table.items_by, total)

    def _successful(
        self, response: HttpResponse, items: str, items_by: str = "", total: tuple[str, str] = ("", "")
    ) -> PageListing:
        """Return the listing of a response that is a success; an item that cannot be read is no fault of the others.

        Raises:
            SourceHeld: it is no success, or has no list of items.
        """
        try:
            listing = read_listing(response, items, items_by, total)
        except ResponseUnreadable:
            raise
        except SourceHeld:
            self._require_success(response)
            raise
        self._require_success(response, beside_items=listing.document)
        return listing

    def _require_success(self, response: HttpResponse, beside_items: Mapping[str, Any] | None = None) -> None:
        """Check a response by what it has beside its items, not reading these; where that has no code, as a whole."""
        if self._success is None:
            return
        has_code = (
            beside_items is not None and value_at(beside_items, property_path(self._success.property)) is not None
        )
        self._success.require(response, (lambda _: beside_items) if has_code else None)
