"""The one write path: a page of a source becomes rows, versions, links and quarantine, all or nothing.

Everything here happens inside one write transaction, which the caller opens and which also takes the cursor
and the counters. The rules, decided in `decisions`:

* A record seen for the first time is version 1; different content is the next version; the same content
  writes nothing but where it came from.
* A record has one owner, and a field may have another. What a connection says of what is not its own changes
  nothing; it is kept as that connection's voice, and where it differs as a discrepancy. A field whose owner
  says no more of it goes back to the record's.
* Two items of one source cannot be one record: the second goes into quarantine.
* What is gone keeps its last values; a key that another took the place of is linked to it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from cchc_connect.database.bulk import Rows, chunks, count_anew, insert_rows, replace_rows, rows_among
from cchc_connect.database.record_tables import all_tables, record_table
from cchc_connect.database.rows import row_reader
from cchc_connect.database.state.counters import Counts
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import change
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.claims import Document, Voice, forget, hear, heirs, voices_of
from cchc_connect.database.writing.discrepancies import compare
from cchc_connect.database.writing.incoming import Occasion, SiftedPage
from cchc_connect.database.writing.links import write_links
from cchc_connect.database.writing.merge_rules import (
    Decisions,
    Origin,
    Version,
    decide,
    given_back,
    others_fields,
    put_together,
)
from cchc_connect.database.writing.relations import Event, Kind
from cchc_connect.database.writing.succession import write_successions

DELETE, RENUMBER = "delete", "renumber"
GONE = frozenset({DELETE, RENUMBER})
"""Operations after which a record is not there any more."""


def write_page(connection: Connection, stream: Stream, page: SiftedPage, occasion: Occasion) -> Counts:
    """Write one page; return what was counted.

    Writing the same page twice changes nothing the second time.
    """
    decisions = decide(connection, stream, page.arrivals, occasion)
    _write_versions(connection, stream, decisions.versions, occasion)
    _touch(connection, stream, decisions)
    unspoken = hear(connection, decisions.voices)
    faulty = [*page.faulty, *decisions.conflicts]
    quarantine.store(connection, stream, faulty, occasion.run_id, occasion.now)
    counts = Counts(
        unchanged=len(decisions.touched) + decisions.unchanged, foreign=decisions.foreign, quarantined=len(faulty)
    )
    counts.inserted = sum(one.version == 1 for one in decisions.versions)
    counts.updated = len(decisions.versions) - counts.inserted
    in_conflict = {item.source_key for item in decisions.conflicts}
    good = [arrival.source_key for arrival in page.arrivals if arrival.source_key not in in_conflict]
    counts.resolved = quarantine.resolve(connection, stream, [*good, *page.gone], occasion.now)
    outgrown = _outgrown(connection, stream, decisions)
    spoken = {one.source_key for one in decisions.voices}
    silent = [source_key for source_key in decisions.now_called if source_key not in spoken]
    unspoken |= forget(connection, stream, [*page.gone, *silent])
    departed = {**dict.fromkeys(_keys_of(connection, stream, page.gone), DELETE), **dict.fromkeys(outgrown, RENUMBER)}
    counts.deleted = _mark_as_gone(connection, stream, departed, occasion)
    _inherit(connection, stream, list(departed), occasion)
    returned = given_back(connection, stream, unspoken - departed.keys(), occasion.owners)
    _write_versions(connection, stream, returned, occasion)
    counts.updated += len(returned)
    renumbered = [(old, new) for old, new in outgrown.items() if new]
    _write_lineage(connection, stream, decisions.versions, renumbered, occasion)
    concerned = {*unspoken, *departed, *decisions.contested}
    compare(connection, stream.record_type, concerned, occasion.owners, occasion.now)
    if counts.inserted:
        count_anew(connection, all_tables().tables.values())
    return counts


def _write_versions(connection: Connection, stream: Stream, versions: Sequence[Version], occasion: Occasion) -> None:
    if not versions:
        return
    first, read = next_sequence(connection), row_reader(stream.record_type)
    new: list[tuple[object, ...]] = []
    later: dict[str, tuple[object, ...]] = {}
    changes: list[tuple[object, ...]] = []
    for sequence, one in enumerate(versions, first):
        record = one.record
        key = record.key
        row = (key, *read(record.document), *_provenance(one, sequence, occasion.run_id))
        if one.version == 1:
            new.append(row)
        else:
            later[key] = row
        head = (sequence, stream.record_type, key, record.order_key, one.operation, one.version)
        came = (str(record.document, "utf-8"), one.brought_by, occasion.run_id, occasion.now)
        changes.append((*head, *came, record.valid_from, record.valid_to))
    table = record_table(stream.record_type)
    insert_rows(connection, table, new)
    replace_rows(connection, table, list(later.values()))
    insert_rows(connection, change, changes)
    write_links(connection, stream.record_type, {one.record.key: one.record.links for one in versions}, later)


def _provenance(version: Version, sequence: int, run_id: str) -> tuple[object, ...]:
    """Return the values of a row's provenance columns, in their order."""
    came = version.origin
    place = (came.connection, came.agency, came.partition, came.source_key, came.source_time)
    return (*place, run_id, came.item_hash, version.version, sequence, None, came.notes)


def _touch(connection: Connection, stream: Stream, decisions: Decisions) -> None:
    """Note where unchanged records came from now: by which form of their item, dated when, in which partition."""
    if not decisions.touched:
        return
    table = record_table(stream.record_type)
    marks: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("item_hash", "source_time", "partition")}
    statement = update(table).where(table.c.record_key == bindparam("of_key")).values(**marks)
    connection.execute(
        statement,
        [
            {
                "of_key": arrival.record.key,
                "new_item_hash": arrival.item_hash,
                "new_source_time": arrival.source_time,
                "new_partition": stream.partition,
            }
            for arrival in decisions.touched
        ],
    )


def _mark_as_gone(connection: Connection, stream: Stream, departed: dict[str, str], occasion: Occasion) -> int:
    """Mark records as gone, each by its operation; row and history keep their last values."""
    table = record_table(stream.record_type)
    columns = (table.c.record_key, table.c.version, change.c.order_key, change.c.document)
    last = select(*columns).join(change, change.c.sequence == table.c.sequence)
    statement = update(table).where(table.c.record_key == bindparam("of_key"))
    marked = statement.values(
        deleted_at=occasion.now, version=bindparam("new_version"), sequence=bindparam("new_sequence")
    )
    for keys in chunks(list(departed)):
        found = connection.execute(last.where(table.c.record_key.in_(keys)).order_by(table.c.record_key)).all()
        changes: list[tuple[object, ...]] = []
        marks = list[dict[str, object]]()
        for sequence, row in enumerate(found, next_sequence(connection)):
            head = (
                sequence,
                stream.record_type,
                row.record_key,
                row.order_key,
                departed[row.record_key],
                row.version + 1,
            )
            changes.append((*head, row.document, stream.connection, occasion.run_id, occasion.now, None, None))
            marks.append({"of_key": row.record_key, "new_version": row.version + 1, "new_sequence": sequence})
        insert_rows(connection, change, changes)
        if marks:
            connection.execute(marked, marks)
    return len(departed)


def _inherit(connection: Connection, stream: Stream, departed: Sequence[str], occasion: Occasion) -> None:
    """Let somebody who still speaks of a record take it over; a declared owner's word that it is gone stands."""
    if not departed or occasion.owners.record is not None:
        return
    table, versions = record_table(stream.record_type), list[Version]()
    inherited = {one.record_key: one for one in heirs(connection, stream.record_type, departed)}
    said = voices_of(connection, stream.record_type, inherited)
    others = {key: others_fields(occasion.owners, heir.connection, said[key]) for key, heir in inherited.items()}
    for some in chunks(list(inherited)):
        chosen = select(table.c.record_key, table.c.version).where(table.c.record_key.in_(some))
        for key, version in connection.execute(chosen):
            versions.append(_inherited(inherited[key], version + 1, others[key]))
    _write_versions(connection, stream, versions, occasion)
    for key, one in inherited.items():
        if not others[key]:  # else its own word stays known, beside the record that holds others' fields too
            forget(connection, replace(stream, connection=one.connection), [one.source_key])


def _inherited(heir: Voice, version: int, others: Document) -> Version:
    origin = Origin(
        connection=heir.connection,
        agency=heir.agency,
        partition=heir.partition,
        source_key=heir.source_key,
        source_time=heir.source_time,
        item_hash=heir.item_hash,
        notes=None,
    )
    record = put_together(heir.record_type, heir.record_key, json.loads(heir.document), others)
    return Version(record=record, version=version, operation="restore", origin=origin, brought_by=heir.connection)


def _write_lineage(
    connection: Connection,
    stream: Stream,
    versions: Sequence[Version],
    renumbered: Sequence[tuple[str, str]],
    occasion: Occasion,
) -> None:
    def told() -> Iterator[Event]:
        for one in versions:
            yield from one.record.successions
        for old, new in renumbered:
            yield stream.record_type, old, new, Kind.RENUMBERED, None, f"connection {stream.connection}"

    write_successions(connection, told(), occasion.now)


def _keys_of(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> list[str]:
    """Return the keys of the live records that the source calls by `source_keys`."""
    return [record_key for record_key, _ in _called(connection, stream, source_keys)]


def _outgrown(connection: Connection, stream: Stream, decisions: Decisions) -> dict[str, str]:
    """Return the keys that items of this page had before their source gave them another, with the key they have now."""
    now_called = decisions.now_called
    called = _called(connection, stream, list(now_called))
    return {before: now_called[source_key] for before, source_key in called if before != now_called[source_key]}


def _called(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield record key and source key of the live records that the source calls by `source_keys`."""
    column = record_table(stream.record_type).c.source_key
    mine = {"connection": stream.connection}
    for row in rows_among(connection, _live(stream.record_type), column, source_keys, mine):
        yield row.record_key, row.source_key


@cache
def _live(record_type: str) -> Rows:
    table = record_table(record_type)
    live = (table.c.connection == bindparam("connection")) & table.c.deleted_at.is_(None)
    return select(table.c.record_key, table.c.source_key).where(live)


def next_sequence(connection: Connection) -> int:
    """Return the sequence of the next change; the write lock keeps others from taking it too."""
    return (connection.execute(select(func.max(change.c.sequence))).scalar() or 0) + 1
