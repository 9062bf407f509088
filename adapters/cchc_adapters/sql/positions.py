"""Where a reading stands: the time and the key of the last row, as a page token.

A reading has two parts: rows with a time of change, by time and key, and then rows without one, by key. A reading that
another process continues begins a little before its position, because rows with an earlier time may have appeared
since (`lookback`). Those rows are an overlap: a token of the overlap is continued from exactly, so that a reading that
is interrupted again and again moves on nevertheless.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self, cast

from cchc_adapters.sql.rows import UndecodedText
from cchc_connect import StartOver


@dataclass(frozen=True, kw_only=True)
class RowPosition:
    """The last row that a page showed."""

    rows: int
    """Number of rows that the reading showed so far, which makes each token another one."""
    values: tuple[object, ...]
    """Time (where the reading goes by time) and key of the last row, as the driver gives them."""
    is_timeless: bool = False
    """Whether it is among the rows without a time."""
    in_overlap_until: tuple[object, ...] = ()
    """While rows are read again: the position up to which that goes; empty: all rows are new."""

    def token(self) -> str:
        """Return the page token."""
        document = {
            "n": self.rows,
            "at": [_written(value) for value in self.values],
            "timeless": self.is_timeless,
            "until": [_written(value) for value in self.in_overlap_until],
        }
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def of_token(cls, token: str) -> Self:
        """Return the position of a page token.

        Raises:
            StartOver: it is no token of this adapter.
        """
        position = None
        with suppress(ValueError, KeyError, TypeError, ArithmeticError):
            position = cls._of_document(json.loads(token))
        if position is None:
            raise StartOver
        return position

    @classmethod
    def _of_document(cls, document: dict[str, Any]) -> Self:
        return cls(
            rows=int(document["n"]),
            values=tuple(map(_read, document["at"])),
            is_timeless=bool(document["timeless"]),
            in_overlap_until=tuple(map(_read, document["until"])),
        )


_WRITTEN: Mapping[type, tuple[str, Callable[[Any], str], Callable[[str], object]]] = {
    UndecodedText: ("text", UndecodedText.hex, UndecodedText.fromhex),
    bytes: ("bytes", bytes.hex, bytes.fromhex),
    datetime: ("time", datetime.isoformat, datetime.fromisoformat),
    date: ("day", date.isoformat, date.fromisoformat),
    float: ("float", repr, float),
    Decimal: ("number", str, Decimal),
}
"""Name of each type of value that JSON does not have as it is, and how it is written and read."""

_READERS = {name: read for name, _, read in _WRITTEN.values()}


def _written(value: object) -> object:
    if value is None or isinstance(value, bool | int | str):
        return value
    if type(value) not in _WRITTEN:
        return str(value)
    name, write, _ = _WRITTEN[type(value)]
    return {name: write(value)}


def _read(value: object) -> object:
    if not isinstance(value, dict):
        return value
    ((name, text),) = cast("dict[str, str]", value).items()
    return _READERS[name](text)


def is_before(first: Sequence[object], second: Sequence[object]) -> bool:
    """Return whether a position is before or at another one; true where their values cannot be compared.

    Values of several types in one column are ordered as SQLite does: numbers, texts, bytes.
    """
    try:
        return bool([*map(_ordered, first)] <= [*map(_ordered, second)])
    except TypeError:
        return True


def _ordered(value: Any) -> tuple[int, Any]:
    if isinstance(value, int | float | Decimal):
        return 0, value
    if isinstance(value, str):
        return 1, value.encode("utf-8", "surrogatepass")
    return (1, bytes(value)) if isinstance(value, UndecodedText) else (2, value)
