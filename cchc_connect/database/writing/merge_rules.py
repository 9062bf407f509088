"""Resolves ownership and key conflicts of a page before anything is written."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import msgspec
from sqlalchemy import Connection, select

from cchc_connect.database.bulk import Rows, rows_among
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import change
from cchc_connect.database.writing.claims import Document, Voice, voices_of
from cchc_connect.database.writing.incoming import Arrival, Occasion, StoredRecord, stored
from cchc_connect.database.writing.ownership import Owners
from cchc_connect.database.writing.quarantine import KEY_TAKEN, FaultyItem
from cchc_schemas import RECORD_TYPES, from_document


class Origin(msgspec.Struct, kw_only=True, gc=False):
    """Provenance of a version: the columns `PROVENANCE` of a record table."""

    connection: str
    agency: str
    partition: str
    source_key: str
    source_time: str | None
    item_hash: bytes
    notes: str | None


class Version(msgspec.Struct, kw_only=True, gc=False):
    """One version to be written."""

    record: StoredRecord
    version: int
    operation: str
    origin: Origin
    brought_by: str
    """Connection whose item caused the version; another than the owner's where it owns a field only."""


@dataclass(slots=True)
class Decisions:
    """All that a page changes."""

    versions: list[Version] = field(default_factory=list[Version])
    touched: list[Arrival] = field(default_factory=list[Arrival])
    """Items whose record has the same content, but whose form, change time or partition differs."""
    unchanged: int = 0
    """Items whose record and provenance are the same."""
    voices: list[Voice] = field(default_factory=list[Voice])
    conflicts: list[FaultyItem] = field(default_factory=list[FaultyItem])
    """Items whose record key another item of the same source has."""
    foreign: int = 0
    """Items of records that another connection owns."""
    contested: set[str] = field(default_factory=set[str])
    """Keys of records that may have a claim which differs."""
    now_called: dict[str, str] = field(default_factory=dict[str, str])
    """Record key of every item of the page, by source key."""


class _Standing(msgspec.Struct, gc=False):
    """Current version of a record in the database."""

    origin: Origin
    version: int
    document: bytes
    deleted: bool

    def __repr__(self) -> str:
        """Show no values: documents hold personal data."""
        return f"<version {self.version}, {len(self.document)} bytes>"


def decide(connection: Connection, stream: Stream, arrivals: Sequence[Arrival], occasion: Occasion) -> Decisions:
    """Return what a page changes; its arrivals are resolved in their order."""
    keys = [arrival.record.key for arrival in arrivals]
    current = _current_versions(connection, stream, keys)
    claims = voices_of(connection, stream.record_type, keys) if occasion.owners.fields else {}
    judge = _Judge(stream, occasion.owners, current, claims)
    for arrival in arrivals:
        judge.take(arrival)
    return judge.decisions


class _Judge:
    """Resolves arrival by arrival; later ones see the results of earlier ones."""

    def __init__(
        self,
        stream: Stream,
        owners: Owners,
        current: dict[str, _Standing],
        claims: dict[str, dict[str, Document]],
    ) -> None:
        self._stream = stream
        self._owners = owners
        self._current = current
        self._claims = claims
        self._own_fields = owners.owned_by(stream.connection)
        self.decisions = Decisions()

    def take(self, arrival: Arrival) -> None:
        """Resolve one arrival."""
        key = arrival.record.key
        current = self._current.get(key)
        self.decisions.now_called[arrival.source_key] = key
        if current is None:
            self._write(arrival, 1, "insert")
        elif self._is_not_owned(current):
            self._hear(arrival, current)
        elif current.deleted:
            self._write(arrival, current.version + 1, "restore")
        elif current.origin.connection != self._stream.connection:
            self._keep_word(key, current)  # its declared owner takes the record over
            self._write(arrival, current.version + 1, "update")
        elif current.origin.source_key != arrival.source_key:
            conflict = FaultyItem(
                source_key=arrival.source_key, item_hash=arrival.item_hash, item=arrival.item, faults=(KEY_TAKEN,)
            )
            self.decisions.conflicts.append(conflict)
        else:
            self._write(arrival, current.version + 1, "update", current)

    def _is_not_owned(self, current: _Standing) -> bool:
        """True if another connection owns the record, or is its declared owner and deleted it."""
        if self._stream.connection in {current.origin.connection, self._owners.record}:
            return False
        return not current.deleted or self._owners.record is not None

    def _hear(self, arrival: Arrival, current: _Standing) -> None:
        """Store a non-owner's arrival as a claim; fields that this connection owns go into the record."""
        key = arrival.record.key
        self.decisions.foreign += 1
        self._speak(arrival)
        if not self._own_fields or current.deleted:
            return
        claimed, before = json.loads(arrival.record.document), json.loads(current.document)
        own = {name: claimed[name] for name in self._own_fields}
        record = put_together(self._stream.record_type, key, before, own)
        if not is_same(record.document, current.document):
            if current.origin.connection not in self._claims.get(key, {}):
                self._keep_word(key, current)
            self._add(record, current.version + 1, "update", current.origin)

    def _keep_word(self, key: str, current: _Standing) -> None:
        """Store the owner's document as a claim, before another connection's values go into the record."""
        origin = current.origin
        self.decisions.voices.append(
            Voice(
                record_type=self._stream.record_type,
                connection=origin.connection,
                source_key=origin.source_key,
                agency=origin.agency,
                partition=origin.partition,
                record_key=key,
                item_hash=origin.item_hash,
                source_time=origin.source_time,
                document=str(current.document, "utf-8"),
            )
        )
        self._claims.setdefault(key, {})[origin.connection] = json.loads(current.document)

    def _write(self, arrival: Arrival, version: int, operation: str, current: _Standing | None = None) -> None:
        """Add the next version; without a change of content only the provenance, if that changed."""
        record = self._with_others_fields(arrival)
        origin = Origin(
            connection=self._stream.connection,
            agency=self._stream.agency,
            partition=self._stream.partition,
            source_key=arrival.source_key,
            source_time=arrival.source_time,
            item_hash=arrival.item_hash,
            notes=arrival.notes,
        )
        if current is None or not is_same(current.document, record.document):
            self._add(record, version, operation, origin)
        elif current.origin == origin:
            self.decisions.unchanged += 1
        else:
            self.decisions.touched.append(arrival)

    def _with_others_fields(self, arrival: Arrival) -> StoredRecord:
        """Return an arrival's record with the values of fields that other connections own, as far as they sent any."""
        own = arrival.record
        overlay = others_fields(self._owners, self._stream.connection, self._claims.get(own.key, {}))
        if not overlay:
            return own
        self._speak(arrival)
        return put_together(self._stream.record_type, own.key, json.loads(own.document), overlay)

    def _speak(self, arrival: Arrival) -> None:
        self.decisions.contested.add(arrival.record.key)
        self.decisions.voices.append(
            Voice(
                record_type=self._stream.record_type,
                connection=self._stream.connection,
                source_key=arrival.source_key,
                agency=self._stream.agency,
                partition=self._stream.partition,
                record_key=arrival.record.key,
                item_hash=arrival.item_hash,
                source_time=arrival.source_time,
                document=str(arrival.record.document, "utf-8"),
            )
        )

    def _add(self, record: StoredRecord, version: int, operation: str, origin: Origin) -> None:
        next_version = Version(
            record=record,
            version=version,
            operation=operation,
            origin=origin,
            brought_by=self._stream.connection,
        )
        self.decisions.versions.append(next_version)
        if version > 1:
            self.decisions.contested.add(record.key)
        self._current[record.key] = _Standing(origin, version, record.document, deleted=False)


def given_back(connection: Connection, stream: Stream, keys: Collection[str], owners: Owners) -> list[Version]:
    """Return new versions of records whose contributed fields the stream no longer supplies.

    Such a field gets the value of the record's owner again.
    """
    claims, versions = voices_of(connection, stream.record_type, keys), list[Version]()
    for key, current in _current_versions(connection, stream, sorted(keys)).items():
        owner = current.origin.connection
        own = claims.get(key, {}).get(owner)  # stored before another connection's value went into the record
        if current.deleted or own is None:
            continue
        record = put_together(stream.record_type, key, own, others_fields(owners, owner, claims[key]))
        if not is_same(record.document, current.document):
            versions.append(
                Version(
                    record=record,
                    version=current.version + 1,
                    operation="update",
                    origin=current.origin,
                    brought_by=stream.connection,
                )
            )
    return versions


def others_fields(owners: Owners, holder: str, claims: Mapping[str, Document]) -> Document:
    """Return the claimed values of those fields that other connections own than the record's owner `holder`."""
    return {name: claims[owner][name] for name, owner in owners.fields.items() if owner != holder and owner in claims}


def put_together(record_type: str, key: str, own: Document, overlay: Document) -> StoredRecord:
    """Return the owner's record with the values of `overlay`, unless they would change its key."""
    kind = RECORD_TYPES[record_type]
    record = stored(from_document(kind, {**own, **overlay}))
    return record if record.key == key else stored(from_document(kind, own))


def _current_versions(connection: Connection, stream: Stream, keys: Sequence[str]) -> dict[str, _Standing]:
    table = record_table(stream.record_type)
    current: dict[str, _Standing] = {}
    for row in rows_among(connection, _current_rows(stream.record_type), table.c.record_key, keys):
        key, version, deleted_at, document, *provenance = row
        origin = Origin(**dict(zip(_ORIGIN_COLUMNS, provenance, strict=True)))
        current[key] = _Standing(origin, version, document.encode(), deleted_at is not None)
    return current


@cache
def _current_rows(record_type: str) -> Rows:
    table = record_table(record_type)
    origin = [table.c[name] for name in _ORIGIN_COLUMNS]
    columns = select(table.c.record_key, table.c.version, table.c.deleted_at, change.c.document, *origin)
    return columns.join(change, change.c.sequence == table.c.sequence)


def is_same(first: bytes, second: bytes) -> bool:
    """True if two documents have the same content; an older program may have formatted it differently."""
    return first == second or json.loads(first) == json.loads(second)


_ORIGIN_COLUMNS = Origin.__struct_fields__
