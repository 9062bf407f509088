"""The single write path: writes the rows, versions, links and quarantine of a page, all or none.

Everything here happens inside one write transaction, which the caller opens and which also stores the cursor
and the counters. The rules, which `merge_rules` applies:

* A record seen for the first time is version 1; changed content is the next version; the same content
  updates the provenance only.
* A record has one owner, and a field may have another. Values of a non-owner do not change the record; they are
  stored as that connection's claim, and as a discrepancy where they differ. A field whose owner no longer sends
  a value gets the value of the record's owner again.
* Two items of one source cannot be one record: the second goes into quarantine. An item that is gone, or is another
  record now, does not count (`KeyHolders`): a key of the source that moves on is no identity.
* A version that is older by the source's own time does not replace a newer one of the same source (`version_order`).
* A deleted record keeps its last values; the lineage leads from a replaced key to its successor.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from cchc_connect.database.bulk import analyze_new_tables, batches, insert_rows, upsert_rows
from cchc_connect.database.maintenance import next_sequence
from cchc_connect.database.record_tables import all_tables, record_table, row_converter
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import DELETE, NO_KNOWN_FORM, RENUMBER, change
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.claims import (
    Claim,
    Document,
    claims_for,
    delete_claims,
    fallback_claims,
    upsert_claims,
)
from cchc_connect.database.writing.discrepancies import update_discrepancies
from cchc_connect.database.writing.incoming import MOVED_KEY, PageBatch, WriteContext
from cchc_connect.database.writing.key_twice import replaced_contents
from cchc_connect.database.writing.merge_rules import merge_fields, owned_field_values, plan_page, reverted_versions
from cchc_connect.database.writing.ownership import require_no_vanished
from cchc_connect.database.writing.relations import LineageEvent, LineageKind, write_lineage_events, write_links
from cchc_connect.database.writing.version_order import VersionOrder, outdated_deletions, stored_items
from cchc_connect.database.writing.write_plan import NewVersion, Provenance, WritePlan

_PROVENANCE_OF_CONTENT = ("source_key", "item_hash", "source_time", "partition", "notes")
"""What an item of the same content may change of its record."""


def write_page(connection: Connection, stream: Stream, page: PageBatch, write_context: WriteContext) -> Counters:
    """Write one page; return its counters.

    Idempotent: writing the same page again changes nothing.

    Raises:
        SourceHeld: a connection that is gone from the configuration owns records of the page, or the page's check
            refuses what would be overwritten.
    """
    plan = plan_page(connection, stream, page, write_context)
    _require_allowed(plan, stream, page)
    write_context.outdated.update(plan.outdated)
    write_context.replaced.update(replaced_contents(plan.stored, page.records, write_context.run_id))
    outdated_deletes = outdated_deletions(connection, stream, page)
    deleted_keys = [key for key in page.deleted_keys if key not in outdated_deletes]
    _write_versions(connection, stream, plan.versions, write_context)
    _update_provenance(connection, stream, plan)
    unclaimed = upsert_claims(connection, plan.claims)
    counts = _counts_of(plan)
    counts.outdated += len(outdated_deletes)
    counts.add(_update_quarantine(connection, stream, page, plan, deleted_keys, write_context))
    rekeyed = _rekeyed(connection, plan, stream, is_full_listing=page.is_full_listing)
    claiming = {new.source_key for new in plan.claims}
    not_claiming = [source_key for source_key in plan.record_keys if source_key not in claiming]
    unclaimed |= delete_claims(connection, stream, [*deleted_keys, *not_claiming])
    deleted = dict.fromkeys(_record_keys(connection, stream, deleted_keys), DELETE)
    ended = {**deleted, **dict.fromkeys(rekeyed, RENUMBER)}
    counts.deleted = _mark_deleted(connection, stream, ended, write_context)
    _store_deletion_times(connection, stream, page, deleted_keys)
    _promote_claims(connection, stream, list(ended), write_context)
    reverted = reverted_versions(connection, stream, unclaimed - ended.keys(), write_context.owners)
    _write_versions(connection, stream, reverted, write_context)
    counts.updated += len(reverted)
    renumbered = [(old, new) for old, new in rekeyed.items() if new]
    _write_lineage(connection, stream, plan.versions, renumbered, write_context)
    affected = {*unclaimed, *ended, *plan.disputed_keys}
    update_discrepancies(connection, stream.record_type, affected, write_context.owners, write_context.now)
    if counts.inserted:
        analyze_new_tables(connection, all_tables().tables.values())
    return counts


def _require_allowed(plan: WritePlan, stream: Stream, page: PageBatch) -> None:
    """Raise `SourceHeld` if the page may not be written."""
    require_no_vanished(plan.vanished, stream.connection, stream.record_type)
    if page.check is not None:
        page.check(plan.replaced)


def _counts_of(plan: WritePlan) -> Counters:
    """Return how many records a page changes, and how many items change none."""
    inserted = sum(written.version == 1 for written in plan.versions)
    return Counters(
        unchanged=plan.unchanged,
        inserted=inserted,
        updated=len(plan.versions) - inserted,
        foreign=plan.not_owned,
        outdated=len(plan.outdated),
        went_back=plan.went_back,
    )


def _update_quarantine(
    connection: Connection,
    stream: Stream,
    page: PageBatch,
    plan: WritePlan,
    deleted_keys: Sequence[str],
    write_context: WriteContext,
) -> Counters:
    """Quarantine the faulty items of a page and close the entries of the others; older versions change nothing."""
    order = VersionOrder.of_faulty(connection, stream, page)
    faulty, outdated = list(plan.key_conflicts), dict[str, bytes]()
    for item in page.faulty:
        if order.is_outdated(item.source_key, item.source_time, item.item_hash, page, write_context):
            outdated[item.source_key] = item.item_hash
        else:
            faulty.append(item)
    write_context.outdated.update(outdated)
    times = {incoming.source_key: incoming.source_time for incoming in page.records}
    touched = [*times, *deleted_keys, *page.former_faults, *(item.source_key for item in faulty)]
    entries = quarantine.open_entries(connection, stream, touched, page.shown_elsewhere)
    quarantine.store(connection, stream, faulty, write_context.run_id, write_context.now, entries)
    valid = plan.record_keys.keys() - {item.source_key for item in plan.key_conflicts}
    fixed = [key for key in valid if not entries.is_newer(key, times[key])]
    resolved = quarantine.resolve(connection, [*fixed, *deleted_keys, *page.former_faults], write_context.now, entries)
    return Counters(quarantined=len(faulty), outdated=len(outdated), resolved=resolved)


def _write_versions(
    connection: Connection, stream: Stream, versions: Sequence[NewVersion], write_context: WriteContext
) -> None:
    if not versions:
        return
    first, read = next_sequence(connection), row_converter(stream.record_type)
    inserted: list[tuple[object, ...]] = []
    replaced: dict[str, tuple[object, ...]] = {}
    changes: list[tuple[object, ...]] = []
    for sequence, version in enumerate(versions, first):
        record = version.record
        key = record.key
        row = (key, *read(record.document), *_provenance_values(version, sequence, write_context.run_id))
        if version.version == 1:
            inserted.append(row)
        else:
            replaced[key] = row
        head = (sequence, stream.record_type, key, record.order_key, version.operation, version.version)
        source = (str(record.document, "utf-8"), version.caused_by, write_context.run_id, write_context.now)
        changes.append((*head, *source, record.valid_from, record.valid_to))
    table = record_table(stream.record_type)
    insert_rows(connection, table, inserted)
    upsert_rows(connection, table, list(replaced.values()))
    insert_rows(connection, change, changes)
    links = {version.record.key: version.record.links for version in versions}
    write_links(connection, stream.record_type, links, replaced)


def _provenance_values(version: NewVersion, sequence: int, run_id: str) -> tuple[object, ...]:
    """Return the values of a row's provenance columns, in their order."""
    provenance = version.provenance
    source = (
        provenance.connection,
        provenance.agency,
        provenance.partition,
        provenance.source_key,
        provenance.source_time,
    )
    return (*source, run_id, provenance.item_hash, version.version, sequence, None, provenance.notes)


def _update_provenance(connection: Connection, stream: Stream, plan: WritePlan) -> None:
    """Update the provenance of unchanged records: item hash, change time and partition."""
    if not plan.provenance_only:
        return
    table = record_table(stream.record_type)
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _PROVENANCE_OF_CONTENT}
    statement = update(table).where(table.c.record_key == bindparam("of_key")).values(**values)
    connection.execute(
        statement,
        [
            {
                "of_key": incoming.record.key,
                "new_item_hash": incoming.item_hash,
                "new_source_time": incoming.source_time,
                "new_partition": stream.partition,
                "new_source_key": incoming.source_key,
                "new_notes": incoming.notes,
            }
            for incoming in plan.provenance_only.values()
        ],
    )


def _mark_deleted(connection: Connection, stream: Stream, ended: dict[str, str], write_context: WriteContext) -> int:
    """Mark the records in `ended`, operation by record key, as deleted; row and history keep their last values."""
    table = record_table(stream.record_type)
    columns = (table.c.record_key, table.c.version, change.c.order_key, change.c.document)
    live_rows = select(*columns).join(change, change.c.sequence == table.c.sequence)
    statement = update(table).where(table.c.record_key == bindparam("of_key"))
    marking = statement.values(
        deleted_at=write_context.now, version=bindparam("new_version"), sequence=bindparam("new_sequence")
    )
    for keys in batches(list(ended)):
        query = live_rows.where(table.c.record_key.in_(keys)).order_by(table.c.record_key)
        changes: list[tuple[object, ...]] = []
        marks = list[dict[str, object]]()
        for sequence, row in enumerate(connection.execute(query).all(), next_sequence(connection)):
            head = (
                sequence,
                stream.record_type,
                row.record_key,
                row.order_key,
                ended[row.record_key],
                row.version + 1,
            )
            changes.append(
                (*head, row.document, stream.connection, write_context.run_id, write_context.now, None, None)
            )
            marks.append({"of_key": row.record_key, "new_version": row.version + 1, "new_sequence": sequence})
        insert_rows(connection, change, changes)
        if marks:
            connection.execute(marking, marks)
    return len(ended)


def _store_deletion_times(connection: Connection, stream: Stream, page: PageBatch, deleted_keys: Sequence[str]) -> None:
    """Store when the source deleted records, so that an older version does not restore them."""
    deletion_times = {key: page.deletion_times.get(key) for key in deleted_keys}
    times = [{"of_key": key, "new_time": at} for key, at in deletion_times.items() if at is not None]
    if not times:
        return
    table = record_table(stream.record_type)
    new_time = bindparam("new_time", type_=table.c.source_time.type)
    of_item = (table.c.connection == stream.connection) & (table.c.source_key == bindparam("of_key"))
    is_later = table.c.source_time.is_(None) | (table.c.source_time < new_time)
    statement = update(table).where(of_item & table.c.deleted_at.is_not(None) & is_later)
    connection.execute(statement.values(source_time=new_time), times)


def pass_records_on(
    connection: Connection, stream: Stream, record_keys: Sequence[str], write_context: WriteContext
) -> int:
    """Give live records of a stream to the connections that claim them; return how many. The others stay."""
    passed = _promote_claims(connection, stream, record_keys, write_context, "update")
    update_discrepancies(connection, stream.record_type, record_keys, write_context.owners, write_context.now)
    return passed


def _promote_claims(
    connection: Connection,
    stream: Stream,
    ended: Sequence[str],
    write_context: WriteContext,
    operation: str = "restore",
) -> int:
    """Write records anew from claims, whose connection becomes the owner; not where another owner is declared.

    Return how many were written.
    """
    if not ended or write_context.owners.record is not None:
        return 0
    table, versions = record_table(stream.record_type), list[NewVersion]()
    candidates = fallback_claims(connection, stream.record_type, ended, write_context.owners)
    promoted = {claim.record_key: claim for claim in candidates}
    claims = claims_for(connection, stream.record_type, promoted)
    overlays = {
        key: owned_field_values(write_context.owners, claim.connection, claims[key]) for key, claim in promoted.items()
    }
    for batch in batches(list(promoted)):
        query = select(table.c.record_key, table.c.version).where(table.c.record_key.in_(batch))
        for key, version in connection.execute(query):
            versions.append(_promoted_version(promoted[key], version + 1, overlays[key], operation))
    _write_versions(connection, stream, versions, write_context)
    for key, claim in promoted.items():
        if not overlays[key]:  # else the claim stays, as the record holds fields of other connections too
            delete_claims(connection, replace(stream, connection=claim.connection), [claim.source_key])
    return len(versions)


def _promoted_version(claim: Claim, version: int, overlay: Document, operation: str) -> NewVersion:
    provenance = Provenance(
        connection=claim.connection,
        agency=claim.agency,
        partition=claim.partition,
        source_key=claim.source_key,
        source_time=claim.source_time,
        item_hash=claim.item_hash,
        notes=None,
    )
    record = merge_fields(claim.record_type, claim.record_key, json.loads(claim.document), overlay)
    return NewVersion(
        record=record, version=version, operation=operation, provenance=provenance, caused_by=claim.connection
    )


def _write_lineage(
    connection: Connection,
    stream: Stream,
    versions: Sequence[NewVersion],
    renumbered: Sequence[tuple[str, str]],
    write_context: WriteContext,
) -> None:
    def events() -> Iterator[LineageEvent]:
        for version in versions:
            yield from version.record.lineage
        for old, new in renumbered:
            yield stream.record_type, old, new, LineageKind.RENUMBERED, None, f"connection {stream.connection}"

    write_lineage_events(connection, events(), write_context.now)


def _record_keys(connection: Connection, stream: Stream, source_keys: Sequence[str]) -> list[str]:
    """Return the record keys of the live records with these source keys."""
    return [item.record_key for item in stored_items(connection, stream, source_keys) if item.is_live]


def _rekeyed(connection: Connection, plan: WritePlan, stream: Stream, *, is_full_listing: bool) -> dict[str, str]:
    """Return the former record keys of items whose record key changed, with their present record key.

    Where an item shows a record that another item was before, the source's key moved on, and its former record was not
    renumbered. In a full listing it only loses its source key: it ends with the pass if no other item is it.
    """
    present_keys, moved_on = plan.record_keys, plan.moved_on if is_full_listing else frozenset[str]()
    in_conflict = {item.source_key for item in plan.key_conflicts}
    shown = {key for source_key, key in present_keys.items() if source_key not in in_conflict}
    former = [
        item
        for item in plan.stored
        if item.is_live and present_keys.get(item.source_key, item.record_key) != item.record_key
        if item.record_key not in shown
    ]
    _take_source_keys(connection, stream, [item.record_key for item in former if item.source_key in moved_on])
    return {item.record_key: present_keys[item.source_key] for item in former if item.source_key not in moved_on}


def _take_source_keys(connection: Connection, stream: Stream, record_keys: Sequence[str]) -> None:
    """Replace the source keys of records that no item of the source names any more."""
    if record_keys:
        table = record_table(stream.record_type)
        statement = update(table).where(table.c.record_key == bindparam("of_key"))
        values = [{"of_key": key, "new_key": MOVED_KEY + key} for key in record_keys]
        connection.execute(statement.values(source_key=bindparam("new_key"), item_hash=NO_KNOWN_FORM), values)
