"""Field maps: which property of a wire item becomes which field of a record, and by which codec its value is read.

A field map is a dictionary, `{"name": at("tenCongTrinh"), "issued_on": at("ngayCap", read=day)}`, or a table of
`FieldRule`s in a TOML file, which needs no code.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any, Self, TypeAlias

from pydantic import ConfigDict, PrivateAttr, model_validator

from cchc_connect.wire import times
from cchc_connect.wire.codecs import (
    COMMUNE_DIGITS,
    DecimalSign,
    LocalTime,
    Reader,
    Unreadable,
    as_list,
    as_object,
    decimal_number,
    dotnet_instant,
    epoch_ms,
    flag,
    iso_instant,
    local_instant,
    padded_code,
    partial_date,
    text_or_none,
    whole_number,
)
from cchc_connect.wire.days import dotnet_day, epoch_day, iso_day, local_iso_day
from cchc_connect.wire.flat_parts import Constant, FlatPart, FlatParts, grouped
from cchc_connect.wire.identity_numbers import identity_number
from cchc_connect.wire.json import Item
from cchc_connect.wire.legacy_text import tcvn3_text, vni_text
from cchc_connect.wire.property_names import FieldPath, property_path, step_into
from cchc_connect.wire.quantities import area_m2
from cchc_connect.wire.times import noting
from cchc_connect.wire.word_maps import WordMap
from cchc_schemas.described_models import DescribedModel
from cchc_schemas.faults import Noted

ValueReader: TypeAlias = Callable[[Item], object]
"""Takes one value from an item and reads it; usually an `At`."""

FieldMap: TypeAlias = Mapping[str, ValueReader]
"""A record's fields, each with the function that takes its value from an item."""

NOT_AN_OBJECT = Unreadable("object_expected")


@dataclass(frozen=True, eq=False)
class At:
    """Takes the value at the first of its paths that has one."""

    paths: tuple[FieldPath, ...]
    read: Reader
    is_own: bool = False
    """Whether a person wrote it for this source, so that a property that is never there is a mistake."""

    @property
    def property(self) -> str:
        """The property it reads, where it has one path of one step; else ""."""
        return self.paths[0][0] if len(self.paths) == len(self.paths[0]) == 1 else ""

    def __call__(self, item: Item) -> object:
        """Return the value as read; None where no path has one."""
        nothing: Noted | None = None
        for path in self.paths:
            value = self.read(item[path[0]] if len(path) == 1 and path[0] in item else value_at(item, path))
            if isinstance(value, Noted) and value.value is None:
                nothing = nothing or value
            elif value is not None:
                return value
        return nothing


@dataclass(frozen=True, eq=False)
class ListReader:
    """Reads a list of parts; a part for which `is_included` gives false is left out."""

    fields: FieldMap
    is_included: ValueReader | None

    def __call__(self, value: object) -> list[object]:
        """Return the fields of each part that is not left out."""
        parts = [as_object(member) for member in self.included_members(value)]
        fields = self.fields.items()
        return [NOT_AN_OBJECT if part is None else {name: value(part) for name, value in fields} for part in parts]

    def included_members(self, value: object) -> list[object]:
        """Return the members that are not left out, unread; a member that is no object stays and is refused later."""
        members = as_list(value)
        if self.is_included is None:
            return members
        return [
            member for member in members if (part := as_object(member)) is None or self.is_included(part) is not False
        ]


class MappedItem(Mapping[str, object]):
    """The fields of an item by a field map, with own fields added; read lazily, again at each access.

    The engine does not read it: it reads and checks mapped items in one step (`compiled_models`).
    """

    __slots__ = ("also_reads", "fields", "item", "own_fields")

    def __init__(
        self,
        item: Item,
        fields: FieldMap,
        own: Mapping[str, object] = MappingProxyType({}),
        also_reads: FieldMap = MappingProxyType({}),
    ) -> None:
        """Store item, map and own fields; `own` overrides `fields`; `also_reads` says what `own` is made of."""
        self.also_reads = also_reads
        self.item = item
        self.fields = fields
        self.own_fields = own

    def read(self) -> dict[str, object]:
        """Return all fields, read now."""
        return {name: value(self.item) for name, value in self.fields.items() if name not in self.own_fields} | dict(
            self.own_fields
        )

    def __or__(self, own: Mapping[str, object]) -> "MappedItem":
        return MappedItem(self.item, self.fields, {**self.own_fields, **own}, self.also_reads)

    def __getitem__(self, name: str) -> object:
        return self.own_fields[name] if name in self.own_fields else self.fields[name](self.item)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self.fields, *self.own_fields)))

    def __len__(self) -> int:
        return len(self.fields.keys() | self.own_fields.keys())

    def __repr__(self) -> str:
        """Show names only: values may be personal."""
        return f"<fields {', '.join(sorted(self.fields.keys() | self.own_fields.keys()))}>"


def at(*paths: str, read: Reader = text_or_none) -> At:
    r"""Return a function that takes the value at the first of `paths` that has one.

    A path is a property, or steps through objects and lists: "diaChi.maPhuongXa", "nguonGoc.0.ma". Where a list is
    expected, a single object counts as its first member. A property whose whole name is the path goes before the way;
    "\." is a dot that is always part of a name. Names compare in NFC (`property_names`).
    """
    return At(tuple(property_path(path) for path in paths), read)


def every_at(readers: Iterable[object]) -> Iterator[At]:
    """Yield each `At` among readers of fields, with those of parts that are made of flat properties."""
    for read in readers:
        if isinstance(read, At):
            yield read
        elif isinstance(read, FlatPart | FlatParts):
            yield from every_at(read.readers)


def each(fields: FieldMap, where: str = "") -> ListReader:
    """Return a reader of a list of parts; a part whose flag `where` is false is left out."""
    return ListReader(fields, at(where, read=flag) if where else None)


def translated(item: Item, fields: FieldMap, also_reads: FieldMap = MappingProxyType({})) -> MappedItem:
    """Return the fields of `item`; `translated(item, MAP) | {...}` adds fields that a map cannot express.

    `also_reads` names what those are read from: it is watched like the properties of the map.
    """
    return MappedItem(item, fields, also_reads=also_reads)


def value_at(item: object, path: Sequence[str]) -> object:
    """Return the value at a path through objects and lists; None where the path ends before.

    Steps that make the name of a property together are that property; names compare in NFC.
    """
    value, steps, start = item, tuple(path), 0
    while start < len(steps) and value is not None:
        members, step = as_object(value), steps[start]
        property_step = None if members is None else step_into(members, steps, start)
        if members is not None and property_step is not None:
            value, start = members[property_step[0]], property_step[1]
        elif step.isdecimal():
            listed = as_list(value)
            value, start = listed[int(step)] if int(step) < len(listed) else None, start + 1
        else:
            return NOT_AN_OBJECT if members is None else None
    return value


class Codec(StrEnum):
    """Names of codecs in a field map in TOML."""

    TEXT = "text"
    COMMUNE_CODE = "commune_code"
    """Five digits; leading zeros that a number has lost are restored."""
    TCVN3 = "tcvn3"
    """Text in TCVN3 (ABC), which becomes Unicode."""
    VNI = "vni"
    """Text in VNI, which becomes Unicode."""
    IDENTITY_NUMBER = "identity_number"
    """Number of an identity paper, or of the main paper of a list; a placeholder ("000000001") is none, with a note."""
    FLAG = "flag"
    WHOLE_NUMBER = "whole_number"
    NUMBER = "number"
    """A decimal number; in text with the decimal sign that the options name."""
    AREA = "area"
    """An area: a number of m², or text with its unit ("228 m2", "0,05 ha"), which becomes m²."""
    INSTANT = "instant"
    """An instant in any usual spelling (`wire.times`); without an offset it is Vietnamese time."""
    CHANGE_TIME = "change_time"
    """The same for a time of change: a day alone is its first moment, the beginning of 1970 is nothing."""
    DAY = "day"
    """A day in any usual spelling; of an instant its Vietnamese day; MM/yyyy or yyyy stay what they are."""
    DATE = "date"
    """dd/MM/yyyy, MM/yyyy or yyyy, also with "-"; of a date with a time the day."""
    ISO_DATE = "iso_date"
    """yyyy-MM-dd, yyyy-MM or yyyy; of a date with a time the Vietnamese day."""
    ISO_INSTANT = "iso_instant"
    """yyyy-MM-ddTHH:mm:ss with an offset; without one it is Vietnamese time."""
    ISO_DAY = "iso_day"
    """The Vietnamese day of an ISO instant."""
    LOCAL_INSTANT = "local_instant"
    """dd/MM/yyyy HH:mm:ss in Vietnamese time."""
    LOCAL_ISO = "local_iso"
    """yyyy-MM-ddTHH:mm:ss in Vietnamese time; a "Z" at its end is ignored."""
    LOCAL_DAY = "local_day"
    """The day of yyyy-MM-ddTHH:mm:ss in Vietnamese time; a "Z" at its end is ignored."""
    SQL_LOCAL = "sql_local"
    """yyyy-MM-dd HH:mm:ss in Vietnamese time, or with an offset: MySQL, PostgreSQL, Laravel."""
    DMY_TIME = "dmy_time"
    """dd/MM/yyyy HH:mm in Vietnamese time, also "02-04-2026 08:00:00", "08:00 02/04/2026", "2/4/2026 8:00:00 SA"."""
    COMPACT_INSTANT = "compact_instant"
    """yyyyMMddHHmmss in Vietnamese time."""
    COMPACT_DAY = "compact_day"
    """yyyyMMdd."""
    EPOCH_S = "epoch_s"
    """Seconds since 1970."""
    EPOCH_MS = "epoch_ms"
    """Milliseconds since 1970."""
    EPOCH_DAY = "epoch_day"
    """The Vietnamese day of milliseconds since 1970, or of a text in any usual spelling of a day."""
    DOTNET_INSTANT = "dotnet_instant"
    """/Date(milliseconds since 1970)/."""
    DOTNET_DAY = "dotnet_day"
    """The Vietnamese day of /Date(milliseconds since 1970)/."""


INSTANTS = frozenset(
    {
        *(Codec.INSTANT, Codec.CHANGE_TIME, Codec.ISO_INSTANT, Codec.LOCAL_INSTANT, Codec.LOCAL_ISO, Codec.SQL_LOCAL),
        *(Codec.DMY_TIME, Codec.COMPACT_INSTANT, Codec.EPOCH_S, Codec.EPOCH_MS, Codec.DOTNET_INSTANT),
    }
)
"""Codecs that read an instant."""

READERS: Mapping[Codec, Reader] = {
    Codec.TEXT: text_or_none,
    Codec.COMMUNE_CODE: partial(padded_code, width=COMMUNE_DIGITS),
    Codec.TCVN3: tcvn3_text,
    Codec.VNI: vni_text,
    Codec.IDENTITY_NUMBER: identity_number,
    Codec.FLAG: flag,
    Codec.WHOLE_NUMBER: whole_number,
    Codec.INSTANT: times.instant,
    Codec.CHANGE_TIME: times.change_time,
    Codec.DAY: times.day,
    Codec.DATE: partial(noting, read=partial(partial_date, form="dd/MM/yyyy")),
    Codec.ISO_DATE: iso_day,
    Codec.ISO_INSTANT: partial(noting, read=iso_instant),
    Codec.ISO_DAY: iso_day,
    Codec.LOCAL_INSTANT: partial(noting, read=partial(local_instant, form=LocalTime.SLASHED)),
    Codec.LOCAL_ISO: partial(noting, read=partial(local_instant, form=LocalTime.ISO)),
    Codec.LOCAL_DAY: local_iso_day,
    Codec.SQL_LOCAL: partial(times.spelled, spellings=times.SQL_TIMES),
    Codec.DMY_TIME: partial(times.spelled, spellings=times.OFFICE_TIMES),
    Codec.COMPACT_INSTANT: partial(times.spelled, spellings=times.COMPACT_TIMES),
    Codec.COMPACT_DAY: partial(times.spelled_day, spellings=times.COMPACT_DAYS),
    Codec.EPOCH_S: partial(noting, read=times.epoch_s),
    Codec.EPOCH_MS: partial(noting, read=epoch_ms),
    Codec.EPOCH_DAY: epoch_day,
    Codec.DOTNET_INSTANT: partial(noting, read=dotnet_instant),
    Codec.DOTNET_DAY: dotnet_day,
}


class FieldRule(DescribedModel):
    """One line of a field map in TOML."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    property: str | tuple[str, ...] = ""
    """Property, or path through objects and lists ("diaChi.chiTiet", "nguonGoc.0.ma"); of several the first that has a
    value; "" removes the field from a built-in map. A property whose name is the whole path goes before the way, and
    "\\." is a dot of a name."""
    constant: str | None = None
    """Value that the field has in every item, instead of a property."""
    codec: Codec = Codec.TEXT
    """How the value is read."""
    words: Mapping[str, str] = {}
    """Our words for the source's."""
    others: str | None = None
    """Value for a word that is not in `words`; "*" keeps the word; without this it is unreadable."""
    each: Mapping[str, "FieldRule"] = {}
    """The value is a list of parts with these fields."""
    _is_built_in: bool = PrivateAttr(default=False)
    where: str = ""
    """Of a list: the property that is a flag of each part; parts for which it is false are left out."""

    @model_validator(mode="after")
    def _reads_in_one_way(self) -> Self:
        if sum((bool(self.each), bool(self.words), self.codec is not Codec.TEXT)) > 1:
            raise ValueError("a field is read by a codec, by words or as a list of parts")
        if ("property" in self.model_fields_set) == (self.constant is not None):
            raise ValueError("a field needs a property, or a constant instead")
        return self

    def reads(self) -> bool:
        """Return whether it gives its field a value; a rule with an empty property removes that of a built-in map."""
        return bool(self.property) or self.constant is not None

    def value(self, decimal_sign: DecimalSign) -> ValueReader:
        """Return the function that takes this field's value from an item."""
        if self.constant is not None:
            return Constant(self.constant)
        paths = (self.property,) if isinstance(self.property, str) else self.property
        return replace(at(*paths, read=self._reader(decimal_sign)), is_own=not self._is_built_in)

    def _reader(self, decimal_sign: DecimalSign) -> Reader:
        if self.each:
            return each(field_map(self.each, decimal_sign), self.where)
        if self.words:
            return WordMap(self.words, self.others)
        if self.codec is Codec.NUMBER:
            return partial(decimal_number, sign=decimal_sign)
        if self.codec is Codec.AREA:
            return partial(area_m2, sign=decimal_sign)
        return READERS[self.codec]


def field_map(rules: Mapping[str, FieldRule], decimal_sign: DecimalSign) -> FieldMap:
    """Return the field map that `rules` describe; numbers in text have `decimal_sign`.

    Rules for parts of a field ("holders.0.name") make the list of its parts, or its one part, out of flat properties.
    """
    return grouped({name: rule.value(decimal_sign) for name, rule in rules.items() if rule.reads()})


def rules_of(table: Mapping[str, Any], *, is_built_in: bool = False) -> Mapping[str, FieldRule]:
    """Return the rules of a TOML table; a built-in one is for many systems, of which each may lack a property."""
    rules = {name: FieldRule.model_validate(rule) for name, rule in table.items()}
    for rule in rules.values():
        rule._is_built_in = is_built_in  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # of this module
    return rules
