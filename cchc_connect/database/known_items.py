"""Recognising what a source lists again: an item's hash tells its key and when it changed, and nothing is read."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from cchc_connect.database.bulk import Rows, chunks, rows_among
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import change, claim

KEYS_AT_ONCE = 10_000
"""Keys in memory while a stream is gone through."""


class KnownItem(NamedTuple):
    """An item that is in the database just as the source lists it."""

    source_key: str
    source_time: str | None


def known_items(connection: Connection, stream: Stream, hashes: Sequence[bytes]) -> dict[bytes, KnownItem]:
    """Return those of the items with these hashes that are in the database as they are, by hash.

    One that came in another partition is not among them: where it is listed now has yet to be noted.
    """
    kept, heard = _kept(stream.record_type), _heard()
    mine = {"connection": stream.connection, "partition": stream.partition}
    rows = rows_among(connection, kept, record_table(stream.record_type).c.item_hash, hashes, mine)
    words = rows_among(connection, heard, claim.c.item_hash, hashes, mine | {"record_type": stream.record_type})
    return {digest: KnownItem(source_key, source_time) for digest, source_key, source_time in chain(rows, words)}


@cache
def _kept(record_type: str) -> Rows:
    table = record_table(record_type)
    mine = (table.c.connection == bindparam("connection")) & table.c.deleted_at.is_(None)
    here = mine & (table.c.partition == bindparam("partition"))
    return select(table.c.item_hash, table.c.source_key, table.c.source_time).where(here)


@cache
def _heard() -> Rows:
    mine = (claim.c.record_type == bindparam("record_type")) & (claim.c.connection == bindparam("connection"))
    here = mine & (claim.c.partition == bindparam("partition"))
    return select(claim.c.item_hash, claim.c.source_key, claim.c.source_time).where(here)


def words_of(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> dict[str, bytes]:
    """Return as documents what a stream's items said when they were last read; those not there are left out."""
    table = record_table(stream.record_type)
    mine = (table.c.connection == stream.connection) & table.c.deleted_at.is_(None)
    kept = select(table.c.source_key, change.c.document).join(change, change.c.sequence == table.c.sequence).where(mine)
    heard = (claim.c.record_type == stream.record_type) & (claim.c.connection == stream.connection)
    said = select(claim.c.source_key, claim.c.document).where(heard)
    return {
        row.source_key: row.document.encode()
        for some in chunks(source_keys)
        # Where others' fields went into a record, its own item's word is a claim.
        for statement in (kept.where(table.c.source_key.in_(some)), said.where(claim.c.source_key.in_(some)))
        for row in connection.execute(statement)
    }


def live_source_keys(connection: Connection, stream: Stream, *, whole: bool = False) -> Iterator[str]:
    """Yield the source key of every item of the partition that is in the database; few are in memory at once.

    With `whole` it is those of all partitions, also of such as the source does not have any more.
    """
    table = record_table(stream.record_type)
    mine = table.c.connection == stream.connection
    heard = (claim.c.record_type == stream.record_type) & (claim.c.connection == stream.connection)
    if not whole:
        mine &= table.c.partition == stream.partition
        heard &= claim.c.partition == stream.partition
    listed = (
        select(table.c.source_key).where(mine & table.c.deleted_at.is_(None)),
        select(claim.c.source_key).where(heard),
    )
    for statement in listed:
        yield from connection.execute(statement.execution_options(yield_per=KEYS_AT_ONCE)).scalars()
