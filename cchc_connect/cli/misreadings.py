"""What of an item in quarantine is misread: words of code lists that nothing translates, times in another spelling.

A quarantine entry has no value of its faults, so the item is translated once more. Only a word of a field that takes
the values of a list is shown, none of a field with a personal mark, and none that looks like a person.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from pydantic import BaseModel

from cchc_connect.adapter import Source
from cchc_connect.cli.console import Console
from cchc_connect.cli.field_types import AllowedValue, allowed_values
from cchc_connect.config.file import Config
from cchc_connect.database.reading.quarantine_entries import QuarantineEntry
from cchc_connect.diagnostics.misread import misread_message
from cchc_connect.errors import CchcError
from cchc_connect.messages import Message
from cchc_connect.privacy.outside_names import looks_like_person, shown_name
from cchc_connect.privacy.redaction import escape_to_one_line
from cchc_connect.record_fields import record_model
from cchc_connect.sync.error_policy import adapter_boundary
from cchc_connect.wire.field_map import MappedItem, ValueReader
from cchc_connect.wire.json import Item, RawItem
from cchc_connect.wire.misread_times import MisreadTime, misread_times, read_value
from cchc_connect.wire.property_names import found_name, path_text
from cchc_schemas.personal import personal_marks
from cchc_schemas.text import listed

MAX_WORD_LENGTH = 60
"""Longest text that counts as a word of a code list."""

MAX_ALLOWED = 40
"""Most values of a list that are shown; the longest enumeration has fewer."""

_SEVERAL = "sources"
_MANIFEST = "manifest"
_ONE = "fields"
"""Options of adapters under which a field map stands."""


@dataclass(frozen=True, kw_only=True)
class UnknownWord:
    """A word of the source for which a field has no value."""

    field: str
    property: str
    """Property of the item, or path to it, as a field map writes it."""
    word: str
    allowed: str
    """The values that the field takes, for people."""
    home: Message
    """Where the word is to be added."""

    def as_document(self, console: Console) -> Mapping[str, Any]:
        """Return it, JSON-ready."""
        return {**asdict(self), "home": console.sentence(self.home)}


@dataclass(frozen=True, kw_only=True)
class Misreadings:
    """What of an item in quarantine is not read as its source means it."""

    words: tuple[UnknownWord, ...] = ()
    times: tuple[MisreadTime, ...] = ()


def misreadings(config: Config, entry: QuarantineEntry, console: Console) -> Misreadings:
    """Return what of an entry is misread; nothing where its connection cannot translate it any more."""
    model = record_model(entry.record_type)
    if model is None or isinstance(entry.item, RawItem) or entry.connection not in config.connections:
        return Misreadings()
    try:
        adapter = config.adapter(entry.connection)
        sources = [source for source in adapter.sources if source.record_type is model]
        fields = _fields(sources[0], entry) if sources else None
        options = config.options_model(entry.connection)
    except CchcError:
        return Misreadings()  # `check` and `sync` tell what is wrong with a connection
    if fields is None:
        return Misreadings()
    home = partial(_place, config, options, entry)
    return Misreadings(words=tuple(_words(entry, model, fields, home, console)), times=tuple(misread_times(fields)))


def show_misreadings(misread: Misreadings, console: Console) -> None:
    """Write what the source sends, what the field takes or which codec reads it, and where to say so."""
    for time in misread.times:
        console.line(f"  {console.sentence(misread_message(time))}")
    for word in misread.words:
        context = {"field": word.field, "property": word.property, "word": word.word, "allowed": word.allowed}
        console.message("quarantine_view.unknown_word", **context)
        console.line(f"    {console.sentence(word.home)}")


def with_words_shown(
    item: Mapping[str, Any], masked: Mapping[str, Any], words: Sequence[UnknownWord]
) -> dict[str, Any]:
    """Return a masked item with the unknown words of its own properties unmasked."""
    shown = dict(masked)
    for word in words:
        name = found_name(item, word.property)
        if name in shown:
            shown[name] = item[name]
    return shown


def _fields(source: Source, entry: QuarantineEntry) -> MappedItem | None:
    with adapter_boundary(connection=entry.connection, record_type=entry.record_type):
        fields = source.translate(entry.item)
        return fields if isinstance(fields, MappedItem) else None


def _words(
    entry: QuarantineEntry,
    model: type[BaseModel],
    fields: MappedItem,
    home: Callable[[str, str], Message],
    console: Console,
) -> Iterator[UnknownWord]:
    marks = personal_marks(model)
    for path in dict.fromkeys(fault.path for fault in entry.faults):
        if path in marks or path not in model.model_fields or path not in fields.fields or path in fields.own_fields:
            continue
        allowed = allowed_values(model.model_fields[path], console)
        reading = _word(entry.item, fields.fields[path]) if allowed else None
        if reading is not None:
            word, property_name = reading
            yield UnknownWord(
                field=path,
                property=shown_name(property_name),
                word=word,
                allowed=listed(map(_value_text, allowed), MAX_ALLOWED),
                home=home(path, word),
            )


def _word(item: Item, read: ValueReader) -> tuple[str, str] | None:
    """Return the word that a field was read from, and the path to it; None if it is no word that may be shown."""
    reading = read_value(read, item)
    if reading is None or not isinstance(reading[2], str | int):
        return None
    word = str(reading[2])
    is_shown = len(word) <= MAX_WORD_LENGTH and not looks_like_person(word)
    return (escape_to_one_line(word), path_text(reading[1])) if is_shown else None


def _value_text(allowed: AllowedValue) -> str:
    return f"{allowed.value} ({allowed.name})" if allowed.name else str(allowed.value)


def _place(config: Config, options: type[BaseModel], entry: QuarantineEntry, field: str, word: str) -> Message:
    """Return where the field map of a connection is written."""
    table = config.connections[entry.connection]
    context: dict[str, object] = {"connection": entry.connection, "field": field, "word": word}
    if _MANIFEST in table.options:
        table_name = f"{_SEVERAL}.{entry.record_type}.{_ONE}"
        return Message("quarantine_view.word_in_manifest", {**context, "table": table_name})
    if _SEVERAL in options.model_fields:
        inside = f"{_SEVERAL}.{entry.record_type}.{_ONE}"
    elif _ONE in options.model_fields:
        inside = _ONE
    else:
        return Message("quarantine_view.word_of_adapter", {**context, "adapter": table.adapter})
    name = f"connections.{entry.connection}.options.{inside}"
    return Message("quarantine_view.word_in_table", {**context, "table": name})
