"""Plans the writes of a page: resolves ownership and key conflicts before anything is written."""

import json
from collections import Counter
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import msgspec
from sqlalchemy import Connection, select

from cchc_connect.database.bulk import RowQuery, select_in
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import change
from cchc_connect.database.writing.claims import Claim, Document, claims_for
from cchc_connect.database.writing.incoming import (
    CONTENT_KEY,
    IncomingRecord,
    PageBatch,
    SerializedRecord,
    WriteContext,
    serialize,
)
from cchc_connect.database.writing.kept_fields import kept_values, same_document
from cchc_connect.database.writing.ownership import Owners
from cchc_connect.database.writing.quarantine import KEY_TAKEN, FaultyItem
from cchc_connect.database.writing.version_order import (
    StoredItem,
    VersionOrder,
    claimed_items,
    claimed_time,
    stored_items,
)
from cchc_schemas import RECORD_TYPES, from_document


class Provenance(msgspec.Struct, kw_only=True, gc=False):
    """Provenance of a version: the columns `PROVENANCE_COLUMNS` of a record table."""

    connection: str
    agency: str
    partition: str
    source_key: str
    source_time: str | None
    item_hash: bytes
    notes: str | None


_PROVENANCE_FIELDS = Provenance.__struct_fields__


class NewVersion(msgspec.Struct, kw_only=True, gc=False):
    """One version to be written."""

    record: SerializedRecord
    version: int
    operation: str
    provenance: Provenance
    caused_by: str
    """Connection whose item caused the version; another than the owner's where it owns a field only."""


@dataclass(slots=True)
class WritePlan:
    """All that a page changes."""

    versions: list[NewVersion] = field(default_factory=list[NewVersion])
    provenance_only: list[IncomingRecord] = field(default_factory=list[IncomingRecord])
    """Items whose record has the same content, but whose form, change time or partition differs."""
    unchanged: int = 0
    """Items whose record and provenance are the same."""
    claims: list[Claim] = field(default_factory=list[Claim])
    key_conflicts: list[FaultyItem] = field(default_factory=list[FaultyItem])
    """Items whose record key another item of the same source has."""
    not_owned: int = 0
    """Items of records that another connection owns."""
    disputed_keys: set[str] = field(default_factory=set[str])
    """Keys of records that may have a claim which differs."""
    record_keys: dict[str, str] = field(default_factory=dict[str, str])
    """Record key of every item of the page that is not outdated, by source key."""
    vanished: Counter[str] = field(default_factory=Counter[str])
    """Connections that are gone from the configuration -> number of records of the page that they own."""
    stored: Sequence[StoredItem] = ()
    """What was stored of the items before the page."""
    outdated: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Source key -> hash of the items whose version is older than the stored one; it is not written."""
    went_back: int = 0
    """Items whose version is written although it is older than the stored one."""
    replaced: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    """Stored and new document of each record of the source whose content an item changes."""
    moved_on: set[str] = field(default_factory=set[str])
    """Source keys of items that show a record which another item of the source was before."""


class CurrentVersion(msgspec.Struct, gc=False):
    """Current version of a record in the database."""

    provenance: Provenance
    version: int
    document: bytes
    deleted: bool

    def __repr__(self) -> str:
        """Show no values: documents hold personal data."""
        return f"<version {self.version}, {len(self.document)} bytes>"


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


class KeyHolders:
    """Says whether the item that a record came from still is that record, so that another item may be it now.

    Some sources name items by what is no identity: row numbers move on when a row is deleted. An item that shows
    another record now, or that is gone, gives its former record free. Two items that show one record are a conflict.
    """

    def __init__(self, stream: Stream, page: PageBatch, stored: Sequence[StoredItem]) -> None:
        self._stream = stream
        self._is_gone = page.is_gone
        self._page_keys = {incoming.source_key: incoming.record.key for incoming in page.records}
        self._source_keys = {record_key: source_key for source_key, record_key in self._page_keys.items()}
        self._former_keys = {item.source_key: item.record_key for item in stored if item.is_live}

    def gives_free(self, key: str, provenance: Provenance) -> bool:
        """True if the item with the source key of `provenance` is no longer the record with `key`."""
        holder = provenance.source_key
        if holder.startswith(CONTENT_KEY) or self._page_keys.get(holder, key) != key:
            return True
        return self._is_gone is not None and provenance.partition == self._stream.partition and self._is_gone(holder)

    def has_moved_on(self, incoming: IncomingRecord, version: CurrentVersion | None) -> bool:
        """True if the source key of an item named another record before, so that its times do not compare.

        That record is another item of the page now, or the item shows a record that another item was.
        """
        source_key, key = incoming.source_key, incoming.record.key
        former_key = self._former_keys.get(source_key, key)
        if former_key == key:
            return False
        if self._source_keys.get(former_key, source_key) != source_key:
            return True
        if version is None or version.provenance.connection != self._stream.connection:
            return False
        return version.provenance.source_key != source_key and self.gives_free(key, version.provenance)


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
                source_key=incoming.source_key, item_hash=incoming.item_hash, item=incoming.item, faults=(KEY_TAKEN,)
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
        elif current.provenance == provenance:
            self.plan.unchanged += 1
        else:
            self.plan.provenance_only.append(incoming)

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
        if version > 1:
            self.plan.disputed_keys.add(record.key)
        self._current[record.key] = CurrentVersion(provenance, version, record.document, deleted=False)


def owned_field_values(owners: Owners, record_owner: str, claims: Mapping[str, Document]) -> Document:
    """Return the claimed values of those fields that other connections own than the record's own (`record_owner`)."""
    return {
        name: claims[owner][name] for name, owner in owners.fields.items() if owner != record_owner and owner in claims
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
        provenance = Provenance(**dict(zip(_PROVENANCE_FIELDS, values, strict=True)))
        current[key] = CurrentVersion(provenance, version, document.encode(), deleted_at is not None)
    return current


@cache
def _current_query(record_type: str) -> RowQuery:
    table = record_table(record_type)
    provenance = [table.c[name] for name in _PROVENANCE_FIELDS]
    columns = select(table.c.record_key, table.c.version, table.c.deleted_at, change.c.document, *provenance)
    return columns.join(change, change.c.sequence == table.c.sequence)
