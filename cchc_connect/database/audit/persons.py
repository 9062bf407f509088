"""The persons in a record: identity numbers in its fields that are marked as personal numbers, at any depth.

A withheld or masked number counts too: what else of the record was released is about that person.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import cast

from pydantic import BaseModel

from cchc_schemas import RECORD_TYPES
from cchc_schemas.personal import models_in, personal_marks

_SEPARATORS = re.compile(r"[\s.\-]+")
_PERSON_NUMBER = re.compile(r"[0-9]{12}|[0-9]{9}")
"""Identity number of twelve digits (số định danh cá nhân), or of nine (chứng minh nhân dân)."""

Fields = Mapping[str, "Fields | None"]
"""Field -> None for a marked number, or the fields of its parts."""


def person_numbers(record_type: str, document: Mapping[str, object]) -> frozenset[str]:
    """Return the identity numbers of persons in a record's document, as digits alone."""
    model = RECORD_TYPES.get(record_type)
    return frozenset() if model is None else frozenset(_numbers(_number_fields(model), document))


def normal_number(text: str) -> str | None:
    """Return an identity number as digits alone, None if it is none.

    >>> normal_number("001 099 000 001"), normal_number("0123")
    ('001099000001', None)
    """
    digits = text if text.isalnum() else _SEPARATORS.sub("", text)
    return digits if _PERSON_NUMBER.fullmatch(digits) else None


def _numbers(fields: Fields, document: Mapping[str, object]) -> Iterator[str]:
    for name, inner in fields.items():
        value = document.get(name)
        if value is None:
            continue
        if inner is None:
            number = normal_number(str(value))
            if number is not None:
                yield number
            continue
        for part in cast("Sequence[object]", value) if isinstance(value, list) else (value,):
            if isinstance(part, Mapping):
                yield from _numbers(inner, cast("Mapping[str, object]", part))


@cache
def _number_fields(model: type[BaseModel]) -> Fields:
    """Return the fields of a model that hold marked numbers or parts with such."""
    marks = personal_marks(model)
    fields: dict[str, Fields | None] = {name: None for name, mark in marks.items() if mark.visible}
    for name, field in model.model_fields.items():
        if name in fields:
            continue
        parts = [_number_fields(part) for part in models_in(field.annotation)]
        inner = {key: value for part in parts for key, value in part.items()}
        if inner:
            fields[name] = inner
    return fields
