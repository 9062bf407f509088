"""Paths of record fields as agreements name them: "area_m2", "uses", "holders.name".

A path has no list positions: it holds for every element of a list. A leaf is a field that has no fields of its own;
a part (`uses`) has leaves. A new field of a record is a new leaf, which no stored list of leaves contains.

>>> from cchc_schemas import LandParcel
>>> leaves_at(LandParcel, "certificates")
('certificates.serial', 'certificates.book_number', 'certificates.issued_on', 'certificates.dossier_code')
>>> key_fields(LandParcel)
('scheme', 'commune_code', 'map_sheet', 'parcel_number')
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from inspect import getattr_static
from types import MappingProxyType
from typing import Any, Self, cast, get_args

from pydantic import BaseModel

from cchc_schemas.dates import PartialDate
from cchc_schemas.personal import PersonalMark, models_in, personal_marks
from cchc_schemas.records import Record


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field of a record or of one of its parts that has no fields of its own."""

    path: str
    types: frozenset[type]
    """Types of its values, or of the elements of its list."""
    mark: PersonalMark | None
    """Mark of personal data: its own, or that of the part around it."""

    @property
    def is_number(self) -> bool:
        """Whether it is a personal number, of which the last signs may be shown."""
        return self.mark is not None and self.mark.visible > 0

    @property
    def has_year(self) -> bool:
        """Whether its values are days or instants."""
        return any(issubclass(kind, date | PartialDate) for kind in self.types)

    @property
    def is_instant(self) -> bool:
        """Whether its values are instants."""
        return any(issubclass(kind, datetime) for kind in self.types)


@cache
def leaves(model: type[BaseModel]) -> Mapping[str, Leaf]:
    """Return every leaf of a record or part by its path, in the order of the fields."""
    return MappingProxyType({leaf.path: leaf for leaf in _leaves(model, "", None)})


@cache
def parts(model: type[BaseModel]) -> frozenset[str]:
    """Return the paths of a record that are parts: they have leaves."""
    return frozenset(
        ".".join(path.split(".")[:depth]) for path in leaves(model) for depth in range(1, path.count(".") + 1)
    )


def leaves_at(model: type[BaseModel], path: str) -> tuple[str, ...]:
    """Return the leaves at a path: itself if it is one, all below it if it is a part; empty if it does not exist."""
    if path in leaves(model):
        return (path,)
    below = f"{path}."
    return tuple(leaf for leaf in leaves(model) if leaf.startswith(below))


def values_at(document: object, path: str) -> Iterator[object]:
    """Yield the values of a document at a path that are not None, of every element of a list on the way.

    >>> list(values_at({"holders": [{"name": "A"}, {"name": None}, {"name": "B"}]}, "holders.name"))
    ['A', 'B']
    """
    yield from (value for value in _values(document, path.split(".")) if value is not None)


def values_with_gaps(document: Mapping[str, object], path: str) -> Iterator[object]:
    """Yield the values as `values_at` does, and None for each element of a list that has none.

    >>> list(values_with_gaps({"holders": [{"name": "A"}, {"name": None}, {"name": "B"}]}, "holders.name"))
    ['A', None, 'B']
    """
    yield from _values(document, path.split("."))


@cache
def key_fields(record_type: type[Record]) -> tuple[str, ...]:
    """Return the fields of which the key of a record is made, in the order of the fields."""
    read = set[str]()
    key = getattr_static(record_type, "key")
    if isinstance(key, property) and key.fget is not None:
        for is_present in (True, False):  # a key may be made of one field or, where it is empty, of another
            key.fget(_Recorder(read, is_present=is_present))
    return tuple(name for name in record_type.model_fields if name in read | record_type.optional_key_fields)


def _values(value: object, steps: Sequence[str]) -> Iterator[object]:
    if isinstance(value, list | tuple):
        for element in cast("Sequence[object]", value):
            yield from _values(element, steps)
    elif not steps:
        yield value
    elif isinstance(value, Mapping):
        yield from _values(cast("Mapping[str, object]", value).get(steps[0]), steps[1:])
    else:
        yield None


class _Recorder:
    """Stands for a record while its key is made, and records which fields that reads."""

    def __init__(self, read: set[str], *, is_present: bool) -> None:
        self._read = read
        self._value = _Value("value")
        self._value.is_present = is_present

    def __getattr__(self, name: str) -> "_Value":
        self._read.add(name)
        return self._value


class _Value(str):
    """Stands for the value of any field: every method that text lacks returns it again."""

    __slots__ = ("is_present",)

    is_present: bool

    def __bool__(self) -> bool:
        return self.is_present

    def __getattr__(self, name: str) -> Self:
        return self

    def __call__(self, *_: object, **__: object) -> Self:
        return self

    def __format__(self, form: str) -> str:
        return str(self)


def _leaves(model: type[BaseModel], prefix: str, around: PersonalMark | None) -> Iterator[Leaf]:
    marks = personal_marks(model)
    for name, field in model.model_fields.items():
        path, mark = f"{prefix}{name}", marks.get(name, around)
        inner = tuple(dict.fromkeys(models_in(field.annotation)))
        if not inner:
            yield Leaf(path, frozenset(_types(field.annotation)), mark)
        below = {leaf.path: leaf for part in reversed(inner) for leaf in _leaves(part, f"{path}.", mark)}
        yield from below.values()


def _types(annotation: Any) -> Iterator[type]:
    arguments = get_args(annotation)
    if isinstance(annotation, type) and not arguments:
        yield annotation
    for argument in arguments:
        yield from _types(argument)
