"""Conditions on an item as TOML states them: `{ property = "trang_thai", values = ["huy", 0] }`.

Values compare with their type: 0 is not false, and "00" is not 0. Numbers are equal whatever their kind, texts without
the spaces at their ends and in NFC.

>>> is_cancelled = Condition(property="state", values=(0, "huy")).matcher()
>>> [is_cancelled({"state": value}) for value in (0, 0.0, False, "0", " huy ", None)]
[True, True, False, False, True, False]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from pydantic import (
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic_core import CoreSchema

from cchc_connect.wire.codecs import Unreadable
from cchc_connect.wire.field_map import At, at, value_at
from cchc_connect.wire.json import Item
from cchc_connect.wire.property_names import FieldPath, nfc, property_path
from cchc_schemas.described_models import DescribedModel

Scalar: TypeAlias = StrictBool | StrictInt | StrictFloat | StrictStr
"""One value of TOML that keeps its type."""

MAX_SHOWN_LENGTH = 8
"""Longest number or code of an item that is shown."""

_Typed: TypeAlias = tuple[str, object]

_NOTHING: _Typed = ("nothing", None)


@dataclass(frozen=True, eq=False)
class Matcher:
    """A condition, prepared for many items."""

    path: FieldPath
    values: frozenset[_Typed]
    further: "Matcher | None"

    def __call__(self, item: Item) -> bool:
        """Return whether an item meets the condition."""
        path = self.path
        value = _typed(item[path[0]] if len(path) == 1 and path[0] in item else value_at(item, path))
        is_met = value in self.values if self.values else value != _NOTHING
        return is_met and (self.further is None or self.further(item))

    def says(self, item: Item) -> bool | None:
        """Return whether an item meets the condition; None if it has no value, and none is not among the values."""
        if _NOTHING not in self.values and _typed(value_at(item, self.path)) == _NOTHING:
            return None
        return self(item)


class Condition(DescribedModel):
    """A condition on an item: a property has one of these values, or has any."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    property: str = Field(min_length=1)
    """Property, or path through objects and lists."""
    values: tuple[Scalar, ...] = ()
    """Values that meet the condition, each with its type; "" stands for no value. Empty: any value meets it."""
    and_: "Condition | None" = Field(default=None, alias="and")
    """A further condition that must be met too."""

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, written: object) -> object:
        """Return the table that a bare text stands for: the property has a value."""
        return {"property": written} if isinstance(written, str) else written

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the short form."""
        return {"anyOf": [{"type": "string"}, handler(schema)]}

    def matcher(self) -> Matcher:
        """Return the condition, prepared for many items."""
        further = None if self.and_ is None else self.and_.matcher()
        return Matcher(property_path(self.property), frozenset(map(_typed, self.values)), further)

    def reads(self) -> Iterator[At]:
        """Yield what it reads of an item."""
        yield at(self.property)
        if self.and_ is not None:
            yield from self.and_.reads()


class OneOrSeveral:
    """Annotates a list of which one member may stand alone, for the JSON Schema."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        members = handler(schema)
        return {"anyOf": [members["items"], members]}


def is_same(value: object, expected: object) -> bool:
    """Return whether a value is the expected one, of the same type."""
    return _typed(value) == _typed(expected)


def value_kind(value: object) -> str | None:
    """Return the kind by which values compare, `text`, `flag`, `number` or `other`; None for no value."""
    kind = _typed(value)[0]
    return None if kind == _NOTHING[0] else kind


def in_toml(value: object) -> str:
    """Return a value of a condition as TOML writes it.

    >>> in_toml(True), in_toml(1), in_toml("huy")
    ('true', '1', '"huy"')
    """
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def shown_value(value: object) -> str:
    """Return a value of an item as TOML writes it where it may be shown: a flag, a short number or a code; else `...`.

    >>> [shown_value(value) for value in (True, 1, "huy", "Nguyễn Văn A", [1], None)]
    ['true', '1', '"huy"', '"..."', '...', 'null']
    """
    if value is None:
        return "null"
    text = str(value)
    if isinstance(value, str):
        return in_toml(text if text.isascii() and text.isalnum() and len(text) <= MAX_SHOWN_LENGTH else "...")
    is_short = isinstance(value, int | float | Decimal) and len(text) <= MAX_SHOWN_LENGTH
    return in_toml(value) if is_short else "..."


def listed_conditions(written: object) -> object:
    """Return a list of conditions; one that stands alone is a list of one."""
    return [written] if isinstance(written, str | dict) else written  # pyright: ignore[reportUnknownVariableType]  # as TOML gives it


def _typed(value: object) -> _Typed:
    if isinstance(value, str):
        text = (value if value.isascii() else nfc(value)).strip()
        return ("text", text) if text else _NOTHING
    if value is None or isinstance(value, Unreadable):
        return _NOTHING
    if isinstance(value, bool):
        return "flag", value
    return ("number", value) if isinstance(value, int | float | Decimal) else ("other", None)
