"""Find the changes between two JSON Schemas of a record, and which of them break readers or writers of the old one.

Documents are exchanged with agencies whose programs use an older version. A change is breaking if a field is added or
removed, changes its type, becomes required, or if an enumeration gains or loses a value. One change is allowed in a
higher version: an optional field is added. Then both versions live side by side, as documents of the old one are read
on and documents of the new one are written as old ones (`versions.to_version`); every other change breaks in any
version.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_SHAPE = ("type", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "x-code-list")
"""Keywords that restrict a value; changes of a description or a personal mark are not breaking."""

ADDED = "added"


@dataclass(frozen=True)
class SchemaChange:
    """One change between two schemas."""

    path: str
    """Dotted path of the field; "" for the record as a whole."""
    change: str
    """What changed: "added", "removed", "required", "values changed", "type changed"."""
    is_breaking: bool = True
    """Whether readers or writers of the old schema break, although the version may be higher."""

    def __str__(self) -> str:
        return f"{self.path}: {self.change}"


def changes_between(old: Schema, new: Schema) -> list[SchemaChange]:
    """Return the changes that break, and the optional fields that a higher version adds.

    >>> old = {"version": 1, "properties": {"area_m2": {"type": "string"}}}
    >>> new = {"version": 2, "properties": {**old["properties"], "address": {"type": "string"}}}
    >>> changes_between(old, new)
    [SchemaChange(path='address', change='added', is_breaking=False)]
    """
    return list(_Comparison(old, new).changes("", old, new))


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Return a line for each breaking change; empty if there is none.

    >>> old = {"properties": {"area_m2": {"type": "string"}}}
    >>> breaking_changes(old, {"properties": {"area_ha": {"type": "string"}}})
    ['area_m2: removed', 'area_ha: added']
    """
    return [str(change) for change in changes_between(old, new) if change.is_breaking]


def unannounced(old: Schema, new: Schema) -> list[str]:
    """Return the breaking changes if `new` does not have a higher version; otherwise an empty list."""
    return [] if _is_higher(old, new) else breaking_changes(old, new)


def _is_higher(old: Schema, new: Schema) -> bool:
    return bool(new.get("version", 0) > old.get("version", 0))


@dataclass(frozen=True)
class _Comparison:
    """Two schemas, with the definitions that their parts reference."""

    old_root: Schema
    new_root: Schema

    def changes(self, path: str, old: Schema, new: Schema) -> Iterator[SchemaChange]:
        """Yield the changes below `path`; the recursion ends because no record contains itself."""
        old, new = _resolved(old, self.old_root), _resolved(new, self.new_root)
        for keyword in _SHAPE:
            if old.get(keyword) != new.get(keyword):
                yield SchemaChange(path, f"{keyword} changed")
        if self._values_break(old, new):
            yield SchemaChange(path, "values changed")
        yield from self._field_changes(f"{path}." if path else "", old, new)
        yield from self._branch_changes(path, old, new)

    @staticmethod
    def _values_break(old: Schema, new: Schema) -> bool:
        """True if an enumeration gained or lost a value; a code list may grow."""
        before, after = ({str(value) for value in schema.get("enum", ())} for schema in (old, new))
        return not before <= after if "x-code-list" in new else before != after

    def _field_changes(self, prefix: str, old: Schema, new: Schema) -> Iterator[SchemaChange]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required = set(new.get("required", ()))
        yield from (SchemaChange(f"{prefix}{name}", "removed") for name in before if name not in after)
        is_announced = _is_higher(self.old_root, self.new_root)
        for name in after:
            if name not in before:
                yield SchemaChange(f"{prefix}{name}", ADDED, is_breaking=name in required or not is_announced)
        newly_required = required - set(old.get("required", ()))
        yield from (SchemaChange(f"{prefix}{name}", "required") for name in sorted(newly_required & set(before)))
        for name in before:
            if name in after:
                yield from self.changes(prefix + name, before[name], after[name])

    def _branch_changes(self, path: str, old: Schema, new: Schema) -> Iterator[SchemaChange]:
        before, after = _branches(old), _branches(new)
        if len(before) != len(after):
            yield SchemaChange(path, "alternatives changed")
            return
        for old_branch, new_branch in zip(before, after, strict=True):
            yield from self.changes(path, old_branch, new_branch)


def _branches(schema: Schema) -> list[Schema]:
    return [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference: str | None = schema.get("$ref")
    if reference is None:
        return schema
    definition: Schema = root["$defs"][reference.rpartition("/")[2]]
    return definition
