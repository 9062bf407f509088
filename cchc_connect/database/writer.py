"""The one write path: a page of a source becomes rows, versions, links and quarantine, all or nothing.

Everything here happens inside one write transaction, which the caller opens and which also takes the cursor
and the counters. The rules:

* A record seen for the first time is version 1; different content is the next version; the same content
  writes nothing but where it came from.
* A record has one owner. What another connection says of it changes nothing; where it differs it is kept
  as a discrepancy.
* Two items of one source cannot be one record: the second goes into quarantine.
* What is gone keeps its last values.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select, update

from cchc_connect.database import quarantine
from cchc_connect.database.counts import Counts
from cchc_connect.database.discrepancies import follow_owner, write_discrepancies
from cchc_connect.database.links import write_links
from cchc_connect.database.quarantine import KEY_TAKEN, FaultyItem
from cchc_connect.database.statements import chunks, insert_sql, upsert_sql
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import change, field_columns, record_table
from cchc_schemas import Note, Record, to_document

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """One item that became a record."""

    source_key: str
    source_time: str | None
    item: Mapping[str, Any]
    item_hash: bytes
    record: Record
    notes: tuple[Note, ...]


@dataclass(frozen=True, kw_only=True)
class SiftedPage:
    """A page after translation: what became records, what did not, what is gone."""

    arrivals: Sequence[Arrival] = ()
    faulty: Sequence[FaultyItem] = ()
    gone: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """In which run and when something is written."""

    run_id: str
    now: str
    owner: str | None
    """The connection declared as source of truth for the stream's record type, where one is."""


@dataclass(slots=True)
class _Standing:
    """What the database holds of a record."""

    connection: str
    source_key: str
    version: int
    document: Document
    deleted: bool


@dataclass(slots=True)
class _Plan:
    """What a page comes to, before anything is written."""

    versions: list[tuple[Arrival, Document, int, str]] = field(default_factory=list[tuple[Arrival, Document, int, str]])
    touched: list[Arrival] = field(default_factory=list[Arrival])
    displaced: list[tuple[str, _Standing, Document]] = field(default_factory=list[tuple[str, _Standing, Document]])
    foreign: list[tuple[Arrival, _Standing]] = field(default_factory=list[tuple[Arrival, _Standing]])
    conflicts: list[FaultyItem] = field(default_factory=list[FaultyItem])
    taken: list[Arrival] = field(default_factory=list[Arrival])


def write_page(connection: Connection, stream: Stream, page: SiftedPage, occasion: Occasion) -> Counts:
    """Write one page; return what was counted.

    Writing the same page twice changes nothing the second time.
    """
    plan = _planned(connection, stream, page.arrivals, occasion)
    _write_versions(connection, stream, plan, occasion)
    counts = Counts(unchanged=len(plan.touched), foreign=len(plan.foreign))
    counts.inserted = sum(version == 1 for _, _, version, _ in plan.versions)
    counts.updated = len(plan.versions) - counts.inserted
    for arrival, standing in plan.foreign:
        write_discrepancies(
            connection,
            arrival.record,
            owner=(standing.connection, standing.document),
            other=(stream.connection, to_document(arrival.record)),
            now=occasion.now,
        )
    faulty = [*page.faulty, *plan.conflicts]
    quarantine.store(connection, stream, faulty, occasion.run_id, occasion.now)
    counts.quarantined = len(faulty)
    in_conflict = {item.source_key for item in plan.conflicts}
    good = [arrival.source_key for arrival in page.arrivals if arrival.source_key not in in_conflict]
    counts.resolved = quarantine.resolve(connection, stream, [*good, *page.gone], occasion.now)
    departed = [*_outgrown(connection, stream, plan), *_keys_of(connection, stream, page.gone)]
    counts.deleted = _delete(connection, stream, departed, occasion)
    return counts


def _planned(connection: Connection, stream: Stream, arrivals: Sequence[Arrival], occasion: Occasion) -> _Plan:
    standing = _standing(connection, stream, [arrival.record.key for arrival in arrivals])
    plan = _Plan()
    for arrival in arrivals:
        key, document = arrival.record.key, to_document(arrival.record)
        known = standing.get(key)
        is_theirs = known is not None and known.connection != stream.connection
        if known is not None and known.deleted and is_theirs and occasion.owner not in {None, stream.connection}:
            plan.foreign.append((arrival, known))  # its owner says that it is gone
            continue
        if known is None or known.deleted:
            operation, version = ("insert", 1) if known is None else ("restore", known.version + 1)
        elif stream.connection not in {known.connection, occasion.owner}:
            plan.foreign.append((arrival, known))
            continue
        elif known.connection == stream.connection and known.source_key != arrival.source_key:
            plan.conflicts.append(_conflict(arrival))
            plan.taken.append(arrival)
            continue
        elif known.document == document and known.connection == stream.connection:
            plan.touched.append(arrival)
            continue
        else:
            operation, version = "update", known.version + 1
            if known.connection != stream.connection:
                plan.displaced.append((key, known, document))
        plan.versions.append((arrival, document, version, operation))
        standing[key] = _Standing(stream.connection, arrival.source_key, version, document, deleted=False)
    return plan


def _conflict(arrival: Arrival) -> FaultyItem:
    return FaultyItem(
        source_key=arrival.source_key, item_hash=arrival.item_hash, item=arrival.item, faults=(KEY_TAKEN,)
    )


def _write_versions(connection: Connection, stream: Stream, plan: _Plan, occasion: Occasion) -> None:
    table = record_table(stream.record_type)
    first = _next_sequence(connection)
    rows: list[tuple[Any, ...]] = []
    changes: list[tuple[Any, ...]] = []
    for sequence, (arrival, document, version, operation) in enumerate(plan.versions, first):
        origin = (stream.connection, stream.agency, arrival.source_key, arrival.source_time, occasion.run_id)
        notes = json.dumps([[note.path, note.rule] for note in arrival.notes]) if arrival.notes else None
        row = (*_values(arrival.record, document), *origin, arrival.item_hash, version, sequence, None, notes)
        rows.append(row)
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        head = (sequence, stream.record_type, arrival.record.key, arrival.record.order_key, operation, version, text)
        changes.append((*head, stream.connection, occasion.run_id, occasion.now))
    if rows:
        connection.exec_driver_sql(upsert_sql(table), rows)
        connection.exec_driver_sql(insert_sql(change), changes)
        write_links(connection, [arrival.record for arrival, *_ in plan.versions])
        changed = {arrival.record.key: document for arrival, document, version, _ in plan.versions if version > 1}
        follow_owner(connection, stream.connection, changed, stream.record_type)
    seen_again = [
        {"key": arrival.record.key, "hash": arrival.item_hash, "time": arrival.source_time} for arrival in plan.touched
    ]
    if seen_again:
        sql = f"UPDATE {table.name} SET item_hash = :hash, source_time = :time WHERE record_key = :key"  # noqa: S608  # the name is our own table's
        connection.exec_driver_sql(sql, seen_again)
    for key, known, document in plan.displaced:
        record = next(arrival.record for arrival, *_ in plan.versions if arrival.record.key == key)
        owner, other = (stream.connection, document), (known.connection, known.document)
        write_discrepancies(connection, record, owner=owner, other=other, now=occasion.now)


def _delete(connection: Connection, stream: Stream, record_keys: Sequence[str], occasion: Occasion) -> int:
    """Mark records as gone; row and history keep their last values."""
    table = record_table(stream.record_type)
    last = select(table.c.record_key, table.c.version, change.c.order_key, change.c.document)
    joined = last.join(change, change.c.sequence == table.c.sequence)
    for keys in chunks(record_keys):
        found = connection.execute(joined.where(table.c.record_key.in_(keys))).all()
        for sequence, row in enumerate(found, _next_sequence(connection)):
            head = (sequence, stream.record_type, row.record_key, row.order_key, "delete", row.version + 1)
            values = (*head, row.document, stream.connection, occasion.run_id, occasion.now)
            connection.exec_driver_sql(insert_sql(change), values)
            marks = {"deleted_at": occasion.now, "version": row.version + 1, "sequence": sequence}
            connection.execute(update(table).where(table.c.record_key == row.record_key).values(**marks))
    return len(record_keys)


def _keys_of(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> list[str]:
    """Return the keys of the live records that the source calls by `source_keys`."""
    table = record_table(stream.record_type)
    live = (table.c.connection == stream.connection) & table.c.deleted_at.is_(None)
    return [
        key
        for some in chunks(source_keys)
        for key in connection.execute(select(table.c.record_key).where(live & table.c.source_key.in_(some))).scalars()
    ]


def _outgrown(connection: Connection, stream: Stream, plan: _Plan) -> list[str]:
    """Return the keys that items of this page had before their source gave them another."""
    arrivals = [arrival for arrival, *_ in plan.versions] + [arrival for arrival, _ in plan.foreign] + plan.taken
    now_called = {arrival.source_key: arrival.record.key for arrival in arrivals}
    table = record_table(stream.record_type)
    live = (table.c.connection == stream.connection) & table.c.deleted_at.is_(None)
    outgrown: list[str] = []
    for some in chunks(list(now_called)):
        chosen = select(table.c.record_key, table.c.source_key).where(live & table.c.source_key.in_(some))
        found = connection.execute(chosen)
        outgrown += [row.record_key for row in found if row.record_key != now_called[row.source_key]]
    return outgrown


def _standing(connection: Connection, stream: Stream, keys: Sequence[str]) -> dict[str, _Standing]:
    table = record_table(stream.record_type)
    columns = (table.c.record_key, table.c.connection, table.c.source_key, table.c.version, table.c.deleted_at)
    joined = select(*columns, change.c.document).join(change, change.c.sequence == table.c.sequence)
    found: dict[str, _Standing] = {}
    for some in chunks(keys):
        for row in connection.execute(joined.where(table.c.record_key.in_(some))):
            document = json.loads(row.document)
            deleted = row.deleted_at is not None
            found[row.record_key] = _Standing(row.connection, row.source_key, row.version, document, deleted)
    return found


def _values(record: Record, document: Document) -> Iterable[Any]:
    yield record.key
    for column in field_columns(type(record)):
        yield column.bind(document[column.name])


def _next_sequence(connection: Connection) -> int:
    return (connection.execute(select(func.max(change.c.sequence))).scalar() or 0) + 1
