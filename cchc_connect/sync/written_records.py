"""The records that a program writes, in the form of wire items, so that they take the same way as pulled ones.

The item of a written record is the record's document together with its source key and change time. It is hashed,
validated and, if another item has its record key, quarantined and replayed as the item of any other source.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cchc_connect.adapter import Page, PageRequest, SourceProfile
from cchc_connect.clock import from_timestamp_text, to_timestamp_text
from cchc_connect.http import Conversation
from cchc_connect.wire.json import Item, RawItem
from cchc_schemas import Record


class WrittenRecords:
    """The source of the records of one type that a program writes; a run requests nothing from it."""

    profile = SourceProfile(changed_since=False)
    mapping_version = 1

    def __init__(self, record_type: type[Record]) -> None:
        """Create the source of records of `record_type`."""
        self.record_type = record_type

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:  # noqa: ARG002  # as every source
        """Return an empty page."""
        yield from ()
        return Page(items=(), next_page_token=None)

    def key(self, item: Item) -> str:
        """Return the source key of the item."""
        return str(item["source_key"])

    def changed_at(self, item: Item) -> datetime | None:
        """Return the change time of the item (aware, UTC); None if the program gave none."""
        changed_at = item["changed_at"]
        return None if changed_at is None else from_timestamp_text(changed_at)

    def translate(self, item: Item) -> Mapping[str, Any]:
        """Return the fields of the record."""
        fields: Mapping[str, Any] = item["record"]
        return fields


def written_item(record: Record, source_key: str | None, changed_at: datetime | None) -> RawItem:
    """Return the wire item of a record.

    Args:
        record: the record.
        source_key: its key in the program's own data; None: the record's key.
        changed_at: when it was changed, aware; None if that is unknown.
    """
    head = {
        "source_key": record.key if source_key is None else source_key,
        "changed_at": None if changed_at is None else to_timestamp_text(changed_at),
    }
    # A copy that was changed past the rules may hold values of other types. They are found when the item is read;
    # a warning of the serializer would show them.
    document = type(record).__pydantic_serializer__.to_json(record, warnings=False)
    return RawItem(b'%s, "record": %s}' % (json.dumps(head).encode()[:-1], document))
