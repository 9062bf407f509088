"""Personal data is marked in the type; masking, logs, agreements and exports read the mark, nobody lists fields.

Classes follow Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, which tells basic from sensitive data. Every
personal field of today's records is basic. What a mask may leave, the last four characters of a number,
follows the publication rule of NĐ 252/2026.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

T = TypeVar("T")

VISIBLE = 4
"""How many characters of a number a mask leaves at the most."""


class PersonalClass(StrEnum):
    """How the law classes a piece of personal data (dữ liệu cá nhân)."""

    BASIC = "basic"
    """Basic (cơ bản)."""
    SENSITIVE = "sensitive"
    """Sensitive (nhạy cảm)."""


@dataclass(frozen=True, slots=True)
class PersonalMark:
    """Marks a field as personal data; `visible` characters at its end survive masking."""

    personal_class: PersonalClass
    visible: int = 0

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "x-personal": self.personal_class.value}


Personal: TypeAlias = Annotated[T, PersonalMark(PersonalClass.BASIC)]
"""Basic personal data of which nothing is shown: a name, an address, a birth date."""

PersonalNumber: TypeAlias = Annotated[T, PersonalMark(PersonalClass.BASIC, VISIBLE)]
"""Basic personal data whose last four characters may be shown: an identity number, a telephone number."""

SensitivePersonal: TypeAlias = Annotated[T, PersonalMark(PersonalClass.SENSITIVE)]
"""Sensitive personal data; nothing of it is shown."""


def mask(value: object, visible: int = VISIBLE) -> str:
    """Return `value` with only its last `visible` characters shown, or none where too little stays hidden.

    The length of what is hidden is not told.

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
    found = {name: mark for name, field in model.model_fields.items() for mark in _marks(field)}
    return MappingProxyType(found)


@cache
def personal_fields(record_type: type[BaseModel]) -> Mapping[str, PersonalClass]:
    """Return the class of every personal field, by dotted path of names: "holders.name".

    A path has no positions: what it says holds for every element of a list.
    """
    return MappingProxyType(dict(_personal_paths(record_type)))


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
    """Yield the models that stand somewhere in a field's annotation."""
    return (entry for entry in _inside(annotation) if isinstance(entry, type) and issubclass(entry, BaseModel))


def _inside(annotation: object) -> Iterator[object]:
    """Walk through unions, tuples and `Annotated`, metadata included."""
    yield annotation
    for argument in get_args(annotation):
        yield from _inside(argument)
