"""What a page comes to before anything is written: which versions, whose word counts, what contradicts."""

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
from cchc_connect.database.writing.incoming import Arrival, Occasion
from cchc_connect.database.writing.ownership import Owners
from cchc_connect.database.writing.quarantine import KEY_TAKEN, FaultyItem
from cchc_connect.database.writing.stored import StoredRecord, stored
from cchc_schemas import RECORD_TYPES, from_document


class Origin(msgspec.Struct, kw_only=True, gc=False):
    """Where a version came from."""

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
    """The connection whose word makes the version."""


@dataclass(slots=True)
class Decisions:
    """What a page comes to."""

    versions: list[Version] = field(default_factory=list[Version])
    touched: list[Arrival] = field(default_factory=list[Arrival])
    """Content as before, in another form, of another date or in another partition."""
    unchanged: int = 0
    voices: list[Voice] = field(default_factory=list[Voice])
    conflicts: list[FaultyItem] = field(default_factory=list[FaultyItem])
    foreign: int = 0
    contested: set[str] = field(default_factory=set[str])
    """Keys of records of which somebody else may have said something else."""
    now_called: dict[str, str] = field(default_factory=dict[str, str])
    """Record key of every item that was read, by source key."""


class _Standing(msgspec.Struct, gc=False):
    """What the database holds of a record."""

    origin: Origin
    version: int
    document: bytes
    deleted: bool

    def __repr__(self) -> str:
        """Show no value: documents hold personal ones."""
        return f"<version {self.version}, {len(self.document)} bytes>"


def decide(connection: Connection, stream: Stream, arrivals: Sequence[Arrival], occasion: Occasion) -> Decisions:
    """Decide what becomes of each arrival, in their order."""
    keys = [arrival.record.key for arrival in arrivals]
    standing = _standing(connection, stream, keys)
    said = voices_of(connection, stream.record_type, keys) if occasion.owners.fields else {}
    judge = _Judge(stream, occasion.owners, standing, said)
    for arrival in arrivals:
        judge.take(arrival)
    return judge.decisions


class _Judge:
    """Decides arrival by arrival, each knowing what came of those before it."""

    def __init__(
        self,
        stream: Stream,
        owners: Owners,
        standing: dict[str, _Standing],
        said: dict[str, dict[str, Document]],
    ) -> None:
        self._stream = stream
        self._owners = owners
        self._standing = standing
        self._said = said
        self._own_fields = owners.owned_by(stream.connection)
        self.decisions = Decisions()

    def take(self, arrival: Arrival) -> None:
        """Decide what becomes of one arrival."""
        key = arrival.record.key
        known = self._standing.get(key)
        self.decisions.now_called[arrival.source_key] = key
        if known is None:
            self._write(arrival, 1, "insert")
        elif self._is_anothers(known):
            self._hear(arrival, known)
        elif known.deleted:
            self._write(arrival, known.version + 1, "restore")
        elif known.origin.connection != self._stream.connection:
            self._keep_word(key, known)  # now that its declared owner takes the record over
            self._write(arrival, known.version + 1, "update")
        elif known.origin.source_key != arrival.source_key:
            taken = FaultyItem(
                source_key=arrival.source_key, item_hash=arrival.item_hash, item=arrival.item, faults=(KEY_TAKEN,)
            )
            self.decisions.conflicts.append(taken)
        else:
            self._write(arrival, known.version + 1, "update", known)

    def _is_anothers(self, known: _Standing) -> bool:
        """Say whether another connection holds the record, or is the declared owner who says that it is gone."""
        if self._stream.connection in {known.origin.connection, self._owners.record}:
            return False
        return not known.deleted or self._owners.record is not None

    def _hear(self, arrival: Arrival, known: _Standing) -> None:
        """Keep what is said of another's record; fields that are this connection's own go into it."""
        key = arrival.record.key
        self.decisions.foreign += 1
        self._speak(arrival)
        if not self._own_fields or known.deleted:
            return
        said, before = json.loads(arrival.record.document), json.loads(known.document)
        own = {name: said[name] for name in self._own_fields}
        record = put_together(self._stream.record_type, key, before, own)
        if not is_same(record.document, known.document):
            if known.origin.connection not in self._said.get(key, {}):
                self._keep_word(key, known)
            self._add(record, known.version + 1, "update", known.origin)

    def _keep_word(self, key: str, known: _Standing) -> None:
        """Keep what the holder of a record said of it, before another's word stands in it."""
        held = known.origin
        self.decisions.voices.append(
            Voice(
                record_type=self._stream.record_type,
                connection=held.connection,
                source_key=held.source_key,
                agency=held.agency,
                partition=held.partition,
                record_key=key,
                item_hash=held.item_hash,
                source_time=held.source_time,
                document=str(known.document, "utf-8"),
            )
        )
        self._said.setdefault(key, {})[held.connection] = json.loads(known.document)

    def _write(self, arrival: Arrival, version: int, operation: str, known: _Standing | None = None) -> None:
        """Write the next version, or note that it is as it was."""
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
        if known is None or not is_same(known.document, record.document):
            self._add(record, version, operation, origin)
        elif known.origin == origin:
            self.decisions.unchanged += 1
        else:
            self.decisions.touched.append(arrival)

    def _with_others_fields(self, arrival: Arrival) -> StoredRecord:
        """Return an arrival as a record in which each field is its owner's word, as far as the owner spoke."""
        own = arrival.record
        others = others_fields(self._owners, self._stream.connection, self._said.get(own.key, {}))
        if not others:
            return own
        self._speak(arrival)
        return put_together(self._stream.record_type, own.key, json.loads(own.document), others)

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
        written = Version(
            record=record,
            version=version,
            operation=operation,
            origin=origin,
            brought_by=self._stream.connection,
        )
        self.decisions.versions.append(written)
        if version > 1:
            self.decisions.contested.add(record.key)
        self._standing[record.key] = _Standing(origin, version, record.document, deleted=False)


def given_back(connection: Connection, stream: Stream, keys: Collection[str], owners: Owners) -> list[Version]:
    """Return the next versions of records of which a stream says no more what stood in them.

    Such a field goes back to what the record's holder says of it.
    """
    said, versions = voices_of(connection, stream.record_type, keys), list[Version]()
    for key, known in _standing(connection, stream, sorted(keys)).items():
        holder = known.origin.connection
        own = said.get(key, {}).get(holder)  # nobody else's word ever went into a record without it
        if known.deleted or own is None:
            continue
        record = put_together(stream.record_type, key, own, others_fields(owners, holder, said[key]))
        if not is_same(record.document, known.document):
            versions.append(
                Version(
                    record=record,
                    version=known.version + 1,
                    operation="update",
                    origin=known.origin,
                    brought_by=stream.connection,
                )
            )
    return versions


def others_fields(owners: Owners, holder: str, said: Mapping[str, Document]) -> Document:
    """Return the fields of a record that are others' than its holder's, as far as their owners spoke of it."""
    return {name: said[owner][name] for name, owner in owners.fields.items() if owner != holder and owner in said}


def put_together(record_type: str, key: str, own: Document, others: Document) -> StoredRecord:
    """Return a record with others' fields in it; a part of its key is its holder's, whatever is declared."""
    kind = RECORD_TYPES[record_type]
    record = stored(from_document(kind, {**own, **others}))
    return record if record.key == key else stored(from_document(kind, own))


def _standing(connection: Connection, stream: Stream, keys: Sequence[str]) -> dict[str, _Standing]:
    table = record_table(stream.record_type)
    found: dict[str, _Standing] = {}
    for row in rows_among(connection, _standing_rows(stream.record_type), table.c.record_key, keys):
        key, version, deleted_at, document, *came = row
        origin = Origin(**dict(zip(_ORIGIN, came, strict=True)))
        found[key] = _Standing(origin, version, document.encode(), deleted_at is not None)
    return found


@cache
def _standing_rows(record_type: str) -> Rows:
    table = record_table(record_type)
    origin = [table.c[name] for name in _ORIGIN]
    columns = select(table.c.record_key, table.c.version, table.c.deleted_at, change.c.document, *origin)
    return columns.join(change, change.c.sequence == table.c.sequence)


def is_same(one: bytes, other: bytes) -> bool:
    """Say whether two documents say the same; an older program may have spelt it otherwise."""
    return one == other or json.loads(one) == json.loads(other)


_ORIGIN = Origin.__struct_fields__
