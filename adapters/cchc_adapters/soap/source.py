"""One listing of a declared SOAP system."""

from collections.abc import Callable, Mapping, Sequence

from cchc_adapters.declared.answers import SuccessRule
from cchc_adapters.declared.paged_source import PagedSource
from cchc_adapters.declared.parameters import with_values
from cchc_adapters.soap.contents import with_content
from cchc_adapters.soap.tables import SoapSourceTable
from cchc_connect import HttpRequest, HttpResponse, Item
from cchc_connect.paging.listings import PageListing, no_listing
from cchc_connect.paging.positions import Position
from cchc_connect.soap import SoapService
from cchc_connect.wire.codecs import as_object, as_objects
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.property_names import property_path
from cchc_schemas import Record


class SoapSource(PagedSource):
    """Reads what one operation lists, as its table says."""

    def __init__(
        self,
        record_type: type[Record],
        table: SoapSourceTable,
        service: Callable[[], SoapService],
        success: SuccessRule | None,
    ) -> None:
        """Prepare; `service` opens the service, `success` holds where the table has no own rule."""
        super().__init__(record_type, table)
        self._open, self._operation = service, table.operation
        self._arguments = with_values({}, table.arguments)
        self._items_path, self._content = table.items, table.content
        self._success = table.success or success

    @property
    def _service(self) -> SoapService:
        return self._open()

    def _request(self, position: Position, parameters: Mapping[str, object]) -> HttpRequest:
        del position
        return self._service.request(self._operation, with_values(self._arguments, parameters), idempotent=True)

    def _read(self, response: HttpResponse) -> PageListing:
        """Return the listing of a result that is a success.

        Raises:
            SourceHeld: it is none, or it lists nothing and does not fit the description either.
        """
        result = self._service.written_result(self._operation, response)
        document = with_content(result, self._content, response)
        if self._success is not None:
            self._success.require(response, lambda _: document)
        items = self._items(document)
        response.page_limits.require_items(len(items))
        if not items:
            self._service.result(self._operation, response)
        return PageListing(response, items, as_object(document) or {}, self._paging.total)

    def _items(self, document: object) -> Sequence[Item]:
        path = property_path(self._items_path)
        value = value_at(document, path)
        items = as_objects(value)
        if items is None and value is None and self._may_be_missing(document, path):
            return ()
        if items is None:
            raise no_listing(document, self._items_path)
        return items

    def _may_be_missing(self, document: object, path: Sequence[str]) -> bool:
        """Return whether the description says so of the list, or the XML in a text is an element without content."""
        if self._content is not None:
            return value_at(document, path[:-1]) == {}
        return self._service.described_result(self._operation).at(path) is not None
