"""Times and days that a field map reads with a codec of another spelling, and the codecs that would read them.

>>> fitting_codecs(READERS[Codec.DMY_TIME], "2026-04-02 08:00:00")
['instant', 'sql_local']
>>> fitting_codecs(READERS[Codec.DATE], "2026-04-02"), fitting_codecs(READERS[Codec.ISO_DATE], "20260402")
(['day', 'iso_date', 'iso_day', 'epoch_day'], ['day', 'compact_day', 'epoch_day'])
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from cchc_connect.wire.codecs import Reader, Unreadable
from cchc_connect.wire.field_map import At, FieldMap, ListReader, MappedItem, ValueReader, value_at
from cchc_connect.wire.json import Item
from cchc_connect.wire.named_codecs import DAYS, INSTANTS, READERS, Codec
from cchc_connect.wire.property_names import FieldPath, path_text
from cchc_schemas import PartialDate

FIRST_YEAR = 1990
"""Numbers are taken for a time since 1970 from this year on; earlier ones are a day in digits, or another unit."""

_UNITS = frozenset({Codec.EPOCH_S, Codec.EPOCH_MS})
_NUMBERS = _UNITS | {Codec.EPOCH_DAY}
_CHANGE = "changed_at"


@dataclass(frozen=True, kw_only=True)
class MisreadTime:
    """A field whose time or day is written in another spelling than its codec reads."""

    field: str
    """Field of the record, without indexes of lists; `changed_at` for the time of the last change."""
    property: str
    """Property or path, as the field map writes it."""
    codec: str
    codecs: tuple[str, ...] = ()
    """Codecs of the same kind, instants or days, that read the value."""
    is_day: bool = False
    """Whether the field takes an instant, and the value is a day without a time."""


def misread_times(mapped: MappedItem) -> Iterator[MisreadTime]:
    """Yield the times and days of an item that are misread, where another codec reads them."""
    yield from _of_fields("", mapped.fields, mapped.item)
    if isinstance(change := mapped.also_reads.get(_CHANGE), At):
        yield from _of_value(_CHANGE, change, mapped.item)


def fitting_codecs(read: Reader, value: object) -> list[str]:
    """Return the codecs that read a value as the same kind of value as a codec of times or days does."""
    codec = _codec_of(read)
    kind = INSTANTS if codec in INSTANTS else DAYS if codec in DAYS else frozenset[Codec]()
    return [
        sibling.value for sibling in READERS if sibling in kind - {codec, Codec.CHANGE_TIME} and _fits(sibling, value)
    ]


def read_value(read: ValueReader, item: Item) -> tuple[At, FieldPath, object] | None:
    """Return the rule that reads a field of an item, the path of the value, and the value; None if there is none."""
    while callable(choose := getattr(read, "chosen", None)):
        read = cast("ValueReader", choose(item))
    if isinstance(read, At):
        for path in read.paths:
            value = value_at(item, path)
            if read.read(value) is not None:
                return read, path, value
    return None


def _of_fields(prefix: str, fields: FieldMap, item: Item) -> Iterator[MisreadTime]:
    for name, read in fields.items():
        of_part = getattr(read, "fields", None)
        parts = getattr(read, "parts", None)
        if isinstance(of_part, Mapping):
            yield from _of_fields(f"{prefix}{name}.", cast("FieldMap", of_part), item)
        elif isinstance(parts, Mapping):
            for part in cast("Mapping[int, ValueReader]", parts).values():
                yield from _of_fields(prefix, {name: part}, item)
        else:
            yield from _of_value(f"{prefix}{name}", read, item)


def _of_value(name: str, read: ValueReader, item: Item) -> Iterator[MisreadTime]:
    reading = read_value(read, item)
    if reading is None:
        return
    rule, path, value = reading
    if isinstance(rule.read, ListReader):
        for part in rule.read.included_members(value):
            if isinstance(part, Mapping):
                yield from _of_fields(f"{name}.", rule.read.fields, cast("Item", part))
        return
    codec = _codec_of(rule.read)
    if codec is None or codec not in INSTANTS | DAYS:
        return
    is_of_other_unit = codec in _UNITS and not _fits(codec, value)
    if not is_of_other_unit and not isinstance(rule.read(value), Unreadable):
        return
    codecs = fitting_codecs(rule.read, value)
    if name == _CHANGE and _fits(Codec.CHANGE_TIME, value):
        codecs.insert(0, Codec.CHANGE_TIME.value)
    is_day = not codecs and codec in INSTANTS and _fits(Codec.DAY, value)
    if codecs or is_day:
        yield MisreadTime(field=name, property=path_text(path), codec=codec.value, codecs=tuple(codecs), is_day=is_day)


def _fits(codec: Codec, value: object) -> bool:
    moment = READERS[codec](value)
    if not isinstance(moment, datetime | PartialDate):
        return False
    return codec not in _NUMBERS or moment.year >= FIRST_YEAR


def _codec_of(read: Reader) -> Codec | None:
    return next((codec for codec, reader in READERS.items() if reader is read), None)
