"""A record as it is stored: its document, and all that the write path has to know of it.

The record itself is not kept: a page of them would be ten times as large, and nobody looks into them again.
"""

import msgspec

from cchc_connect.database.writing.relations import Event, Target, links_of, successions_of
from cchc_schemas import RECORD_TYPES, Record


class StoredRecord(msgspec.Struct):
    """One record on its way into the database."""

    key: str
    order_key: str
    document: bytes
    """Compact JSON in UTF-8, fields in the record's order."""
    valid_from: str | None
    valid_to: str | None
    links: list[Target]
    successions: list[Event]

    def __repr__(self) -> str:
        """Show the size only: documents hold personal values."""
        return f"<record of {len(self.document)} bytes>"


def stored(record: Record) -> StoredRecord:
    """Return a record as it is stored."""
    valid_from, valid_to = record.validity()
    return StoredRecord(
        key=record.key,
        order_key=record.order_key,
        document=RECORD_TYPES[record.record_type].__pydantic_serializer__.to_json(record),
        valid_from=None if valid_from is None else valid_from.isoformat(),
        valid_to=None if valid_to is None else valid_to.isoformat(),
        links=links_of(record),
        successions=successions_of(record),
    )
