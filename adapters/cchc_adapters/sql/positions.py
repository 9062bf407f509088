"""Where a reading stands: the time and the key of the last row, as a page token.

A reading has two parts: rows with a time of change, by time and key, and then rows without one, by key. A reading that
another process continues begins a little before its position, because rows with an earlier time may have appeared
since (`lookback`). Those rows are an overlap: a token of the overlap is continued from exactly, so that a reading that
is interrupted again and again moves on nevertheless.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self, cast

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


def _written(value: object) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case bytes():
            return {"bytes": value.hex()}
        case datetime():
            return {"time": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case float() | Decimal():
            return {"number": str(value)}
        case _:
            return str(value)


def _read(value: object) -> object:
    if not isinstance(value, dict):
        return value
    ((kind, text),) = cast("dict[str, str]", value).items()
    match kind:
        case "bytes":
            return bytes.fromhex(text)
        case "time":
            return datetime.fromisoformat(text)
        case "day":
            return date.fromisoformat(text)
        case _:
            return Decimal(text)


def is_before(first: Sequence[object], second: Sequence[object]) -> bool:
    """Return whether a position is before or at another one; false where their values cannot be compared."""
    try:
        return bool(tuple(first) <= tuple(second))
    except TypeError:
        return False
