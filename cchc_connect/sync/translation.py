"""From wire items to stored records: what an item is, or every fault that keeps it from being one.

It is a function of the item alone, so it may run in another process (`second_process`).
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

import msgspec

from cchc_connect.adapter import Item, Source
from cchc_connect.database.instants import stamp
from cchc_connect.database.stored import StoredRecord, stored
from cchc_connect.field_map import Mapped
from cchc_connect.wire_json import RawItem
from cchc_connect.wire_models import WireModels
from cchc_schemas import Fault, Note, Record, RecordInvalid

log = logging.getLogger("cchc_connect.sync")

TRANSLATION_FAILED = Fault(path="", rule="translation_failed")
"""The adapter itself failed on the item."""

JSON_UNREADABLE = Fault(path="", rule="json_unreadable")
"""The item is no strict JSON: it names a key twice, or holds a number that is none."""

NOT_TEXT = Fault(path="", rule="text_not_unicode")
"""Half of a surrogate pair stands in the item; no database and no receiver can hold that."""

ESCAPE = b"\\u"

WORTH_A_MODEL = 200
"""Items read before a wire model is made: making one takes as long as reading so many by the two steps."""

LONGEST_KEY = 1000
"""Characters; a longer key goes into no index, so such an item is called by its content."""


class ReadItem(msgspec.Struct):
    """What one item says."""

    key: str
    """Its own key at the source, "" where it has none that can be kept."""
    source_time: str | None
    """When the source says it changed the item, as stored."""
    record: StoredRecord | None
    """What it became; None where there are faults."""
    notes: str | None
    """What is odd about the record, as JSON."""
    faults: tuple[Fault, ...]


class Translator(Protocol):
    """Reads items, at once or behind the caller's back."""

    def read(self, items: Sequence[Item]) -> Future[list[ReadItem]]:
        """Return what each item says, in their order, when that is known."""
        ...


class Translation:
    """Reads the items of one source, at once."""

    def __init__(self, source: Source) -> None:
        """Prepare for one source."""
        self._source = source
        self._models = WireModels(source.record_type)
        self._read = 0

    def read(self, items: Sequence[Item]) -> Future[list[ReadItem]]:
        """Return what each item says, in their order."""
        return done(lambda: [self.read_one(item) for item in items])

    def read_one(self, item: Item) -> ReadItem:
        """Return what one item says."""
        try:
            fields = item.read() if isinstance(item, RawItem) else item
        except ValueError:
            return ReadItem(key="", source_time=None, record=None, notes=None, faults=(JSON_UNREADABLE,))
        key = self._key(fields)
        try:
            source_time = self._source_time(fields)
            if not _is_text(item, fields):
                return ReadItem(key=key, source_time=source_time, record=None, notes=None, faults=(NOT_TEXT,))
        except Exception as error:  # noqa: BLE001  # the per-record border: a stranger's adapter may fail on one item
            self._tell(error)
            return ReadItem(key=key, source_time=None, record=None, notes=None, faults=(TRANSLATION_FAILED,))
        return self._translated(key, source_time, fields)

    def _translated(self, key: str, source_time: str | None, fields: Item) -> ReadItem:
        try:
            record, noted = self._record(self._source.translate(fields))
        except RecordInvalid as error:
            faults = error.faults
        except Exception as error:  # noqa: BLE001  # as above
            self._tell(error)
            faults = (TRANSLATION_FAILED,)
        else:
            notes = json.dumps([[note.path, note.rule] for note in noted]) if noted else None
            return ReadItem(key=key, source_time=source_time, record=stored(record), notes=notes, faults=())
        return ReadItem(key=key, source_time=source_time, record=None, notes=None, faults=faults)

    def _record(self, told: Mapping[str, object]) -> tuple[Record, tuple[Note, ...]]:
        """Return the record that its fields make, and what is odd about it.

        Raises:
            RecordInvalid: they make none.
        """
        if isinstance(told, Mapped):
            self._read += 1
            record = self._models.read(told) if self._read > WORTH_A_MODEL else None
            if record is not None:
                return record, tuple(record.quality_notes())
            told = told.read()
        reading = self._source.record_type.read(told)
        return reading.record, reading.notes

    def _key(self, fields: Item) -> str:
        """Return the item's own key, "" where that cannot be kept."""
        try:
            key = self._source.key(fields)
            key.encode()  # half of a surrogate pair is no text
        except Exception:  # noqa: BLE001  # as above
            return ""
        return key if len(key) <= LONGEST_KEY and "\0" not in key else ""

    def _source_time(self, fields: Item) -> str | None:
        """Return when the source says it changed the item.

        Raises:
            ValueError: the adapter gives a time without its offset.
        """
        moment = self._source.changed_at(fields)
        if not isinstance(moment, datetime):
            return None
        if moment.tzinfo is None:
            raise ValueError("changed_at has no offset")
        return stamp(moment)

    def _tell(self, error: Exception) -> None:
        log.warning("%s: translation failed: %s", self._source.record_type.record_type, type(error).__name__)


def done(work: Callable[[], list[ReadItem]]) -> Future[list[ReadItem]]:
    """Return what `work` returns as something that is known already."""
    known: Future[list[ReadItem]] = Future()
    known.set_result(work())
    return known


def _is_text(item: Item, fields: Item) -> bool:
    """Say whether every text can be written down; what stands in plain UTF-8 can."""
    if isinstance(item, RawItem) and ESCAPE not in item.raw:
        return True
    try:
        json.dumps(fields, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
