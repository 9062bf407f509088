"""Translates wire items into serialized records, or into all faults that make an item invalid.

The result depends on the item alone, so the translation may run in another process (`worker_process`).
"""

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from cchc_connect.adapter import ListsDrafts, Source, VersionedSource
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.quality import DEFAULT_QUALITY, QualityTable
from cchc_connect.database.writing.incoming import SerializedRecord, serialize
from cchc_connect.database.writing.relations import states_lineage
from cchc_connect.geometry import BoundedSource, GeometryNotes
from cchc_connect.privacy.adapter_failure import (
    AdapterFailure,
    ContractBroken,
    adapter_failure,
    engine_failure,
    require_type,
)
from cchc_connect.privacy.redaction import logged_traceback, redact
from cchc_connect.privacy.secrets import MASK
from cchc_connect.sync.property_watch import PropertyWatch, SeenItems
from cchc_connect.wire.codecs import Unreadable
from cchc_connect.wire.compiled_models import WireModels
from cchc_connect.wire.field_map import At, FieldMap, MappedItem
from cchc_connect.wire.json import Item, RawItem
from cchc_connect.wire.property_names import path_text
from cchc_schemas import Fault, Reading, Record, RecordInvalid
from cchc_schemas.geometry import LocatedRecord

log = logging.getLogger("cchc_connect.sync")

TRANSLATION_FAILED = Fault(path="", rule="translation_failed")
"""The adapter raised an exception for the item."""

ENGINE_FAILED = Fault(path="", rule="engine_failed")
"""The engine itself raised an exception for the item; the adapter is not at fault."""

JSON_UNREADABLE = Fault(path="", rule="json_unreadable")
"""The item is not strict JSON: an object has a key twice, for instance, or a number is NaN."""

NOT_UNICODE = Fault(path="", rule="text_not_unicode")
"""The item contains half of a surrogate pair, which no database and no receiver can store."""

UNICODE_ESCAPE = b"\\u"
"""Start of a JSON escape, without which raw UTF-8 cannot contain half of a surrogate pair."""

COMPILE_THRESHOLD = 200
"""Items translated before a wire model is compiled: compiling takes as long as translating so many without it."""

TRANSLATION_BATCH_SIZE = 50
"""Items that take each step together."""

MAX_LOGGED_FAILURES = 100
"""Different failures whose tracebacks are logged; an adapter that fails in more ways is understood by then."""

NO_FIELD_MAP: FieldMap = MappingProxyType({})
"""The field map of values that the adapter's own code made."""

MAX_KEY_LENGTH = 1000
"""Maximum length of a key in characters; an item with a longer key, which no index can hold, is identified by hash."""


_CODE = re.compile(r"[A-Za-z0-9_.:/#-]+")


class TranslatedItem(msgspec.Struct):
    """Result of translating one item: a record, or faults."""

    key: str = ""
    """Source key of the item; "" if it has none that can be stored."""
    source_time: str | None = None
    """When the source last changed the item, UTC, as stored; None if the source does not say."""
    time_shape: str | None = None
    """Shape of a change time that cannot be read; None if it can be read, or there is none."""
    is_former: bool = False
    """Whether it is a former version of an item, which is no record."""
    record: SerializedRecord | None = None
    """The serialized record; None if there are faults."""
    notes: str | None = None
    """Quality notes on the record, a JSON array of [path, rule]; None if there are none."""
    left_out: list[str] = msgspec.field(default_factory=list[str])
    """Each value that was left out as it cannot be read: path without indexes, and rule ("address: text_empty")."""
    faults: tuple[Fault, ...] = ()
    """All faults of the item."""
    is_draft: bool = False
    """Whether the item is no record yet; then it has neither record nor faults."""
    missing: tuple[str, ...] = ()
    """Fields of the record whose property the item does not have at all."""
    seen: SeenItems | None = None
    """What the items translated together had of each property; of the first of them only."""


class Translator(Protocol):
    """Translates items, at once or in the background."""

    def translate(self, items: Sequence[Item]) -> Future[list[TranslatedItem]]:
        """Return a future of the results, one for each item, in their order."""
        ...


@dataclass(slots=True)
class _PendingItem:
    """One item between two steps of its translation."""

    item: Item = field(repr=False)
    result: TranslatedItem
    value: Any = field(default=None, repr=False)
    """Output of the last step: the item's properties, then the record's fields, then the reading of the record."""


class LocalTranslator:
    """Translates the items of one source in the calling thread.

    Steps: parse, identify, map fields (the adapter's `Source.translate`), validate, serialize.

    A batch of items takes each step together. That is a third faster than one item after the other, because a step
    then runs many times in a row.
    """

    def __init__(self, source: Source, quality: QualityTable = DEFAULT_QUALITY) -> None:
        """Create the translator of `source`; `quality` says which notes are faults."""
        self._source = source
        self._strict, self._rejected = quality.strict, quality.rejected
        self._is_current = source.is_current if isinstance(source, VersionedSource) else None
        self._is_draft = source.is_draft if isinstance(source, ListsDrafts) else None
        self._models = WireModels(source.record_type)
        self._geometry_notes = (
            GeometryNotes(source.extent if isinstance(source, BoundedSource) else None)
            if issubclass(source.record_type, LocatedRecord)
            else None
        )
        self._mapped_count = 0
        self._watch = PropertyWatch()
        self._called: Callable[..., object] | None = None
        """The adapter's function that is being called, for the place of a call that fails as such."""
        self._logged_failures: set[AdapterFailure] = set()
        """Failures whose traceback was logged; the next items with the same failure get a line without it."""

    def translate(self, items: Sequence[Item]) -> Future[list[TranslatedItem]]:
        """Return a completed future of `translate_all(items)`."""
        return _completed(lambda: self.translate_all(items))

    def translate_all(self, items: Sequence[Item]) -> list[TranslatedItem]:
        """Return the results, one for each item, in their order. Exceptions of the adapter become faults."""
        results: list[TranslatedItem] = []
        for start in range(0, len(items), TRANSLATION_BATCH_SIZE):
            batch = [_PendingItem(item, TranslatedItem()) for item in items[start : start + TRANSLATION_BATCH_SIZE]]
            for step in (self._parse, self._identify, self._map_fields, self._validate):
                self._apply(step, batch)
            self._note_geometries(batch)
            for step in (self._judge, self._serialize):
                self._apply(step, batch)
            results += [pending.result for pending in batch]
        if results:
            results[0].seen = self._watch.take()
        return results

    def _apply(self, step: Callable[[_PendingItem], object], batch: Sequence[_PendingItem]) -> None:
        """Apply a step to every item without a fault; an exception becomes a fault of its item alone."""
        for pending in batch:
            if pending.result.faults or pending.result.is_draft or pending.result.is_former:
                continue
            try:
                pending.value = step(pending)
            except RecordInvalid as error:
                pending.result.faults = error.faults
            except Exception as error:  # noqa: BLE001  # the per-record boundary: an adapter may fail on one item
                pending.result.faults = (self._failed(error, pending.result.key),)

    def _failed(self, error: Exception, key: str) -> Fault:
        """Return the fault of an item on which the adapter, or the engine itself, raised an exception."""
        failure, self._called = adapter_failure(error, self._called), None
        fault = ENGINE_FAILED if failure is None else TRANSLATION_FAILED
        failure = failure or engine_failure(error)
        trace = "" if failure in self._logged_failures else logged_traceback(log, error)
        if len(self._logged_failures) < MAX_LOGGED_FAILURES:
            self._logged_failures.add(failure)
        record_type = self._source.record_type.record_type
        log.warning("%s: item %s: translation failed: %s%s", record_type, display_key(key), failure, trace)
        return replace(fault, detail=str(failure))

    def _parse(self, pending: _PendingItem) -> object:
        """Return the item's properties; parse it first if it is still raw."""
        item = pending.item
        try:
            return item.read() if isinstance(item, RawItem) else item
        except ValueError:
            pending.result.faults = (JSON_UNREADABLE,)
            return None

    def _identify(self, pending: _PendingItem) -> object:
        """Set key and change time of the result; return the item's properties.

        Raises:
            ContractBroken: the adapter returned no key, or a change time without a UTC offset.
        """
        result, properties = pending.result, pending.value
        self._called = self._source.key
        result.key = self._key(properties)
        if self._is_current is not None:
            self._called = self._is_current
            is_current = self._is_current(properties)
            require_type("bool or None", bool | None, is_current)
            result.is_former = is_current is False
        self._called = self._source.changed_at
        changed_at = self._source.changed_at(properties)
        if isinstance(changed_at, datetime):
            if changed_at.tzinfo is None:
                raise ContractBroken("datetime with a UTC offset", changed_at)
            result.source_time = to_timestamp_text(changed_at)
        elif isinstance(changed_at, Unreadable):
            result.time_shape = changed_at.shape
        else:
            require_type("datetime, Unreadable or None", type(None), changed_at)
        if self._is_draft is not None:
            self._called = self._is_draft
            result.is_draft = self._is_draft(properties)
            require_type("bool", bool, result.is_draft)
        self._called = None
        if not _is_unicode(pending.item, properties):
            result.faults = (NOT_UNICODE,)
        return properties

    def _key(self, fields: Item) -> str:
        """Return the source key of the item; "" if it has none that can be stored."""
        key = self._source.key(fields)
        require_type("str", str, key)
        return key if is_storable_key(key) else ""

    def _map_fields(self, pending: _PendingItem) -> object:
        """Return the record's fields, as the adapter's `Source.translate` maps them.

        Raises:
            ContractBroken: the adapter returned no mapping.
        """
        self._called = self._source.translate
        fields = self._source.translate(pending.value)
        require_type("Mapping", Mapping, fields)
        self._called = None
        if isinstance(fields, MappedItem):
            pending.result.missing = self._watch.add_mapped(fields)
        else:
            self._watch.add_plain(pending.value, fields)
        return fields

    def _validate(self, pending: _PendingItem) -> object:
        """Return the validated record with its quality notes.

        Raises:
            RecordInvalid: the fields make no valid record.
        """
        return self._reading(pending.value)

    def _note_geometries(self, batch: Sequence[_PendingItem]) -> None:
        """Add the notes on geometries, which are examined together."""
        if self._geometry_notes is None:
            return
        valid = [pending for pending in batch if isinstance(pending.value, Reading) and not pending.result.faults]
        for number, notes in self._geometry_notes.notes([pending.value.record for pending in valid]).items():
            reading: Reading[Record] = valid[number].value
            valid[number].value = replace(reading, notes=(*reading.notes, *notes))

    def _judge(self, pending: _PendingItem) -> object:
        """Return the validated record; set its quality notes and what was left out of it.

        Raises:
            RecordInvalid: a note is a fault at this source.
        """
        reading: Reading[Record] = pending.value
        if not reading.notes:
            return reading
        if not self._rejected.isdisjoint(note.rule for note in reading.notes):
            raise RecordInvalid(self._source.record_type.record_type, self._faults(reading))
        pending.result.notes = json.dumps([[note.path, note.rule] for note in reading.notes])
        members = (f"{without_indexes(fault.path)}: {fault.rule}" for fault in reading.left_out)
        pending.result.left_out = list(dict.fromkeys(members))
        return reading

    def _faults(self, reading: Reading[Record]) -> tuple[Fault, ...]:
        """Return the notes that are faults at this source, with what is known of them."""
        details = {(fault.path, fault.rule): fault.detail for fault in reading.left_out}
        noted = [note for note in reading.notes if note.rule in self._rejected]
        return tuple(Fault(note.path, note.rule, details.get((note.path, note.rule), "")) for note in noted)

    def _reading(self, fields: Mapping[str, object]) -> Reading[Record]:
        """Read with the compiled wire model; where it is missing or refuses the item, with the record type itself."""
        if isinstance(fields, MappedItem):
            self._mapped_count += 1
            record = self._models.read(fields) if self._mapped_count > COMPILE_THRESHOLD else None
            if record is not None:
                return Reading(record, tuple(record.quality_notes()))
            return self._read(fields.read(), fields.fields)
        return self._read(fields, NO_FIELD_MAP)

    def _read(self, values: Mapping[str, object], fields: FieldMap) -> Reading[Record]:
        """Read with the record type itself; a fault of a missing value names the property that was read for it.

        Raises:
            RecordInvalid: the values make no valid record.
        """
        try:
            return self._source.record_type.read(values, strict=self._strict)
        except RecordInvalid as error:
            faults = tuple(_with_property(fault, fields) for fault in error.faults)
        raise RecordInvalid(self._source.record_type.record_type, faults)

    def _serialize(self, pending: _PendingItem) -> object:
        """Set the serialized record of the result."""
        reading: Reading[Record] = pending.value
        record = pending.result.record = serialize(reading.record)
        if reading.left_out and not states_lineage(reading):
            record.lineage = []
        return None


def without_indexes(path: str) -> str:
    """Return the path of a fault without the indexes of lists.

    >>> without_indexes("uses.0.area_m2")
    'uses.area_m2'
    """
    return ".".join(step for step in path.split(".") if not step.isdecimal())


def is_storable_key(key: str) -> bool:
    """True if every database can store `key`: at most 1,000 characters, no half of a surrogate pair, no NUL."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return len(key) <= MAX_KEY_LENGTH and "\0" not in key


def display_key(key: str) -> str:
    """Return a source key for a log line: numbers that may be a person's are masked, free text is not shown.

    >>> display_key("25747:45:123"), display_key("074087000001"), display_key("Nguyễn Thị Mẫu"), display_key("")
    ('25747:45:123', '***0001', '***', '-')
    """
    return redact(key) if _CODE.fullmatch(key) else MASK if key else "-"


def _with_property(fault: Fault, fields: FieldMap) -> Fault:
    """Return the fault with the properties of the source that its field was read from, if it is a missing value."""
    reader = fields.get(fault.path)
    if fault.rule != "missing" or not isinstance(reader, At):
        return fault
    return replace(fault, detail=", ".join(path_text(path) for path in reader.paths))


def _completed(work: Callable[[], list[TranslatedItem]]) -> Future[list[TranslatedItem]]:
    """Run `work` and return a completed future of its result; an exception of `work` is raised at once."""
    future: Future[list[TranslatedItem]] = Future()
    future.set_result(work())
    return future


def _is_unicode(item: Item, properties: Item) -> bool:
    """True if every text can be encoded as UTF-8, which holds for a raw item without escapes."""
    if isinstance(item, RawItem) and UNICODE_ESCAPE not in item.raw:
        return True
    try:
        json.dumps(properties, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
