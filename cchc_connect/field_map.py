"""Field maps: which property of a wire item becomes which field of a record, and how its value is read.

A map is a dictionary, `{"name": at("tenCongTrinh"), "issued_on": at("ngayCap", read=day)}`, or a table of
`FieldRule`s in a TOML file, which needs no code at all.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, model_validator

from cchc_connect.adapter import Item
from cchc_connect.codecs import (
    COMMUNE_DIGITS,
    NO_DATE,
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
    local_day,
    local_instant,
    one_of,
    padded_code,
    partial_date,
    text_or_none,
    whole_number,
)

Value: TypeAlias = Callable[[Item], object]
"""Takes one value out of an item, already read."""

FieldMap: TypeAlias = Mapping[str, Value]
"""A record's fields and where each comes from."""

NOT_AN_OBJECT = Unreadable("object_expected")


def at(*places: str, read: Reader = text_or_none) -> Value:
    """Return what takes the value from the first of `places` that holds one.

    A place is a property, or a way through objects and lists: "diaChi.maPhuongXa", "nguonGoc.0.ma". Where a
    list is due, a lone object counts as its first member.
    """
    if len(places) == 1:
        return _at_one(places[0], read)
    values = [_at_one(place, read) for place in places]

    def first(item: Item) -> object:
        found: object = None
        for value in values:
            found = value(item)
            if found is not None:
                break
        return found

    return first


def _at_one(place: str, read: Reader) -> Value:
    way = tuple(place.split("."))
    if len(way) > 1:
        return lambda item: read(held(item, way))
    name = place
    if read is text_or_none:  # most of a map, and most of that is empty
        return lambda item: None if (value := item.get(name)) is None else text_or_none(value)
    return lambda item: read(item.get(name))


def each(fields: FieldMap, where: str = "") -> Callable[[object], list[object]]:
    """Return a reader of a list of parts; a part whose flag `where` says no is left out."""
    counts = at(where, read=flag) if where else None

    def read(value: object) -> list[object]:
        parts = [as_object(member) for member in as_list(value)]
        return [
            NOT_AN_OBJECT if part is None else translated(part, fields)
            for part in parts
            if part is None or counts is None or counts(part) is not False
        ]

    return read


def translated(item: Item, fields: FieldMap) -> dict[str, object]:
    """Return the fields of `item`."""
    return {name: value(item) for name, value in fields.items()}


def held(item: object, way: Sequence[str]) -> object:
    """Return what stands at the end of a way through objects and lists; None where the way ends before."""
    for step in way:
        if item is None:
            return None
        if step.isdecimal():
            members = as_list(item)
            item = members[int(step)] if int(step) < len(members) else None
        else:
            members_by_name = as_object(item)
            if members_by_name is None:
                return NOT_AN_OBJECT
            item = members_by_name.get(step)
    return item


def iso_day(value: object) -> object:
    """Read the Vietnamese day of an instant in ISO form."""
    return local_day(iso_instant(value, nothing=NO_DATE))


def epoch_day(value: object) -> object:
    """Read the Vietnamese day of milliseconds since 1970."""
    return local_day(epoch_ms(value))


class Codec(StrEnum):
    """How a value is read, as a field map in TOML names it."""

    TEXT = "text"
    COMMUNE_CODE = "commune_code"
    """Five digits; a number has lost its leading zeros."""
    FLAG = "flag"
    WHOLE_NUMBER = "whole_number"
    NUMBER = "number"
    """A decimal number; in text with the decimal sign of the options."""
    DATE = "date"
    """dd/MM/yyyy, MM/yyyy or yyyy."""
    ISO_DATE = "iso_date"
    """yyyy-MM-dd, yyyy-MM or yyyy."""
    ISO_INSTANT = "iso_instant"
    ISO_DAY = "iso_day"
    """The Vietnamese day of an ISO instant."""
    LOCAL_INSTANT = "local_instant"
    """dd/MM/yyyy HH:mm:ss in Vietnamese time."""
    LOCAL_ISO = "local_iso"
    """yyyy-MM-ddTHH:mm:ss in Vietnamese time, whatever "Z" stands behind it."""
    EPOCH_MS = "epoch_ms"
    EPOCH_DAY = "epoch_day"
    """The Vietnamese day of milliseconds since 1970."""
    DOTNET_INSTANT = "dotnet_instant"
    """/Date(milliseconds since 1970)/."""


INSTANTS = frozenset({Codec.ISO_INSTANT, Codec.LOCAL_INSTANT, Codec.LOCAL_ISO, Codec.EPOCH_MS, Codec.DOTNET_INSTANT})
"""Codecs that read an instant."""

READERS: Mapping[Codec, Reader] = {
    Codec.TEXT: text_or_none,
    Codec.COMMUNE_CODE: partial(padded_code, width=COMMUNE_DIGITS),
    Codec.FLAG: flag,
    Codec.WHOLE_NUMBER: whole_number,
    Codec.DATE: partial(partial_date, form="dd/MM/yyyy"),
    Codec.ISO_DATE: partial(partial_date, form="yyyy-MM-dd"),
    Codec.ISO_INSTANT: iso_instant,
    Codec.ISO_DAY: iso_day,
    Codec.LOCAL_INSTANT: partial(local_instant, form=LocalTime.SLASHED),
    Codec.LOCAL_ISO: partial(local_instant, form=LocalTime.ISO),
    Codec.EPOCH_MS: epoch_ms,
    Codec.EPOCH_DAY: epoch_day,
    Codec.DOTNET_INSTANT: dotnet_instant,
}


class FieldRule(BaseModel):
    """One line of a field map in TOML."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    property: str | tuple[str, ...]
    """Property, or way through objects and lists ("diaChi.chiTiet", "nguonGoc.0.ma"); of several the first that holds
    a value; "" takes the field out of a ready map."""
    codec: Codec = Codec.TEXT
    """How the value is read."""
    words: Mapping[str, str] = {}
    """Our words for the source's."""
    others: str | None = None
    """What a word stands for that is not in `words`; "*" keeps it; without this it is unreadable."""
    each: Mapping[str, "FieldRule"] = {}
    """The value is a list of parts with these fields."""
    where: str = ""
    """Of a list: the property by which a part says that it does not count any more (false)."""

    @model_validator(mode="after")
    def _reads_in_one_way(self) -> Self:
        if sum((bool(self.each), bool(self.words), self.codec is not Codec.TEXT)) > 1:
            raise ValueError("a field is read by a codec, by words or as a list of parts")
        return self

    def value(self, decimal_sign: DecimalSign) -> Value:
        """Return what takes this field's value out of an item."""
        places = (self.property,) if isinstance(self.property, str) else self.property
        return at(*places, read=self._reader(decimal_sign))

    def _reader(self, decimal_sign: DecimalSign) -> Reader:
        if self.each:
            return each(field_map(self.each, decimal_sign), self.where)
        if self.words:
            return self._word
        if self.codec is Codec.NUMBER:
            return partial(decimal_number, sign=decimal_sign)
        return READERS[self.codec]

    def _word(self, value: object) -> object:
        word = one_of(value, self.words, "word_unknown")
        if not isinstance(word, Unreadable) or self.others is None:
            return word
        return text_or_none(value) if self.others == "*" else self.others


def field_map(rules: Mapping[str, FieldRule], decimal_sign: DecimalSign) -> FieldMap:
    """Return the field map that `rules` describe; numbers in text have `decimal_sign`."""
    return {name: rule.value(decimal_sign) for name, rule in rules.items() if rule.property}


def rules_of(table: Mapping[str, Any]) -> Mapping[str, FieldRule]:
    """Return the rules of a table as TOML holds it."""
    return {name: FieldRule.model_validate(rule) for name, rule in table.items()}
