"""Counts what the items of a source have of each property: how often it is there, filled, and of which kinds.

Only items that are translated are counted, where their properties are at hand: an unchanged item is not parsed for it.
Items of one form, with the same names and types of values in one order, are counted together, so that the watch costs
little. A name is that of the property with the way to it through objects, in NFC: "diaChi.chiTiet".
"""

import hashlib
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from cchc_connect.privacy.outside_names import looks_like_person
from cchc_connect.wire.codecs import as_list, as_object
from cchc_connect.wire.field_map import At, FieldMap, ListReader, MappedItem
from cchc_connect.wire.property_names import FieldPath, found_name, is_step_of_lists, nfc
from cchc_connect.wire.word_maps import WordMap

MAX_PROPERTIES = 400
"""Properties of one source that are watched; further ones that the map does not read are not."""

MAX_NAME_LENGTH = 200
"""Longest name that is watched, in characters; one with control characters, or that looks like a person, is not."""

MAX_FORMS = 2_000
"""Forms of items that are counted before they are summed up."""

MAX_WORDS = 50
"""Words outside the list of a map that are watched, for each property."""

KINDS: Mapping[type, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "flag",
    dict: "object",
    list: "list",
    type(None): "null",
}
"""Kind of each type of value; an empty text is of the kind null."""

_Form: TypeAlias = tuple[tuple[str, ...], tuple[type, ...]]


class SeenProperty(msgspec.Struct):
    """What items had of one property."""

    items: int = 0
    """Items, or objects within them, that could have it."""
    present: int = 0
    """How many of them had it."""
    filled: int = 0
    """How many of them had a value."""
    kinds: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    """Kind -> number of values."""
    words: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    """Hash of each word outside the list of the map -> number of values."""

    def add(self, seen: "SeenProperty") -> None:
        """Add what other items had."""
        self.items += seen.items
        self.present += seen.present
        self.filled += seen.filled
        for counts, added in ((self.kinds, seen.kinds), (self.words, seen.words)):
            for name, number in added.items():
                if name in counts or len(counts) < MAX_WORDS:
                    counts[name] = counts.get(name, 0) + number


class SeenItems(msgspec.Struct):
    """What the items of one batch had."""

    items: int = 0
    properties: dict[str, SeenProperty] = msgspec.field(default_factory=dict[str, SeenProperty])
    levels: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    """Way to objects within the items, with a dot at its end -> number of them; "" -> `items`."""
    own_rules: list[str] = msgspec.field(default_factory=list[str])
    """Property of each rule that a person wrote for this source, where the rule reads one alone."""
    reads: dict[str, list[str]] = msgspec.field(default_factory=dict[str, list[str]])
    """Field of the record -> names that its rule may read; none for a field that the adapter itself makes."""

    def add(self, seen: "SeenItems") -> None:
        """Add what other items had."""
        self.items += seen.items
        for name, of_property in seen.properties.items():
            if name in self.properties:
                self.properties[name].add(of_property)
            elif len(self.properties) < MAX_PROPERTIES:
                self.properties[name] = of_property
        for prefix, number in seen.levels.items():
            self.levels[prefix] = self.levels.get(prefix, 0) + number
        self.reads.update(seen.reads)
        self.own_rules = seen.own_rules or self.own_rules

    @property
    def unseen_rules(self) -> dict[str, int]:
        """Return the property of each own rule that finds nothing -> number of items that could have it."""
        return {
            name: self.levels[level]
            for name in self.own_rules
            if name not in self.properties and (level := self.level_of(name, self.properties)) is not None
        }

    def level_of(self, name: str, properties: Container[str] = ()) -> str | None:
        """Return the way to the objects of these items on which a property lies; None if none of them was there.

        Args:
            name: the property; dots may be part of its name.
            properties: names of known properties, of which an object that is not there is one.
        """
        parent = name.rpartition(".")[0]
        while parent:
            if f"{parent}." in self.levels:
                return f"{parent}."
            if parent in properties:
                return None
            parent = parent.rpartition(".")[0]
        return "" if self.items else None

    def add_unread(self, names: Iterable[str]) -> None:
        """Add properties that the source has and does not fetch: each item could have shown them."""
        for name in filter(is_watched, map(nfc, names)):
            if self.items and name not in self.properties and len(self.properties) < MAX_PROPERTIES:
                self.properties[name] = SeenProperty(items=self.items, present=self.items)

    def settle(self) -> None:
        """Set how many objects could have each property; call it when everything is added."""
        for name, of_property in self.properties.items():
            of_property.items = self.levels[self.level_of(name) or ""]

    @property
    def read_names(self) -> frozenset[str]:
        """Names that rules may read, with those of the objects on the way."""
        names = {name for names in self.reads.values() for name in names}
        ways = {name[:index] for name in names for index, sign in enumerate(name) if sign == "."}
        return frozenset(names | ways)


class _Level:
    """What of the objects at one place of an item is looked at."""

    def __init__(self) -> None:
        self.nested: dict[str, _Level] = {}
        self.words: list[tuple[str, WordMap]] = []


_MapPlan: TypeAlias = tuple[FieldMap, _Level, dict[str, list[str]], dict[str, str]]
"""Map, what is looked at, names by field, and field by the property that it is read from."""


class PropertyWatch:
    """Counts the properties of the items of one source."""

    def __init__(self) -> None:
        """Start without any."""
        self._forms: dict[str, dict[_Form, int]] = {}
        self._form_count = 0
        self._words: dict[str, Counter[str]] = {}
        self._maps: dict[int, _MapPlan] = {}
        self._seen = SeenItems()

    def add_mapped(self, mapped: MappedItem) -> tuple[str, ...]:
        """Count an item that a field map reads; return the fields whose property it does not have at all."""
        _, level, reads, needed = self._plan(mapped)
        self._seen.items += 1
        if not (mapped.own_fields.keys() | reads.keys()) <= self._seen.reads.keys():
            self._seen.reads.update({**{name: [] for name in mapped.own_fields}, **reads})
            self._seen.own_rules = [*_own_rules((*mapped.fields.values(), *mapped.also_reads.values()))]
        self._add(mapped.item, level, "")
        if needed.keys() <= mapped.item.keys():
            return ()
        return tuple(field for name, field in needed.items() if found_name(mapped.item, name) is None)

    def add_plain(self, item: Mapping[str, Any], fields: Mapping[str, object]) -> None:
        """Count an item that the adapter's own code reads."""
        self._seen.items += 1
        if not self._seen.reads:
            self._seen.reads.update({name: [] for name in fields})
        self._add(item, _NOTHING_NESTED, "")

    def take(self) -> SeenItems | None:
        """Return what was counted since the last call; None if that is nothing."""
        if not self._seen.items:
            return None
        self._sum_up()
        seen, self._seen = self._seen, SeenItems()
        for name, words in self._words.items():
            if name in seen.properties:
                seen.properties[name].words = dict(words.most_common(MAX_WORDS))
        self._words = {}
        return seen

    def _add(self, members: Mapping[str, Any], level: _Level, prefix: str) -> None:
        values = members.values()
        kinds = tuple(map(type, values))
        if "" in values:
            kinds = tuple(type(None) if value == "" else kind for value, kind in zip(values, kinds, strict=True))
        forms, form = self._forms.setdefault(prefix, {}), (tuple(members), kinds)
        if form not in forms:
            self._form_count += 1
        forms[form] = forms.get(form, 0) + 1
        for name, words in level.words:
            value = members.get(name)
            if value is not None and not words.lists(value):
                self._words.setdefault(nfc(prefix + name), Counter())[word_hash(value)] += 1
        for name, nested in level.nested.items():
            value = members.get(name)
            for part in as_list(value):
                if (part_members := as_object(part)) is not None:
                    self._add(part_members, nested, f"{prefix}{name}.")
        if self._form_count > MAX_FORMS:
            self._sum_up()

    def _sum_up(self) -> None:
        properties, levels = self._seen.properties, self._seen.levels
        for prefix, forms in self._forms.items():
            for (names, kinds), number in forms.items():
                levels[prefix] = levels.get(prefix, 0) + number
                for name, kind in zip(names, kinds, strict=True):
                    self._count(prefix + name, KINDS.get(kind, "other"), number, properties)
        self._forms, self._form_count = {}, 0

    def _count(self, name: str, kind: str, number: int, properties: dict[str, SeenProperty]) -> None:
        of_property = properties.get(name)
        if of_property is None:
            name = nfc(name)
            if name not in properties and (len(properties) >= MAX_PROPERTIES or not is_watched(name)):
                return
            of_property = properties.setdefault(name, SeenProperty())
        of_property.present += number
        of_property.filled += 0 if kind == "null" else number
        of_property.kinds[kind] = of_property.kinds.get(kind, 0) + number

    def _plan(self, mapped: MappedItem) -> _MapPlan:
        plan = self._maps.get(id(mapped.fields))
        if plan is None:  # the map is stored too, so that its id is not reused
            level, reads = _Level(), dict[str, list[str]]()
            for fields in (mapped.fields, mapped.also_reads):
                for name, value in fields.items():
                    reads[name] = [*_names(value)]
                    _look_at(value, level)
            single = {value.property: name for name, value in mapped.fields.items() if isinstance(value, At)}
            needed = {name: field for name, field in single.items() if name}
            plan = self._maps[id(mapped.fields)] = mapped.fields, level, reads, needed
        return plan


_NOTHING_NESTED = _Level()


def is_watched(name: str) -> bool:
    """Return whether a property name may be stored and shown."""
    return len(name) <= MAX_NAME_LENGTH and _may_be_shown(name)


@lru_cache(maxsize=4 * MAX_PROPERTIES)
def _may_be_shown(name: str) -> bool:
    return name.isprintable() and not looks_like_person(name)


def word_hash(value: object) -> str:
    """Return a short hash of a word; the word itself may be anything, also a name."""
    return hashlib.blake2b(nfc(str(value).strip()).encode(errors="replace"), digest_size=4).hexdigest()


def property_names(path: FieldPath) -> tuple[str, ...]:
    """Return the names under which a path is counted: steps through lists may be part of a name, or are none.

    >>> property_names(("chu", "0", "ten"))
    ('chu.0.ten', 'chu.ten')
    """
    names = (".".join(path), ".".join(step for step in path if not is_step_of_lists(step)))
    return tuple(dict.fromkeys(nfc(name) for name in names))


def _own_rules(readers: Iterable[object]) -> Iterator[str]:
    """Yield the property of each rule that a person wrote for the source, if it reads one alone."""
    for read in readers:
        yield from _own_rules(getattr(read, "readers", ()))
        if isinstance(read, At) and read.is_own and len(read.paths) == 1:
            yield from filter(is_watched, property_names(read.paths[0])[-1:])


def _names(value: object, prefix: str = "") -> Iterator[str]:
    """Yield the names that a reader of a field may read."""
    if isinstance(value, At):
        for path in value.paths:
            for name in property_names(path):
                yield prefix + name
                if isinstance(value.read, ListReader):
                    for member in value.read.fields.values():
                        yield from _names(member, f"{prefix}{name}.")
    for part in getattr(value, "readers", ()):
        yield from _names(part, prefix)


def _look_at(value: object, level: _Level) -> None:
    """Add the objects, parts and words that a reader of a field looks at."""
    for part in getattr(value, "readers", ()):
        _look_at(part, level)
    if not isinstance(value, At):
        return
    for path in value.paths:
        steps, inner = [step for step in path if not is_step_of_lists(step)], level
        for step in steps[:-1]:
            inner = inner.nested.setdefault(step, _Level())
        if not steps:
            continue
        if isinstance(value.read, ListReader):
            inner = inner.nested.setdefault(steps[-1], _Level())
            for member in value.read.fields.values():
                _look_at(member, inner)
        elif isinstance(value.read, WordMap) and value.read.is_closed:
            inner.words.append((steps[-1], value.read))
