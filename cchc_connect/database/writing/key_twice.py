"""Remembers that one key was shown with two contents in one pass, so that a second time is known as such.

An item that is edited while its source is read is shown twice, once: that is normal, and the newer version counts. If a
later run shows the same two contents again, they are two items with one key. The first time is stored as an entry of
the quarantine that is closed already, the second time opens one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import HASH_BYTES, quarantine
from cchc_connect.database.writing.incoming import IncomingRecord
from cchc_connect.database.writing.quarantine import KEY_TWICE, stored_faults
from cchc_connect.database.writing.version_order import StoredItem

COLUMNS = ("connection", "record_type", "partition", "source_key", "item", "item_hash")
TIMES = ("faults", "run_id", "first_seen", "resolved_at")


def content_key(source_key: str, item_hash: bytes) -> str:
    """Return the key under which one of several contents of an item is in quarantine."""
    return f"{source_key}#{item_hash.hex()}"


def contents_shown_twice(connection: Connection, stream: Stream) -> dict[str, bool]:
    """Return the contents that were shown beside another one with their key -> whether they are in quarantine now."""
    of_stream = (quarantine.c.connection == stream.connection) & (quarantine.c.record_type == stream.record_type)
    columns = select(quarantine.c.source_key, quarantine.c.resolved_at)
    rows = connection.execute(columns.where(of_stream & (quarantine.c.faults == stored_faults((KEY_TWICE,)))))
    contents: dict[str, bool] = {}
    for source_key, resolved_at in rows:
        contents[source_key] = contents.get(source_key, False) or resolved_at is None
    return contents


def remember(connection: Connection, stream: Stream, contents: Mapping[str, bytes], run_id: str, now: str) -> None:
    """Store that contents, hash by source key, were shown beside another one for the first time."""
    faults = stored_faults((KEY_TWICE,))
    head = (stream.connection, stream.record_type, stream.partition)
    names = (*COLUMNS, *TIMES)
    rows: list[dict[str, Any]] = []
    for key, item_hash in contents.items():
        values = (*head, content_key(key, item_hash), None, item_hash, faults, run_id, now, now)
        rows.append(dict(zip(names, values, strict=True)))
    if rows:
        connection.execute(quarantine.insert(), rows)


def replaced_contents(stored: Sequence[StoredItem], records: Sequence[IncomingRecord], run_id: str) -> dict[str, bytes]:
    """Return hash by source key of the versions that the same run wrote and that a page replaces with other content.

    A version that is older by the source's own time is not among them: it is an old copy, not another item.
    """
    incoming = {each.source_key: each for each in records}
    return {
        item.source_key: item.item_hash
        for item in stored
        if item.run_id == run_id and item.is_live and _are_unordered(item, incoming[item.source_key])
    }


def _are_unordered(item: StoredItem, incoming: IncomingRecord) -> bool:
    """True if two contents differ and the source's times do not say which one is newer."""
    if len(item.item_hash) != HASH_BYTES or item.item_hash == incoming.item_hash:
        return False
    return None in {item.source_time, incoming.source_time} or item.source_time == incoming.source_time
