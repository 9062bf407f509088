"""Showing records and wire items without the personal values in them.

Of a record the marks in its type say what is personal. Of a wire item that became no record nothing is
known, so that every text and every long number of it is hidden.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel

from cchc_schemas import mask
from cchc_schemas.personal import models_in, personal_marks

HIDDEN = "***"

LONGEST_HARMLESS = 8
"""Digits; identity, tax and telephone numbers written as numbers have nine or more."""


def masked_record(record: BaseModel) -> dict[str, Any]:
    """Return a record as JSON-ready fields, its personal values masked as their types say."""
    document = record.model_dump(mode="json")
    marks = personal_marks(type(record))
    for name, shown in document.items():
        value = getattr(record, name)
        if name in marks:
            document[name] = None if value is None else mask(value, marks[name].visible)
        else:
            document[name] = _masked_part(value, shown)
    return document


def _masked_part(value: object, shown: object) -> object:
    match value:
        case BaseModel():
            return masked_record(value)
        case tuple():
            parts, documents = cast("Sequence[object]", value), cast("Sequence[object]", shown)
            return [_masked_part(*pair) for pair in zip(parts, documents, strict=True)]
        case _:
            return shown


def masked_document(kind: type[BaseModel], document: Mapping[str, object]) -> dict[str, object]:
    """Return a stored document of a record or part, its personal values masked as the type says."""
    return {name: masked_field(kind, name, value) for name, value in document.items()}


def masked_field(kind: type[BaseModel], name: str, value: object) -> object:
    """Return one field's stored value, masked as the type says; of a field the type lacks nothing is shown."""
    if value is None:
        return None
    if name not in kind.model_fields:
        return HIDDEN
    marks = personal_marks(kind)
    if name in marks:
        return mask(value, marks[name].visible)
    return _masked_parts(tuple(models_in(kind.model_fields[name].annotation)), value)


def _masked_parts(kinds: Sequence[type[BaseModel]], value: object) -> object:
    match value:
        case list():
            return [_masked_parts(kinds, one) for one in cast("Sequence[object]", value)]
        case Mapping() if kinds:
            part = cast("Mapping[str, object]", value)
            kind = next((kind for kind in kinds if part.keys() <= kind.model_fields.keys()), kinds[0])
            return masked_document(kind, part)
        case _:
            return value


def masked_item(value: object) -> object:
    """Return a wire item with its shape and names as they are and its texts and long numbers hidden.

    A name that is a number itself, as where a system lists persons by their identity numbers, is masked.

    >>> masked_item({"hoTen": "Nguyễn Thị Mẫu", "soTo": 12, "cccd": 74000000000, "074000000000": {}})
    {'hoTen': '***', 'soTo': 12, 'cccd': '***', '***0000': {}}
    """
    match value:
        case Mapping():
            return {_masked_name(name): masked_item(one) for name, one in cast("Mapping[str, object]", value).items()}
        case str():
            return HIDDEN if value else value
        case list() | tuple():
            return [masked_item(one) for one in cast("Sequence[object]", value)]
        case int() if len(str(abs(value))) > LONGEST_HARMLESS:
            return HIDDEN
        case _:
            return value


def _masked_name(name: str) -> str:
    return mask(name) if sum(map(str.isdecimal, name)) > LONGEST_HARMLESS else name
