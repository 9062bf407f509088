"""What a field of a record holds, read from its annotation: one value, a list of values, a part, a list of parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from cchc_schemas import Geometry
from cchc_schemas.personal import models_in, personal_marks


@dataclass(frozen=True, kw_only=True)
class FieldType:
    """Type of a field."""

    name: str
    kind: type[Any]
    """Python type of a value: `str` of a personal field, because it is masked; `BaseModel` subclass of a part."""
    is_list: bool

    @property
    def part(self) -> type[BaseModel] | None:
        """The model of a part, None for a value."""
        return self.kind if issubclass(self.kind, BaseModel) else None


@cache
def field_types(model: type[BaseModel]) -> tuple[FieldType, ...]:
    """Return the types of the fields of a record or part, without its geometry, in their order."""
    marks = personal_marks(model)
    return tuple(
        FieldType(name=name, kind=str, is_list=False)
        if name in marks
        else FieldType(name=name, kind=_kind(field.annotation), is_list=tuple in set(_classes(field.annotation)))
        for name, field in model.model_fields.items()
        if not _is_geometry(field.annotation)
    )


def has_geometry(model: type[BaseModel]) -> bool:
    """True if records of this type may have a geometry."""
    return any(_is_geometry(field.annotation) for field in model.model_fields.values())


def _is_geometry(annotation: object) -> bool:
    return Geometry in set(models_in(annotation))


def _kind(annotation: object) -> type[Any]:
    models = set(models_in(annotation))
    if models:
        (model,) = models  # no record has a field of several parts; a test says so
        return model
    kinds = [kind for kind in _classes(annotation) if kind not in {tuple, type(None)}]
    return kinds[0]


def _classes(annotation: object) -> Iterator[type[Any]]:
    """Yield the classes anywhere in an annotation; metadata are left out."""
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
        return
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, tuple):
        yield origin
    for argument in get_args(annotation):
        yield from _classes(argument)
