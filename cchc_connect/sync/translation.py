"""From wire items to stored records: what an item is, or every fault that keeps it from being one.

It is a function of the item alone, so it may run in another process (`second_process`).
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec

from cchc_connect.adapter import Item, Source
from cchc_connect.database.instants import stamp
from cchc_connect.database.writing.stored import StoredRecord, stored
from cchc_connect.wire.compiled_models import WireModels
from cchc_connect.wire.field_map import Mapped
from cchc_connect.wire.json import RawItem
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

TOGETHER = 50
"""Items that take each step together."""

LONGEST_KEY = 1000
"""Characters; a longer key goes into no index, so such an item is called by its content."""


class ReadItem(msgspec.Struct):
    """What one item says."""

    key: str = ""
    """Its own key at the source, "" where it has none that can be kept."""
    source_time: str | None = None
    """When the source says it changed the item, as stored."""
    record: StoredRecord | None = None
    """What it became; None where there are faults."""
    notes: str | None = None
    """What is odd about the record, as JSON."""
    faults: tuple[Fault, ...] = ()


class Translator(Protocol):
    """Reads items, at once or behind the caller's back."""

    def read(self, items: Sequence[Item]) -> Future[list[ReadItem]]:
        """Return what each item says, in their order, when that is known."""
        ...


@dataclass(slots=True)
class _Reading:
    """One item on its way."""

    item: Item = field(repr=False)
    answer: ReadItem
    value: Any = field(default=None, repr=False)
    """What the last step made of it: its fields as the source wrote them, those of the record, the record."""


class Translation:
    """Reads the items of one source, at once.

    Some items at a time take each step together: that is a third faster than one item after the other, for what a
    step needs is at hand then.
    """

    def __init__(self, source: Source) -> None:
        """Prepare for one source."""
        self._source = source
        self._models = WireModels(source.record_type)
        self._mapped = 0

    def read(self, items: Sequence[Item]) -> Future[list[ReadItem]]:
        """Return what each item says, in their order."""
        return done(lambda: self.read_all(items))

    def read_all(self, items: Sequence[Item]) -> list[ReadItem]:
        """Return what each item says, in their order."""
        answers: list[ReadItem] = []
        for start in range(0, len(items), TOGETHER):
            readings = [_Reading(item, ReadItem()) for item in items[start : start + TOGETHER]]
            for step in (self._opened, self._named, self._translated, self._checked, self._stored):
                self._take(step, readings)
            answers += [reading.answer for reading in readings]
        return answers

    def _take(self, step: Callable[[_Reading], object], readings: Sequence[_Reading]) -> None:
        """Take a step with every item that has no fault; what fails at one is its fault alone."""
        for reading in readings:
            if reading.answer.faults:
                continue
            try:
                reading.value = step(reading)
            except RecordInvalid as error:
                reading.answer.faults = error.faults
            except Exception as error:  # noqa: BLE001  # the per-record border: a stranger's adapter may fail on one item
                log.warning("%s: translation failed: %s", self._source.record_type.record_type, type(error).__name__)
                reading.answer.faults = (TRANSLATION_FAILED,)

    def _opened(self, reading: _Reading) -> object:
        """Return the item as it reads."""
        item = reading.item
        try:
            return item.read() if isinstance(item, RawItem) else item
        except ValueError:
            reading.answer.faults = (JSON_UNREADABLE,)
            return None

    def _named(self, reading: _Reading) -> object:
        """Note key and time; return the item.

        Raises:
            ValueError: the adapter gives a time without its offset.
        """
        answer, fields = reading.answer, reading.value
        answer.key = self._key(fields)
        moment = self._source.changed_at(fields)
        if isinstance(moment, datetime):
            if moment.tzinfo is None:
                raise ValueError("changed_at has no offset")
            answer.source_time = stamp(moment)
        if not _is_text(reading.item, fields):
            answer.faults = (NOT_TEXT,)
        return fields

    def _key(self, fields: Item) -> str:
        """Return the item's own key, "" where that cannot be kept."""
        try:
            key = self._source.key(fields)
            return key if can_be_kept(key) else ""
        except Exception:  # noqa: BLE001  # as above
            return ""

    def _translated(self, reading: _Reading) -> object:
        """Return the record's fields."""
        return self._source.translate(reading.value)

    def _checked(self, reading: _Reading) -> object:
        """Return the record that its fields make; note what is odd about it.

        Raises:
            RecordInvalid: they make none.
        """
        record, noted = self._record(reading.value)
        reading.answer.notes = json.dumps([[note.path, note.rule] for note in noted]) if noted else None
        return record

    def _record(self, told: Mapping[str, object]) -> tuple[Record, tuple[Note, ...]]:
        if isinstance(told, Mapped):
            self._mapped += 1
            record = self._models.read(told) if self._mapped > WORTH_A_MODEL else None
            if record is not None:
                return record, tuple(record.quality_notes())
            told = told.read()
        read = self._source.record_type.read(told)
        return read.record, read.notes

    def _stored(self, reading: _Reading) -> object:
        """Note the record as it is stored."""
        reading.answer.record = stored(reading.value)
        return None


def can_be_kept(key: str) -> bool:
    """Say whether a key can stand in any database: half of a surrogate pair and NUL cannot."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return len(key) <= LONGEST_KEY and "\0" not in key


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
