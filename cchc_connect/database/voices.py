"""What connections say of records that are another's: heard, recognised when said again, and forgotten when gone."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, select

from cchc_connect.database.bulk import Rows, chunks, replace_rows, rows_among
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import claim

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """One connection's word on one record."""

    record_type: str
    connection: str
    source_key: str
    agency: str
    partition: str
    record_key: str
    item_hash: bytes
    source_time: str | None
    document: str = field(repr=False)


def hear(connection: Connection, said: Sequence[Voice]) -> set[str]:
    """Keep what items say, all of one record type; return the keys of records they spoke of before and do not now."""
    latest = {(one.connection, one.source_key): one for one in said}
    outgrown: set[str] = set()
    for some in chunks(list(latest.values())):
        here = (claim.c.record_type == some[0].record_type) & claim.c.source_key.in_([one.source_key for one in some])
        for row in connection.execute(select(claim.c.connection, claim.c.source_key, claim.c.record_key).where(here)):
            now = latest.get((row.connection, row.source_key))
            if now is not None and now.record_key != row.record_key:
                outgrown.add(row.record_key)
    rows = [tuple(getattr(one, column.name) for column in claim.columns) for one in latest.values()]
    replace_rows(connection, claim, rows)
    return outgrown


def forget(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> set[str]:
    """Forget what a stream's items said; return the keys of the records they spoke of."""
    bound = {"record_type": stream.record_type, "connection": stream.connection}
    said = dict(map(tuple, rows_among(connection, _said(), claim.c.source_key, source_keys, bound)))
    for some in chunks(list(said)):
        connection.execute(delete(claim).where(_of(stream) & claim.c.source_key.in_(some)))
    return set(said.values())


@cache
def _said() -> Rows:
    mine = (claim.c.record_type == bindparam("record_type")) & (claim.c.connection == bindparam("connection"))
    return select(claim.c.source_key, claim.c.record_key).where(mine)


def voices_of(connection: Connection, record_type: str, record_keys: Collection[str]) -> dict[str, dict[str, Document]]:
    """Return what is said of records: record key -> connection -> document."""
    found: dict[str, dict[str, Document]] = {}
    for some in chunks(sorted(record_keys)):
        chosen = select(claim).where((claim.c.record_type == record_type) & claim.c.record_key.in_(some))
        for row in connection.execute(chosen.order_by(claim.c.connection, claim.c.source_key)):
            found.setdefault(row.record_key, {})[row.connection] = json.loads(row.document)
    return found


def heirs(connection: Connection, record_type: str, record_keys: Sequence[str]) -> list[Voice]:
    """Return of each record one of those who still speak of it."""
    found: dict[str, Voice] = {}
    for some in chunks(record_keys):
        chosen = select(claim).where((claim.c.record_type == record_type) & claim.c.record_key.in_(some))
        for row in connection.execute(chosen.order_by(claim.c.connection, claim.c.source_key)).mappings():
            found.setdefault(row["record_key"], Voice(**row))
    return list(found.values())


def _of(stream: Stream) -> ColumnElement[bool]:
    return (claim.c.record_type == stream.record_type) & (claim.c.connection == stream.connection)
