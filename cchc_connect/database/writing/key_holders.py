"""Which item of a source a record came from, and whether that item still is this record."""

from collections.abc import Sequence

from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.incoming import CONTENT_KEY, IncomingRecord, PageBatch
from cchc_connect.database.writing.version_order import StoredItem
from cchc_connect.database.writing.write_plan import CurrentVersion, Provenance


class KeyHolders:
    """Says whether the item that a record came from still is that record, so that another item may be it now.

    Some sources name items by what is no identity: row numbers move on when a row is deleted. An item that shows
    another record now, or that is gone, gives its former record free. Two items that show one record are a conflict.
    """

    def __init__(self, stream: Stream, page: PageBatch, stored: Sequence[StoredItem]) -> None:
        self._stream = stream
        self._is_gone = page.is_gone
        self._page_keys = {incoming.source_key: incoming.record.key for incoming in page.records}
        self._source_keys = {record_key: source_key for source_key, record_key in self._page_keys.items()}
        self._former_keys = {item.source_key: item.record_key for item in stored if item.is_live}

    def gives_free(self, key: str, provenance: Provenance) -> bool:
        """True if the item with the source key of `provenance` is no longer the record with `key`."""
        holder = provenance.source_key
        if holder.startswith(CONTENT_KEY) or self._page_keys.get(holder, key) != key:
            return True
        return self._is_gone is not None and provenance.partition == self._stream.partition and self._is_gone(holder)

    def has_moved_on(self, incoming: IncomingRecord, version: CurrentVersion | None) -> bool:
        """True if the source key of an item named another record before, so that its times do not compare.

        That record is another item of the page now, or the item shows a record that another item was.
        """
        source_key, key = incoming.source_key, incoming.record.key
        former_key = self._former_keys.get(source_key, key)
        if former_key == key:
            return False
        if self._source_keys.get(former_key, source_key) != source_key:
            return True
        if version is None or version.provenance.connection != self._stream.connection:
            return False
        return version.provenance.source_key != source_key and self.gives_free(key, version.provenance)
