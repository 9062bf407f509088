"""Marks of personal data in field types; masking, logs and exports read the marks, so no list of fields is needed.

Classes follow Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, which distinguishes basic and sensitive data. Every
personal field of the current records is basic. Masking may show the last four characters of a number, by the
publication rule of NĐ 252/2026.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias, TypeVar, cast, get_args

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

T = TypeVar("T")

VISIBLE = 4
"""Largest number of characters that masking shows."""


class PersonalClass(StrEnum):
    """Class of personal data by law (dữ liệu cá nhân)."""

    BASIC = "basic"
    """Basic (cơ bản)."""
    SENSITIVE = "sensitive"
    """Sensitive (nhạy cảm)."""


@dataclass(frozen=True, slots=True)
class PersonalMark:
    """Marks a field as personal data; masking shows its last `visible` characters."""

    personal_class: PersonalClass
    visible: int = 0

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "x-personal": self.personal_class.value}


Personal: TypeAlias = Annotated[T, PersonalMark(PersonalClass.BASIC)]
"""Basic personal data, masked completely: a name, an address, a birth date."""

PersonalNumber: TypeAlias = Annotated[T, PersonalMark(PersonalClass.BASIC, VISIBLE)]
"""Basic personal data whose last four characters may be shown: an identity number, a telephone number."""

SensitivePersonal: TypeAlias = Annotated[T, PersonalMark(PersonalClass.SENSITIVE)]
"""Sensitive personal data, masked completely."""


def mask(value: object, visible: int = VISIBLE) -> str:
    """Return `value` with only its last `visible` characters shown; none if that were more than half of it.

    The result does not show how many characters are hidden.

    >>> mask("000000000123")
    '***0123'
    >>> mask("0123")
    '***'
    """
    text = str(value)
    return "***" + text[-visible:] if 0 < visible <= len(text) // 2 else "***"


@cache
def personal_marks(model: type[BaseModel]) -> Mapping[str, PersonalMark]:
    """Return the marks of a model's own fields, by field name."""
    marks = {name: mark for name, field in model.model_fields.items() for mark in _marks(field)}
    return MappingProxyType(marks)


@cache
def personal_fields(record_type: type[BaseModel]) -> Mapping[str, PersonalClass]:
    """Return the class of every personal field, by dotted path of names: "holders.name".

    A path has no list positions: it holds for every element of a list.
    """
    return MappingProxyType(dict(_personal_paths(record_type)))


def without_personal(model: type[BaseModel], document: Mapping[str, object]) -> dict[str, object]:
    """Return the JSON-ready fields of a record or part without its personal fields, at any depth."""
    marks = personal_marks(model)
    return {
        name: _parts_without_personal(tuple(models_in(model.model_fields[name].annotation)), value)
        for name, value in document.items()
        if name not in marks
    }


def _parts_without_personal(models: Sequence[type[BaseModel]], value: object) -> object:
    match value:
        case list():
            return [_parts_without_personal(models, part) for part in cast("list[object]", value)]
        case Mapping() if models:
            return without_personal(models[0], cast("Mapping[str, object]", value))
        case _:
            return value


def _personal_paths(model: type[BaseModel]) -> Iterator[tuple[str, PersonalClass]]:
    marks = personal_marks(model)
    for name, field in model.model_fields.items():
        if name in marks:
            yield name, marks[name].personal_class
        for part in models_in(field.annotation):
            for path, personal_class in personal_fields(part).items():
                yield f"{name}.{path}", personal_class


def _marks(field: FieldInfo) -> Iterator[PersonalMark]:
    yield from (entry for entry in field.metadata if isinstance(entry, PersonalMark))
    yield from (entry for entry in _inside(field.annotation) if isinstance(entry, PersonalMark))


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models anywhere in a field's annotation."""
    return (entry for entry in _inside(annotation) if isinstance(entry, type) and issubclass(entry, BaseModel))


def _inside(annotation: object) -> Iterator[object]:
    """Yield the annotation and, recursively, the arguments of unions, tuples and `Annotated`, metadata included."""
    yield annotation
    for argument in get_args(annotation):
        yield from _inside(argument)
