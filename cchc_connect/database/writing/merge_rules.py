"""Plans the writes of a page: resolves ownership and key conflicts before anything is written."""

import json
from collections.abc import Collection, Container, Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, select

from cchc_connect.database.bulk import RowQuery, select_in
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import change
from cchc_connect.database.writing.claims import Claim, Document, claims_for
from cchc_connect.database.writing.incoming import (
    IncomingRecord,
    PageBatch,
    SerializedRecord,
    WriteContext,
    serialize,
)
from cchc_connect.database.writing.kept_fields import kept_values, same_document
from cchc_connect.database.writing.key_holders import KeyHolders
from cchc_connect.database.writing.ownership import Owners
from cchc_connect.database.writing.quarantine import KEY_TAKEN, FaultyItem
from cchc_connect.database.writing.status_changes import JUDGED_TYPES, settle_status
from cchc_connect.database.writing.version_order import (
    VersionOrder,
    claimed_items,
    claimed_time,
    stored_items,
)
from cchc_connect.database.writing.write_plan import (
    PROVENANCE_FIELDS,
    CurrentVersion,
    NewVersion,
    Provenance,
    WritePlan,
)
from cchc_schemas import RECORD_TYPES, from_document


def plan_page(connection: Connection, stream: Stream, page: PageBatch, write_context: WriteContext) -> WritePlan:
    """Return what a page changes; its records are resolved in their order, without those that are outdated."""
    keys = [incoming.record.key for incoming in page.records]
    current = _current_versions(connection, stream, keys)
    claims = claims_for(connection, stream.record_type, keys) if write_context.owners.fields else {}
    stored = stored_items(connection, stream, [incoming.source_key for incoming in page.records])
    foreign = [incoming.source_key for incoming in page.records if _is_foreign(incoming, stream, current)]
    order = VersionOrder(connection, [*stored, *claimed_items(connection, stream, foreign)])
    holders = KeyHolders(stream, page, stored)
    resolver = ConflictResolver(stream, write_context, current, claims, holders)
    resolver.plan.stored, resolver.former_keys, resolver.kept_fields = stored, page.former_keys, page.kept_fields
    for incoming in page.records:
        source_key, source_time, item_hash = incoming.source_key, incoming.source_time, incoming.item_hash
        if not holders.has_moved_on(incoming, current.get(incoming.record.key)):
            if order.is_outdated(source_key, source_time, item_hash, page, write_context):
                resolver.plan.outdated[source_key] = item_hash
                continue
            resolver.plan.went_back += order.is_older(source_key, source_time)
        resolver.resolve(incoming)
    return resolver.plan


def _is_foreign(incoming: IncomingRecord, stream: Stream, current: Mapping[str, CurrentVersion]) -> bool:
    """True if another connection owns the record of an item, so that the item may have a claim."""
    version = current.get(incoming.record.key)
    return version is not None and version.provenance.connection != stream.connection


def reverted_versions(
    connection: Connection, stream: Stream, keys: Collection[str], owners: Owners
) -> list[NewVersion]:
    """Return new versions of records whose contributed fields the stream no longer supplies.

    Such a field gets the value of the record's owner again.
    """
    claims, versions = claims_for(connection, stream.record_type, keys), list[NewVersion]()
    for key, current in _current_versions(connection, stream, sorted(keys)).items():
        owner = current.provenance.connection
        own = claims.get(key, {}).get(owner)  # stored before another connection's value went into the record
        if current.deleted or own is None:
            continue
        record = merge_fields(stream.record_type, key, own, owned_field_values(owners, owner, claims[key]))
        if not same_document(record.document, current.document):
            versions.append(
                NewVersion(
                    record=record,
                    version=current.version + 1,
                    operation="update",
                    provenance=current.provenance,
                    caused_by=stream.connection,
                )
            )
    return versions


class ConflictResolver:
    """Resolves one incoming record after the other; later ones see the results of earlier ones."""

    def __init__(
        self,
        stream: Stream,
        write_context: WriteContext,
        current: dict[str, CurrentVersion],
        claims: dict[str, dict[str, Document]],
        holders: KeyHolders,
    ) -> None:
        owners = write_context.owners
        self._stream = stream
        self._owners = owners
        self._asked_at = write_context.asked_at or write_context.now
        self._current = current
        self._claims = claims
        self._own_fields = owners.owned_by(stream.connection)
        self._holders = holders
        self.plan = WritePlan()
        self.former_keys: Container[str] = frozenset()
        self.kept_fields: Container[str] = frozenset()

    def resolve(self, incoming: IncomingRecord) -> None:
        """Resolve one incoming record."""
        key = incoming.record.key
        current = self._current.get(key)
        self.plan.record_keys[incoming.source_key] = key
        if current is None:
            self._plan_version(incoming, 1, "insert")
        elif self._is_vanished(current):
            self.plan.vanished[current.provenance.connection] += 1
        elif self._is_not_owned(current):
            self._plan_claim(incoming, current)
        elif current.deleted:
            self._plan_version(incoming, current.version + 1, "restore")
        elif current.provenance.connection != self._stream.connection:
            self._take_over(key, current)
            self._plan_version(incoming, current.version + 1, "update")
        elif current.provenance.source_key != incoming.source_key and current.provenance.source_key in self.former_keys:
            self._plan_version(incoming, current.version + 1, "update")
        elif current.provenance.source_key != incoming.source_key and self._holders.gives_free(key, current.provenance):
            self.plan.moved_on.add(incoming.source_key)
            self._plan_version(incoming, current.version + 1, "update", current)
        elif current.provenance.source_key != incoming.source_key:
            conflict = FaultyItem(
                source_key=incoming.source_key,
                item_hash=incoming.item_hash,
                item=incoming.item,
                faults=(KEY_TAKEN,),
                source_time=incoming.source_time,
            )
            self.plan.key_conflicts.append(conflict)
            self.plan.moved_on.add(incoming.source_key)
        else:
            self._plan_version(incoming, current.version + 1, "update", current)

    def _is_not_owned(self, current: CurrentVersion) -> bool:
        """True if another connection owns the record, or is its declared owner and deleted it."""
        if self._stream.connection in {current.provenance.connection, self._owners.record}:
            return False
        if current.deleted:
            return self._owners.record is not None
        return not self._owners.takes_over(self._stream.connection, current.provenance.connection)

    def _is_vanished(self, current: CurrentVersion) -> bool:
        """True if the owner of a live record is gone from the configuration."""
        owner = current.provenance.connection
        return owner != self._stream.connection and not current.deleted and self._owners.is_vanished(owner)

    def _take_over(self, key: str, current: CurrentVersion) -> None:
        """Keep what the former owner of a record says as its claim; a connection that was removed says nothing."""
        if current.provenance.connection not in self._owners.senders.released:
            self._add_owner_claim(key, current)

    def _plan_claim(self, incoming: IncomingRecord, current: CurrentVersion) -> None:
        """Add a non-owner's record as a claim; fields that this connection owns go into the record."""
        key = incoming.record.key
        self.plan.not_owned += 1
        self._add_claim(incoming)
        if not self._own_fields or current.deleted:
            return
        claimed, before = json.loads(incoming.record.document), json.loads(current.document)
        own = {name: claimed[name] for name in self._own_fields}
        record = merge_fields(self._stream.record_type, key, before, own)
        if not same_document(record.document, current.document):
            if current.provenance.connection not in self._claims.get(key, {}):
                self._add_owner_claim(key, current)
            self._add_version(record, current.version + 1, "update", current.provenance)

    def _add_owner_claim(self, key: str, current: CurrentVersion) -> None:
        """Add the owner's document as a claim, before another connection's values go into the record."""
        provenance = current.provenance
        self.plan.claims.append(
            Claim(
                record_type=self._stream.record_type,
                connection=provenance.connection,
                source_key=provenance.source_key,
                agency=provenance.agency,
                partition=provenance.partition,
                record_key=key,
                item_hash=provenance.item_hash,
                source_time=provenance.source_time,
                document=str(current.document, "utf-8"),
            )
        )
        self._claims.setdefault(key, {})[provenance.connection] = json.loads(current.document)

    def _plan_version(
        self, incoming: IncomingRecord, version: int, operation: str, current: CurrentVersion | None = None
    ) -> None:
        """Plan the next version; without a change of content only the provenance, if that changed."""
        if current is not None and not same_document(current.document, incoming.record.document):
            self.plan.replaced.append((current.document, incoming.record.document))
            if values := kept_values(incoming, current.document, self.kept_fields):
                own = incoming.record
                incoming.record = merge_fields(self._stream.record_type, own.key, json.loads(own.document), values)
        if current is not None and self._stream.record_type in JUDGED_TYPES:
            settle_status(incoming, current.document, current.provenance.notes)
        record = self._overlay_owned_fields(incoming)
        provenance = Provenance(
            connection=self._stream.connection,
            agency=self._stream.agency,
            partition=self._stream.partition,
            source_key=incoming.source_key,
            source_time=incoming.source_time,
            item_hash=incoming.item_hash,
            notes=incoming.notes,
        )
        if current is None or not same_document(current.document, record.document):
            self._add_version(record, version, operation, provenance)
            return
        self.plan.unchanged += 1
        if current.provenance != provenance:
            self.plan.provenance_only[record.key] = incoming
            self._current[record.key] = CurrentVersion(provenance, current.version, current.document, deleted=False)

    def _overlay_owned_fields(self, incoming: IncomingRecord) -> SerializedRecord:
        """Return an incoming record with the values of fields that other connections own, as far as they sent any."""
        own = incoming.record
        overlay = owned_field_values(self._owners, self._stream.connection, self._claims.get(own.key, {}))
        if not overlay:
            return own
        self._add_claim(incoming)
        return merge_fields(self._stream.record_type, own.key, json.loads(own.document), overlay)

    def _add_claim(self, incoming: IncomingRecord) -> None:
        """Add the record as a claim of this connection."""
        self.plan.disputed_keys.add(incoming.record.key)
        self.plan.claims.append(
            Claim(
                record_type=self._stream.record_type,
                connection=self._stream.connection,
                source_key=incoming.source_key,
                agency=self._stream.agency,
                partition=self._stream.partition,
                record_key=incoming.record.key,
                item_hash=incoming.item_hash,
                source_time=claimed_time(incoming, self._asked_at),
                document=str(incoming.record.document, "utf-8"),
            )
        )

    def _add_version(self, record: SerializedRecord, version: int, operation: str, provenance: Provenance) -> None:
        next_version = NewVersion(
            record=record,
            version=version,
            operation=operation,
            provenance=provenance,
            caused_by=self._stream.connection,
        )
        self.plan.versions.append(next_version)
        self.plan.provenance_only.pop(record.key, None)
        if version > 1:
            self.plan.disputed_keys.add(record.key)
        self._current[record.key] = CurrentVersion(provenance, version, record.document, deleted=False)


def owned_field_values(owners: Owners, record_owner: str, claims: Mapping[str, Document]) -> Document:
    """Return the claimed values of those fields that other connections own than the record's own (`record_owner`)."""
    return {
        name: claims[owner][name]
        for name, owner in owners.fields.items()
        if owner != record_owner and name in claims.get(owner, ())  # a claim of an older version lacks newer fields
    }


def merge_fields(record_type: str, key: str, document: Document, overlay: Document) -> SerializedRecord:
    """Return the owner's record with the values of `overlay`, unless they would change its key."""
    record_class = RECORD_TYPES[record_type]
    record = serialize(from_document(record_class, {**document, **overlay}))
    return record if record.key == key else serialize(from_document(record_class, document))


def _current_versions(connection: Connection, stream: Stream, keys: Sequence[str]) -> dict[str, CurrentVersion]:
    table = record_table(stream.record_type)
    current: dict[str, CurrentVersion] = {}
    for row in select_in(connection, _current_query(stream.record_type), table.c.record_key, keys):
        key, version, deleted_at, document, *values = row
        provenance = Provenance(**dict(zip(PROVENANCE_FIELDS, values, strict=True)))
        current[key] = CurrentVersion(provenance, version, document.encode(), deleted_at is not None)
    return current


@cache
def _current_query(record_type: str) -> RowQuery:
    table = record_table(record_type)
    provenance = [table.c[name] for name in PROVENANCE_FIELDS]
    columns = select(table.c.record_key, table.c.version, table.c.deleted_at, change.c.document, *provenance)
    return columns.join(change, change.c.sequence == table.c.sequence)
