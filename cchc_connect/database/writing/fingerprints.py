"""Recognises unchanged items of a listing by their hash, so that they need not be parsed."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from cchc_connect.database.bulk import RowQuery, batches, select_in
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import change, claim
from cchc_connect.database.writing.incoming import MOVED_KEY

SOURCE_KEY_BATCH_SIZE = 10_000
"""Source keys in memory at a time."""


class KnownItem(NamedTuple):
    """An item that is in the database exactly as the source lists it."""

    source_key: str
    source_time: str | None


def known_items_by_hash(connection: Connection, stream: Stream, hashes: Sequence[bytes]) -> dict[bytes, KnownItem]:
    """Return those of the items with these hashes that are in the database unchanged, by hash.

    An item that came in another partition is not among them: its new partition must be stored.
    """
    bound = {"connection": stream.connection, "partition": stream.partition}
    hash_column = record_table(stream.record_type).c.item_hash
    owned = select_in(connection, _owned_items_query(stream.record_type), hash_column, hashes, bound)
    of_type = bound | {"record_type": stream.record_type}
    claimed = select_in(connection, _claimed_items_query(), claim.c.item_hash, hashes, of_type)
    return {
        item_hash: KnownItem(source_key, source_time) for item_hash, source_key, source_time in chain(owned, claimed)
    }


@cache
def _owned_items_query(record_type: str) -> RowQuery:
    table = record_table(record_type)
    owned = (table.c.connection == bindparam("connection")) & table.c.deleted_at.is_(None)
    in_partition = owned & (table.c.partition == bindparam("partition"))
    return select(table.c.item_hash, table.c.source_key, table.c.source_time).where(in_partition)


@cache
def _claimed_items_query() -> RowQuery:
    claimed = (claim.c.record_type == bindparam("record_type")) & (claim.c.connection == bindparam("connection"))
    in_partition = claimed & (claim.c.partition == bindparam("partition"))
    return select(claim.c.item_hash, claim.c.source_key, claim.c.source_time).where(in_partition)


def keys_without_item(connection: Connection, stream: Stream) -> list[str]:
    """Return the source keys of the live records of a stream's partition that no item of the source is any more."""
    table = record_table(stream.record_type)
    of_partition = (table.c.connection == stream.connection) & (table.c.partition == stream.partition)
    live = of_partition & table.c.source_key.startswith(MOVED_KEY) & table.c.deleted_at.is_(None)
    return list(connection.execute(select(table.c.source_key).where(live)).scalars())


def stored_documents(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> dict[str, bytes]:
    """Return the stored documents of a stream's items by source key; items that are not stored are missing."""
    table = record_table(stream.record_type)
    is_owned = (table.c.connection == stream.connection) & table.c.deleted_at.is_(None)
    documents = select(table.c.source_key, change.c.document).join(change, change.c.sequence == table.c.sequence)
    owned = documents.where(is_owned)
    is_claimed = (claim.c.record_type == stream.record_type) & (claim.c.connection == stream.connection)
    claimed = select(claim.c.source_key, claim.c.document).where(is_claimed)
    return {
        row.source_key: row.document.encode()
        for batch in batches(source_keys)
        # A claim replaces the record's document: if other connections own fields of the record, its document has their
        # values, and the owner's document as it was sent is stored as a claim.
        for statement in (owned.where(table.c.source_key.in_(batch)), claimed.where(claim.c.source_key.in_(batch)))
        for row in connection.execute(statement)
    }


def live_source_keys(connection: Connection, stream: Stream, *, all_partitions: bool = False) -> Iterator[str]:
    """Yield the source key of every item of the partition that is in the database; memory does not grow with them.

    With `all_partitions`, yield those of all partitions, also of partitions that the source no longer has.
    """
    table = record_table(stream.record_type)
    owned = table.c.connection == stream.connection
    claimed = (claim.c.record_type == stream.record_type) & (claim.c.connection == stream.connection)
    if not all_partitions:
        owned &= table.c.partition == stream.partition
        claimed &= claim.c.partition == stream.partition
    statements = (
        select(table.c.source_key).where(owned & table.c.deleted_at.is_(None)),
        select(claim.c.source_key).where(claimed),
    )
    for statement in statements:
        yield from connection.execute(statement.execution_options(yield_per=SOURCE_KEY_BATCH_SIZE)).scalars()
