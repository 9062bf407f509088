"""Claims: the documents that connections send for records which another connection owns.

If other connections own single fields of a record, the owner's document as it was sent is stored as a claim too,
because the record has their values in these fields.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, delete, select

from cchc_connect.database.bulk import RowQuery, batches, select_in, upsert_rows
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import claim
from cchc_connect.database.writing.ownership import Owners

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """The document that one connection sent for a record which another connection owns."""

    record_type: str
    connection: str
    source_key: str
    agency: str
    partition: str
    record_key: str
    item_hash: bytes
    source_time: str | None
    document: str = field(repr=False)


def upsert_claims(connection: Connection, claims: Sequence[Claim]) -> set[str]:
    """Store claims, all of one record type; return the keys of records that their items concerned before only."""
    latest = {(new.connection, new.source_key): new for new in claims}
    former_keys: set[str] = set()
    for batch in batches(list(latest.values())):
        source_keys = [new.source_key for new in batch]
        is_claimed = (claim.c.record_type == batch[0].record_type) & claim.c.source_key.in_(source_keys)
        for row in connection.execute(
            select(claim.c.connection, claim.c.source_key, claim.c.record_key).where(is_claimed)
        ):
            replacing = latest.get((row.connection, row.source_key))
            if replacing is not None and replacing.record_key != row.record_key:
                former_keys.add(row.record_key)
    rows = [tuple(getattr(new, column.name) for column in claim.columns) for new in latest.values()]
    upsert_rows(connection, claim, rows)
    return former_keys


def delete_claims(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> set[str]:
    """Delete the claims of a stream's items; return the keys of the records that they concerned."""
    bound = {"record_type": stream.record_type, "connection": stream.connection}
    record_keys = dict(map(tuple, select_in(connection, _record_key_query(), claim.c.source_key, source_keys, bound)))
    for batch in batches(list(record_keys)):
        connection.execute(delete(claim).where(_of_stream(stream) & claim.c.source_key.in_(batch)))
    return set(record_keys.values())


def claims_for(
    connection: Connection, record_type: str, record_keys: Collection[str]
) -> dict[str, dict[str, Document]]:
    """Return the claims on records: record key -> connection -> document."""
    claims: dict[str, dict[str, Document]] = {}
    for row in _claim_rows(connection, record_type, sorted(record_keys)):
        claims.setdefault(row["record_key"], {})[row["connection"]] = json.loads(row["document"])
    return claims


def fallback_claims(
    connection: Connection, record_type: str, record_keys: Sequence[str], owners: Owners
) -> list[Claim]:
    """Return one claim for each of these records that has any: that of the first connection of the configuration.

    A connection that is gone from the configuration does not become an owner.
    """
    claims: dict[str, Claim] = {}
    for row in _claim_rows(connection, record_type, record_keys):
        if owners.is_vanished(row["connection"]):
            continue
        first = claims.setdefault(row["record_key"], Claim(**row))
        if owners.rank(row["connection"]) < owners.rank(first.connection):
            claims[row["record_key"]] = Claim(**row)
    return list(claims.values())


def claimed_types(connection: Connection, record_types: Collection[str]) -> list[str]:
    """Return those of the record types of which several connections send the same records, sorted."""
    return [
        record_type
        for record_type in sorted(record_types)
        if connection.execute(select(claim.c.record_type).where(claim.c.record_type == record_type).limit(1)).first()
    ]


@cache
def _record_key_query() -> RowQuery:
    of_stream = (claim.c.record_type == bindparam("record_type")) & (claim.c.connection == bindparam("connection"))
    return select(claim.c.source_key, claim.c.record_key).where(of_stream)


def _claim_rows(connection: Connection, record_type: str, record_keys: Sequence[str]) -> Iterator[RowMapping]:
    """Yield the rows of the claims on records, those of one record by connection and source key."""
    for batch in batches(record_keys):
        query = select(claim).where((claim.c.record_type == record_type) & claim.c.record_key.in_(batch))
        yield from connection.execute(query.order_by(claim.c.connection, claim.c.source_key)).mappings()


def _of_stream(stream: Stream) -> ColumnElement[bool]:
    return (claim.c.record_type == stream.record_type) & (claim.c.connection == stream.connection)
