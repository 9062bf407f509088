"""Field maps: which property of a wire item becomes which field of a record, and by which codec its value is read.

A field map is a dictionary, `{"name": at("tenCongTrinh"), "issued_on": at("ngayCap", read=day)}`, or a table of rules
in TOML, which needs no code (`field_rules`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from cchc_connect.wire.codecs import (
    Reader,
    Unreadable,
    as_list,
    as_object,
    flag,
    plain_text,
    text_or_none,
)
from cchc_connect.wire.json import Item
from cchc_connect.wire.property_names import CHOICE, MEMBERS, FieldPath, property_path, step_into
from cchc_schemas.faults import Noted

ValueReader: TypeAlias = Callable[[Item], object]
"""Takes one value from an item and reads it; usually an `At`."""

FieldMap: TypeAlias = Mapping[str, ValueReader]
"""A record's fields, each with the function that takes its value from an item."""

NOT_AN_OBJECT = Unreadable("object_expected")


@dataclass(frozen=True, eq=False)
class At:
    """Takes the value at the first of its paths that has one."""

    paths: tuple[FieldPath, ...]
    read: Reader
    is_own: bool = False
    """Whether a person wrote it for this source, so that a property that is never there is a mistake."""

    @property
    def property(self) -> str:
        """The property it reads, where it has one path of one step; else ""."""
        return self.paths[0][0] if len(self.paths) == len(self.paths[0]) == 1 else ""

    def __call__(self, item: Item) -> object:
        """Return the value as read; None where no path has one."""
        nothing: Noted | None = None
        for path in self.paths:
            value = self.read(item[path[0]] if len(path) == 1 and path[0] in item else value_at(item, path))
            if isinstance(value, Noted) and value.value is None:
                nothing = nothing or value
            elif value is not None:
                return value
        return nothing


@dataclass(frozen=True, eq=False)
class ListReader:
    """Reads a list of parts; a part for which `is_included` gives false is left out."""

    fields: FieldMap
    is_included: ValueReader | None
    none_is_unknown: bool = False
    """Whether no list at all is None, of a field for which an empty list says that there is none."""

    def __call__(self, value: object) -> list[object] | None:
        """Return the fields of each part that is not left out."""
        if value is None and self.none_is_unknown:
            return None
        parts = [as_object(member) for member in self.included_members(value)]
        fields = self.fields.items()
        return [NOT_AN_OBJECT if part is None else {name: value(part) for name, value in fields} for part in parts]

    def included_members(self, value: object) -> list[object]:
        """Return the members that are not left out, unread; a member that is no object stays and is refused later."""
        members = as_list(value)
        if self.is_included is None:
            return members
        return [
            member for member in members if (part := as_object(member)) is None or self.is_included(part) is not False
        ]


class MappedItem(Mapping[str, object]):
    """The fields of an item by a field map, with own fields added; read lazily, again at each access.

    The engine does not read it: it reads and checks mapped items in one step (`compiled_models`).
    """

    __slots__ = ("also_reads", "fields", "item", "own_fields")

    def __init__(
        self,
        item: Item,
        fields: FieldMap,
        own: Mapping[str, object] = MappingProxyType({}),
        also_reads: FieldMap = MappingProxyType({}),
    ) -> None:
        """Store item, map and own fields; `own` overrides `fields`; `also_reads` says what `own` is made of."""
        self.also_reads = also_reads
        self.item = item
        self.fields = fields
        self.own_fields = own

    def read(self) -> dict[str, object]:
        """Return all fields, read now."""
        return {name: value(self.item) for name, value in self.fields.items() if name not in self.own_fields} | dict(
            self.own_fields
        )

    def __or__(self, own: Mapping[str, object]) -> "MappedItem":
        return MappedItem(self.item, self.fields, {**self.own_fields, **own}, self.also_reads)

    def __getitem__(self, name: str) -> object:
        return self.own_fields[name] if name in self.own_fields else self.fields[name](self.item)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self.fields, *self.own_fields)))

    def __len__(self) -> int:
        return len(self.fields.keys() | self.own_fields.keys())

    def __repr__(self) -> str:
        """Show names only: values may be personal."""
        return f"<fields {', '.join(sorted(self.fields.keys() | self.own_fields.keys()))}>"


def at(*paths: str, read: Reader = text_or_none) -> At:
    r"""Return a function that takes the value at the first of `paths` that has one.

    A path is a property, or steps through objects and lists: "diaChi.maPhuongXa", "nguonGoc.0.ma". Where a list is
    expected, a single object counts as its first member. A property whose whole name is the path goes before the way;
    "\." is a dot that is always part of a name. Names compare in NFC (`property_names`).
    """
    return At(tuple(property_path(path) for path in paths), read)


def every_at(readers: Iterable[object]) -> Iterator[At]:
    """Yield each `At` among readers of fields, also within readers that ask several."""
    for read in readers:
        if isinstance(read, At):
            yield read
        else:
            yield from every_at(getattr(read, "readers", ()))


def each(fields: FieldMap, where: str = "") -> ListReader:
    """Return a reader of a list of parts; a part whose flag `where` is false is left out."""
    return ListReader(fields, at(where, read=flag) if where else None)


def translated(item: Item, fields: FieldMap, also_reads: FieldMap = MappingProxyType({})) -> MappedItem:
    """Return the fields of `item`; `translated(item, MAP) | {...}` adds fields that a map cannot express.

    `also_reads` names what those are read from: it is watched like the properties of the map.
    """
    return MappedItem(item, fields, also_reads=also_reads)


def value_at(item: object, path: Sequence[str]) -> object:
    """Return the value at a path through objects and lists; None where the path ends before.

    Steps that make the name of a property together are that property; names compare in NFC.
    """
    value, steps, start = item, tuple(path), 0
    while start < len(steps) and value is not None:
        members, step = as_object(value), steps[start]
        property_step = None if members is None else step_into(members, steps, start)
        if members is not None and property_step is not None:
            value, start = members[property_step[0]], property_step[1]
        elif step == MEMBERS or step.startswith(CHOICE):
            value, start = _members_of(value) if step == MEMBERS else _chosen(value, step), start + 1
        elif step.isdecimal():
            listed = as_list(value)
            value, start = listed[int(step)] if int(step) < len(listed) else None, start + 1
        else:
            return NOT_AN_OBJECT if members is None else None
    return value


def _members_of(value: object) -> list[Item]:
    """Return the objects that are members of an object, or of each object of a list, each with its name under "*"."""
    owners = [owner for owner in map(as_object, as_list(value)) if owner is not None]
    named = [(name, as_object(member)) for owner in owners for name, member in owner.items()]
    return [{MEMBERS: name, **member} for name, member in named if member is not None]


def _chosen(value: object, step: str) -> Item | None:
    """Return the member of a list that a step "[name=value]" describes, of several the last; None if there is none."""
    name, _, expected = step.removeprefix(CHOICE).removesuffix("]").partition("=")
    members = [member for member in map(as_object, as_list(value)) if member is not None]
    return next((member for member in reversed(members) if plain_text(member.get(name)) == expected), None)
