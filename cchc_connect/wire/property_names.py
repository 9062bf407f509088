"""Finds a property of a wire item by the name that a field map gives it.

A name is looked for as it is written, then in NFC, since some systems send accents as letters of their own, and at last
in other case, if one property alone resembles it so. A path is the name of one property before it is a way through
several: "SHAPE.STArea()" is a property of that name where the item has one.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias
from unicodedata import is_normalized, normalize

FieldPath: TypeAlias = tuple[str, ...]
"""Path through objects and lists: property names and list indexes."""

MAX_INDEXED_NAMES = 500
"""An object with more properties is no row of a table; its names are compared in NFC and in NFD only."""

MAX_INDEXES = 256
"""Number of different sets of names that are kept."""

MAX_STEPS = 1_000
"""Number of steps of paths that are kept for one set of names."""

MAX_KEPT_LENGTH = 16_000
"""Longest set of names that is kept, in characters."""

_STEP = re.compile(r"(?:\\\.|[^.])+")

_ESCAPED_DOT = "\\."


class NameIndex:
    """The property names of one object, by their NFC form and by that in one case."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """Index `names`; two names of one form are found by none of them."""
        self._by_form: dict[str, str | None] = {}
        self._by_case: dict[str, str | None] = {}
        for name in names:
            form = nfc(name)
            _add(self._by_form, form, name)
            _add(self._by_case, form.casefold(), name)
        self._steps: dict[tuple[FieldPath, int], tuple[str, int] | None] = {}

    def step(self, path: FieldPath, start: int) -> tuple[str, int] | None:
        """Return what `step_into` does for an object of these names, none of which a path has from `start` on."""
        if (path, start) not in self._steps:
            if len(self._steps) >= MAX_STEPS:
                self._steps.clear()
            self._steps[path, start] = self._found_step(path, start)
        return self._steps[path, start]

    def _found_step(self, path: FieldPath, start: int) -> tuple[str, int] | None:
        for find in (self.in_other_form, self.in_other_case):
            for name, end in _names_from(path, start):
                if (other_name := find(name)) is not None:
                    return other_name, end
        return None

    def in_other_form(self, name: str) -> str | None:
        """Return the property whose name is `name` in NFC; None if there is none."""
        return self._by_form.get(nfc(name))

    def in_other_case(self, name: str) -> str | None:
        """Return the only property whose name is `name` in other case; None if there is none, or several."""
        return self._by_case.get(nfc(name).casefold())


def name_index(members: Mapping[str, Any]) -> NameIndex:
    """Return the index of an object's names; that of the same names is made once."""
    names = tuple(members)
    if len(names) > MAX_INDEXED_NAMES:
        return NameIndex(())
    index = _indexes.get(names)
    if index is None:
        index = NameIndex(names)
        if sum(map(len, names)) <= MAX_KEPT_LENGTH:
            if len(_indexes) >= MAX_INDEXES:
                _indexes.clear()
            _indexes[names] = index
    return index


_indexes: dict[tuple[str, ...], NameIndex] = {}


def found_name(members: Mapping[str, Any], name: str) -> str | None:
    """Return the name under which an object has the property `name`; None if it lacks it.

    >>> found_name({"DienTich": 1}, "dientich"), found_name({"a": 1, "A": 2}, "a"), found_name({"a": 1, "A": 2}, "b")
    ('DienTich', 'a', None)
    """
    if name in members:
        return name
    if len(members) > MAX_INDEXED_NAMES:
        return _in_other_form(members, name)
    index = name_index(members)
    return index.in_other_form(name) or index.in_other_case(name)


def step_into(members: Mapping[str, Any], path: FieldPath, start: int) -> tuple[str, int] | None:
    """Return the property of an object to which a path leads from step `start`, and the step after its name.

    The longest name that the steps make comes first: the whole name goes before the way.
    """
    for name, end in _names_from(path, start):
        if name in members:
            return name, end
    if len(members) <= MAX_INDEXED_NAMES:
        return name_index(members).step(path, start)
    forms = ((_in_other_form(members, name), end) for name, end in _names_from(path, start))
    return next(((form, end) for form, end in forms if form is not None), None)


def _in_other_form(members: Mapping[str, Any], name: str) -> str | None:
    """Return the property whose name is `name` in NFC or in NFD; None if there is none."""
    return next((form for form in (nfc(name), normalize("NFD", name)) if form in members), None)


def property_path(text: str) -> FieldPath:
    r"""Return the steps of a path as a field map writes it; "\." is a dot of a name.

    >>> property_path("diaChi.maXa"), property_path(r"thua.SHAPE\.STArea()")
    (('diaChi', 'maXa'), ('thua', 'SHAPE.STArea()'))
    """
    if "\\" not in text:
        return tuple(text.split("."))
    return tuple(step.replace(_ESCAPED_DOT, ".") for step in _STEP.findall(text))


MEMBERS = "*"
"""Step of a path: the objects that are members of an object, or of each object of a list; each has its name as "*"."""

CHOICE = "["
"""Start of a step "[name=value]": the member of a list whose property has that text; of several the last."""


def is_step_of_lists(step: str) -> bool:
    """Return whether a step of a path chooses members and is no name of a property."""
    return step.isdecimal() or step == MEMBERS or step.startswith(CHOICE)


def path_text(path: FieldPath) -> str:
    """Return a path as a field map writes it; where that is not needed, without the backslash of a dot."""
    return path[0] if len(path) == 1 else ".".join(step.replace(".", _ESCAPED_DOT) for step in path)


@lru_cache(maxsize=4096)
def nfc(name: str) -> str:
    """Return a name in NFC."""
    return name if is_normalized("NFC", name) else normalize("NFC", name)


@lru_cache(maxsize=4096)
def _names_from(path: FieldPath, start: int) -> tuple[tuple[str, int], ...]:
    """Return the names that the steps from `start` on may make, the longest first, each with the step after it."""
    return tuple((".".join(path[start:end]), end) for end in range(len(path), start, -1))


def _add(index: dict[str, str | None], form: str, name: str) -> None:
    index[form] = None if form in index else name
