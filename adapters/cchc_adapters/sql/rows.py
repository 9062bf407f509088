"""Rows of a result as wire items: JSON that is made of a row when somebody reads it.

Whatever stands in a row, the row becomes an item: a value that JSON does not have (NaN, an infinite number, bytes)
becomes a text or an object that no codec takes for something else, so that it costs one value of one row.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from math import isfinite
from types import MappingProxyType, NoneType
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec

from cchc_adapters.sql.times import with_zone
from cchc_connect.wire.json import RawItem

PLAIN_TYPES = frozenset({NoneType, bool, int, str})
"""Types that JSON has as they are."""

NO_ZONES: Mapping[str, ZoneInfo] = MappingProxyType({})

_MAX_SHOWN_BYTES = 64

_CONTROL_SIGNS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Signs that no text has: all that control something but lines and tabs."""

_JSON = msgspec.json.Encoder(decimal_format="number")


class UndecodedText(bytes):
    """A text of a database that is not in the encoding of the others."""

    __slots__ = ()


def decoded(content: bytes) -> str | UndecodedText:
    """Return a text of a database in UTF-8, whatever its signs are; its bytes where it is in another encoding."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return UndecodedText(content)


def bytes_value(content: bytes) -> object:
    """Return the text that bytes hold in UTF-8; an object with their beginning where they are no text."""
    text = decoded(content)
    return _shown(content) if isinstance(text, UndecodedText) or _CONTROL_SIGNS.search(text) else text


def _shown(content: bytes) -> object:
    return {"bytes": content[:_MAX_SHOWN_BYTES].hex(), "length": len(content)}


def _numeric_value(value: float | Decimal) -> object:
    return value if isfinite(value) else str(value)


def _whole_value(value: int) -> object:
    return value if -(2**63) <= value < 2**64 else Decimal(value)


def _text_value(value: str) -> object:
    return value.encode(errors="replace").decode()


def _inner(value: object) -> object:
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        return {str(name): plain_value(member) for name, member in members.items()}
    return [plain_value(member) for member in cast("Sequence[object]", value)]


_READERS: Mapping[type, Callable[[Any], object]] = {
    NoneType: lambda value: value,
    bool: lambda value: value,
    bytes: bytes_value,
    UndecodedText: _shown,
    bytearray: lambda value: bytes_value(bytes(value)),
    memoryview: lambda value: bytes_value(bytes(value)),
    float: _numeric_value,
    Decimal: _numeric_value,
    int: _whole_value,
    str: _text_value,
    date: str,
    time: str,
    timedelta: str,
    dict: _inner,
    list: _inner,
    tuple: _inner,
    set: lambda value: _inner(sorted(map(str, value))),
}


def plain_value(value: object) -> object:
    """Return what stands for a value in JSON; the text of one of a kind that is not known."""
    return _READERS.get(type(value), str)(value)


class RowShape:
    """The names of the columns that an item has, in the order of the result; further columns are not shown."""

    def __init__(
        self, names: Sequence[str], zones: Mapping[str, ZoneInfo] = NO_ZONES, hexadecimal: Sequence[str] = ()
    ) -> None:
        """Prepare.

        Args:
            names: names of the columns.
            zones: zones of times that are stored without one, by column.
            hexadecimal: columns whose bytes are shown as hexadecimal digits: those of keys.
        """
        self._names = tuple(names)
        self._hexadecimal = [number for number, name in enumerate(names) if name in hexadecimal]
        self._zones = [(number, zones[name]) for number, name in enumerate(names) if name in zones]

    def json(self, row: Sequence[object]) -> bytes:
        """Return a row as JSON."""
        if self._zones or self._hexadecimal:
            row = list(row)
            for number, zone in self._zones:
                row[number] = with_zone(row[number], zone)
            for number in self._hexadecimal:
                content = row[number]
                row[number] = content.hex() if isinstance(content, bytes | memoryview) else content
        values = row
        if not PLAIN_TYPES.issuperset(map(type, row)):
            values = [value if type(value) in PLAIN_TYPES else plain_value(value) for value in row]
        try:
            return _JSON.encode(dict(zip(self._names, values, strict=False)))
        except (OverflowError, UnicodeError, TypeError, ValueError):
            return _JSON.encode(dict(zip(self._names, map(plain_value, values), strict=False)))


class RowItem(RawItem):
    """One row as an item; its JSON is made when it is first asked for."""

    __slots__ = ("row", "shape")

    def __init__(self, row: Sequence[object], shape: RowShape) -> None:  # pyright: ignore[reportMissingSuperCall]  # `raw` follows
        """Store the row."""
        self.row = row
        self.shape = shape

    def __getattr__(self, name: str) -> bytes:
        """Make the JSON, which `RawItem` stores."""
        if name != "raw":
            raise AttributeError(name)
        self.raw = raw = self.shape.json(self.row)
        return raw

    def __reduce__(self) -> tuple[type[RawItem], tuple[bytes]]:
        return RawItem, (self.raw,)
