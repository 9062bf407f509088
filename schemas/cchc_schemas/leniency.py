"""What lenient reading leaves out: optional members that cannot be read, so that one of them does not cost the record.

A member is a field, or one of the parts in a list. The innermost optional member around a fault is left out: the area
of a use if the area cannot be read, the whole use if its code is missing, the shape if its coordinates are none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union, cast, get_args, get_origin

from pydantic import BaseModel

from cchc_schemas.faults import Fault, Note, Refusal, dotted_path

if TYPE_CHECKING:
    from cchc_schemas.records import Record

NEVER_LEFT_OUT = frozenset({"crs_contradicted", "field_unknown"})
"""Rules whose faults always refuse the record: coordinates that contradict their reference system, and a field that the
record does not have, which is the adapter's mistake and not the value's.
"""

Path: TypeAlias = tuple[str | int, ...]
"""Path of a member: names of fields, and indexes of parts in lists."""

_Container: TypeAlias = Mapping[Any, Any] | Sequence[Any]


class LeftOut:
    """The members of one record's fields that are left out, by their paths in the fields as the source gave them."""

    def __init__(self, record_type: type["Record"], fields: Mapping[str, object]) -> None:
        """Start with nothing left out of `fields`."""
        self._record_type = record_type
        self._fields = fields
        self._paths: set[Path] = set()
        self._remaining_indexes: dict[Path, list[int]] = {}
        """Of each shortened list the indexes of its remaining parts."""
        self._faults: dict[Fault, None] = {}

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults for which members were left out; an index in a path is that of the source's list."""
        return tuple(self._faults)

    def add(self, refusals: Iterable[Refusal]) -> bool:
        """Leave out the members that faults refuse; return whether all of them can be, and nothing else is needed."""
        paths = set[Path]()
        is_complete = not _holds_iterator(self._fields)
        for refusal in refusals:
            location = self._in_source(refusal.location)
            fault = refusal.fault
            self._faults[Fault(dotted_path(location), fault.rule, fault.detail)] = None
            member = None if fault.rule in NEVER_LEFT_OUT else self._member(location)
            if member is None:
                is_complete = False
            else:
                paths.add(member)
        if not is_complete or paths <= self._paths:
            return False
        self._paths |= paths
        return True

    def remaining(self) -> Mapping[str, object]:
        """Return the fields without the members that are left out."""
        self._remaining_indexes.clear()
        touched = {path[:length] for path in self._paths for length in range(len(path))}
        return cast("Mapping[str, object]", self._without(self._fields, (), touched))

    def notes(self) -> tuple[Note, ...]:
        """Return a note for each member that was left out."""
        return tuple(Note(fault.path, fault.rule) for fault in self._faults)

    def valid(self, notes: Iterable[Note]) -> Iterator[Note]:
        """Yield the notes on the remaining record that are true of the whole one, with the source's indexes."""
        if not self._paths:
            yield from notes
            return
        left_out = {_names(path) for path in self._paths}
        inputs = self._record_type.quality_inputs
        for note in notes:
            path = tuple(int(step) if step.isdecimal() else step for step in note.path.split("."))
            if left_out.isdisjoint(inputs.get(note.rule, (note.path,))):
                yield Note(dotted_path(self._in_source(path)), note.rule)

    def _without(self, value: Any, path: Path, touched: set[Path]) -> Any:
        """Return the value at `path` without what is left out of it."""
        if path not in touched:
            return value
        if isinstance(value, Mapping):
            members = cast("Mapping[str, Any]", value).items()
            return {
                name: self._without(member, (*path, name), touched)
                for name, member in members
                if (*path, name) not in self._paths
            }
        indexes = [number for number in range(len(value)) if (*path, number) not in self._paths]
        self._remaining_indexes[path] = indexes
        return [self._without(value[number], (*path, number), touched) for number in indexes]

    def _in_source(self, location: Path) -> Path:
        """Return the path in the source's fields of a location in the remaining ones."""
        path: Path = ()
        for step in location:
            indexes = self._remaining_indexes.get(path)
            path = (
                *path,
                indexes[step] if indexes is not None and isinstance(step, int) and step < len(indexes) else step,
            )
        return path

    def _member(self, location: Path) -> Path | None:
        """Return the innermost member around a fault that may be left out; None if there is none."""
        containers = list(_containers(self._fields, location))
        for length in reversed(_optional_lengths(self._record_type, location)):
            if length <= len(containers) and _may_lose(containers[length - 1], location[length - 1]):
                return location[:length]
        return None


def _optional_lengths(record_type: type["Record"], location: Path) -> list[int]:
    """Return how long each path to an optional member on the way to `location` is, the shortest first."""
    if not location or location[0] in record_type.optional_key_fields:
        return []
    lengths, model, element = list[int](), cast("type[BaseModel] | None", record_type), None
    for length, step in enumerate(location, start=1):
        if model is not None and step in model.model_fields:
            is_optional = not model.model_fields[str(step)].is_required()
            model, element = _structure(model, str(step))
        elif element is not None and isinstance(step, int):
            is_optional = True
            model, element = _shape(element)
        else:
            break
        lengths += [length] if is_optional else []
    return lengths


@cache
def _structure(model: type[BaseModel], name: str) -> tuple[type[BaseModel] | None, Any]:
    """Return what the values of a field are: the model of a part, or the type of a list's parts; None for neither."""
    return _shape(model.model_fields[name].annotation)


def _shape(annotation: Any) -> tuple[type[BaseModel] | None, Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(arguments[0])
    if origin in {Union, UnionType}:
        shapes = map(_shape, arguments)
        return next((shape for shape in shapes if shape != (None, None)), (None, None))
    if origin is tuple and arguments[1:] == (...,) and arguments[0] is not Any:
        return None, arguments[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, None
    return None, None


def _containers(fields: _Container, location: Path) -> Iterator[_Container]:
    """Yield the mappings and lists on the way to `location`, from the fields inwards."""
    value: Any = fields
    for step in location:
        if not isinstance(value, Mapping | list | tuple):
            return
        yield cast("_Container", value)
        try:
            value = cast("Any", value)[step]
        except (KeyError, IndexError, TypeError):  # a missing value: there is nothing within
            return


def _may_lose(container: _Container, step: str | int) -> bool:
    """True if a member can be taken out of its container; it may be missing already."""
    return isinstance(container, Mapping) != isinstance(step, int)


def _holds_iterator(value: object) -> bool:
    """True if a part of fields can be read only once, so that there is no second reading without some members."""
    if isinstance(value, Iterator):
        return True
    if isinstance(value, Mapping):
        return any(map(_holds_iterator, cast("Mapping[str, object]", value).values()))
    if isinstance(value, list | tuple):
        parts = cast("Sequence[object]", value)
        return any(_holds_iterator(cast("object", part)) for part in parts if isinstance(part, Mapping))
    return False


def _names(path: Path) -> str:
    """Return the names of a path without its indexes.

    >>> _names(("uses", 0, "area_m2")), _names(("uses", 0))
    ('uses.area_m2', 'uses')
    """
    return ".".join(step for step in path if isinstance(step, str))
