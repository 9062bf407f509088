"""One source of a folder: its deliveries, page by page."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from cchc_adapters.declared.source import DeclaredSource
from cchc_adapters.folder.deliveries import FileDelivery, OpenDelivery
from cchc_adapters.folder.inboxes import Inbox
from cchc_adapters.folder.options import FolderSourceTable
from cchc_adapters.folder.plans import Plan, planned
from cchc_adapters.folder.refusals import put_back_changed, refuse
from cchc_connect import Item, ListingOrder, Page, PageRequest, StartOver, Unreadable
from cchc_connect.errors import CchcError, Rejected
from cchc_connect.foreign_tables import TableRow
from cchc_connect.foreign_tables.json_tables import FileItem
from cchc_schemas import Record

INCREMENT_LOOKBACK = timedelta(days=7)
"""How late an increment may arrive by default: those of so many days are looked at again."""

log = logging.getLogger("cchc_connect.adapters.folder")


@dataclass(frozen=True)
class DeliveryPosition:
    """Where a pass stands: a delivery, and the number of its chunks that were read."""

    digest: str
    chunk: int

    def token(self) -> str:
        """Return the page token."""
        return f"{self.digest}.{self.chunk}"

    @classmethod
    def of_token(cls, token: str) -> Self:
        """Return the position of a page token.

        Raises:
            StartOver: it is no token of this adapter.
        """
        digest, _, chunk = token.partition(".")
        if not chunk.isdecimal():
            raise StartOver
        return cls(digest, int(chunk))


class FolderSource(DeclaredSource):
    """The files of one record type."""

    def __init__(self, record_type: type[Record], table: FolderSourceTable, inbox: Inbox) -> None:
        """Prepare; nothing is opened."""
        super().__init__(record_type, table, changed_since=table.delivery == "increment")
        self._table = table
        self._inbox = inbox
        self._is_dated_by_delivery = table.changed_at is None
        if table.delivery == "increment":
            order = ListingOrder.ASCENDING if self._is_dated_by_delivery else self.profile.order
            lookback = self.profile.lookback if "lookback" in table.model_fields_set else INCREMENT_LOOKBACK
            self.profile = replace(self.profile, order=order, lookback=lookback)
        self._pages: Iterator[tuple[DeliveryPosition, Page]] = iter(())
        self._following: tuple[DeliveryPosition, Page] | CchcError | None = None
        self._open: OpenDelivery | None = None

    def fetch(self, page_request: PageRequest) -> Page:
        """Return the next records of a delivery.

        Raises:
            SourceHeld: a file was moved aside, there is none, or their order is not known.
            StartOver: the delivery of the page token is not there any more.
            Retriable: the server does not answer.
        """
        token = page_request.page_token
        following = self._following
        is_next = isinstance(following, tuple) and following[0].token() == token
        if token is None or not (is_next or isinstance(following, CchcError)):
            self.close()
            start = None if token is None else DeliveryPosition.of_token(token)
            self._pages = self._read(page_request.since, start)
            following = next(self._pages, None)
        if isinstance(following, CchcError):
            self.close()
            raise following
        if following is None:
            return Page(items=(), next_page_token=None)
        return self._with_next(*following)

    def changed_at(self, item: Item) -> datetime | Unreadable | None:
        """Return when the item changed; where no column says so, when its file was delivered."""
        if self._is_dated_by_delivery:
            return getattr(item, "delivered_at", None)
        return super().changed_at(item)

    def close(self) -> None:
        """Close the delivery that is read."""
        self._pages, self._following = iter(()), None
        if self._open is not None:
            self._open.close()
            self._open = None

    def _with_next(self, position: DeliveryPosition, page: Page) -> Page:
        """Return a page with the token of the next one; a failure to read that is raised when it is asked for."""
        try:
            self._following = next(self._pages, None)
        except CchcError as error:
            self._following = error
        if self._following is None:
            return page
        is_next = isinstance(self._following, tuple)
        following = self._following[0] if isinstance(self._following, tuple) else position
        token = following.token() if is_next else replace(position, chunk=position.chunk + 1).token()
        return replace(page, next_page_token=token)

    def _read(self, since: datetime | None, start: DeliveryPosition | None) -> Iterator[tuple[DeliveryPosition, Page]]:
        """Yield the pages of a pass, each with its position."""
        plan = self._planned(since)
        former_digest, is_found = "", start is None
        for delivery in plan.deliveries:
            opened = self._opened(delivery)
            digest = opened.delivery.digest
            is_found = is_found or (start is not None and digest == start.digest)
            if is_found and digest != former_digest:
                skipped = start.chunk if start is not None and digest == start.digest else 0
                yield from self._pages_of(opened, skipped)
            former_digest, start = digest, None if is_found else start
            self._log_passed_over(opened)
            opened.close()
        if not is_found:
            raise StartOver
        if plan.refusal is not None:
            raise plan.refusal.error

    def _planned(self, since: datetime | None) -> Plan:
        put_back_changed(self._inbox, self._table)
        return planned(self._inbox, self._inbox.names(), self._table, since)

    def _opened(self, delivery: FileDelivery) -> OpenDelivery:
        """Open a delivery; one that cannot be read is moved aside.

        Raises:
            SourceHeld: it cannot be read.
        """
        try:
            self._open = opened = OpenDelivery(self._inbox, delivery, self._table)
        except Rejected as error:
            raise refuse(self._inbox, delivery.name, self._table, error) from None
        return opened

    def _pages_of(self, opened: OpenDelivery, skipped: int) -> Iterator[tuple[DeliveryPosition, Page]]:
        delivery = opened.delivery
        for number, chunk in enumerate(opened.chunks(self._table.page_size)):
            if number < skipped:
                continue
            dated = self._dated(chunk, delivery.delivered_at)
            items, deleted_keys = self.without_deleted(dated)
            page = Page(items=items, next_page_token=None, deleted_keys=deleted_keys, snapshot=delivery.digest)
            yield DeliveryPosition(delivery.digest, number), page

    def _dated(
        self, chunk: Sequence[TableRow | FileItem], delivered_at: datetime | None
    ) -> Sequence[TableRow | FileItem]:
        """Return records with the time of their delivery, where that is the time of their change."""
        if not self._is_dated_by_delivery or delivered_at is None:
            return chunk
        rows = [item if isinstance(item, TableRow) else _as_row(item) for item in chunk]
        for row in rows:
            row.delivered_at = delivered_at
        return rows

    def _log_passed_over(self, opened: OpenDelivery) -> None:
        for table in opened.tables:
            message = table.passed_over.message()
            if message is not None:
                log.info("%s: %s", opened.delivery.name, message)


def _as_row(item: FileItem) -> TableRow | FileItem:
    """Return an item of a JSON file as a row, which can bear a date; one that cannot be read stays as it is."""
    try:
        return TableRow(item.read()).at(item.line)
    except ValueError:
        return item
