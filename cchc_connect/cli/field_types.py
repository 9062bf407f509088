"""What a field of a record or an option of an adapter may contain: type in words, unit, allowed values."""

import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cchc_connect.cli.console import Console
from cchc_connect.record_fields import member_name, named_code, nested_types, unit_of
from cchc_schemas import PartialDate, code_list
from cchc_schemas.codes import Code, ListedCode

_KEY_BY_CLASS: Mapping[type, str] = {
    bool: "boolean",
    Enum: "listed",
    int: "whole_number",
    float: "decimal",
    Decimal: "decimal",
    datetime: "instant",
    PartialDate: "date",
    BaseModel: "group",
    str: "text",
    Mapping: "table",
}
"""Class -> key of its word in the catalogue; the first that fits counts."""

_LIMITS: Mapping[str, str] = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
"""Attribute of a limit -> its sign."""


@dataclass(frozen=True, kw_only=True)
class AllowedValue:
    """One value that a field may have, and its name in the reader's language; "" if it has none of its own."""

    value: object
    name: str
    identifier: str = ""
    """What a field map may write in its place, "in_process" for 4; "" where that is the value itself."""


def field_type_text(name: str, field: FieldInfo, console: Console) -> str:
    """Return the type of a field in words, with its unit and limits: "whole number ≥ 1 ≤ 1000"."""
    kinds = [*field.metadata, *nested_types(field.annotation)]
    words = _type_words(field.annotation, field.metadata, console)
    limits = [
        f"{sign} {limit}"
        for kind in kinds
        for attribute, sign in _LIMITS.items()
        if (limit := _limit(kind, attribute)) is not None
    ]
    unit = unit_of(name)
    return " ".join([words, *limits]) + (f", {unit}" if unit else "")


def allowed_values(field: FieldInfo, console: Console) -> list[AllowedValue]:
    """Return the values that a field may have; an empty list if any value of its type is allowed."""
    kinds = [*field.metadata, *nested_types(field.annotation)]
    return [value for kind in dict.fromkeys(map(_hashable, kinds)) for value in _values_of(kind, console)]


def _values_of(kind: object, console: Console) -> Iterator[AllowedValue]:
    if isinstance(kind, ListedCode):
        for code in code_list(kind.code_list):
            yield AllowedValue(value=code, name=_own_name(named_code(kind.code_list, code, console), code))
    elif isinstance(kind, type) and issubclass(kind, Enum):
        for member in kind:
            yield AllowedValue(
                value=member.value,
                name=_own_name(member_name(kind, member.value, console), member.value),
                identifier="" if isinstance(member.value, str) else member.name.lower(),
            )
    elif get_origin(kind) is Literal:
        yield from (AllowedValue(value=value, name="") for value in get_args(kind))


def _own_name(text: str, value: object) -> str:
    """Return the name in "name (value)"; "" if the text is the value alone."""
    return "" if text == str(value) else text.removesuffix(f" ({value})")


def _hashable(kind: Any) -> Any:
    try:
        hash(kind)
    except TypeError:
        return None  # metadata of a kind that holds no values
    return kind


def _limit(kind: object, attribute: str) -> object:
    limit = getattr(kind, attribute, None)
    return limit if isinstance(limit, int | float | Decimal) else None


def _type_words(annotation: Any, metadata: Collection[object], console: Console) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_words(arguments[0], arguments[1:], console)
    if origin in {Union, types.UnionType}:
        members = [member for member in arguments if member is not type(None)]
        joint = f" {console.text('value.or')} "
        return joint.join(dict.fromkeys(_type_words(member, metadata, console) for member in members))
    if origin in {tuple, list, set, frozenset, Sequence}:
        return console.text("field_type.list", element=_type_words(arguments[0], (), console))
    return console.text(f"field_type.{_type_key(annotation, metadata)}")


def _type_key(annotation: Any, metadata: Collection[object]) -> str:
    """Return the key of the word for a type that has no parts."""
    if get_origin(annotation) is Literal or any(isinstance(kind, ListedCode) for kind in metadata):
        return "listed"
    if any(isinstance(kind, Code) for kind in metadata):
        return "code"
    parent = get_origin(annotation) or annotation
    keys = (
        key
        for parent_class, key in _KEY_BY_CLASS.items()
        if isinstance(parent, type) and issubclass(parent, parent_class)
    )
    return next(keys, "any")
