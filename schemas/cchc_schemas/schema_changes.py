"""Find the changes between two JSON Schemas of a record that break readers or writers of the old one.

Documents are exchanged with agencies whose programs use an older version. A change is breaking if a field is added or
removed, changes its type, becomes required, or if an enumeration gains or loses a value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_SHAPE = ("type", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "x-code-list")
"""Keywords that restrict a value; changes of a description or a personal mark are not breaking."""


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Return a line for each breaking change; empty if there is none.

    >>> old = {"properties": {"area_m2": {"type": "string"}}}
    >>> breaking_changes(old, {"properties": {"area_ha": {"type": "string"}}})
    ['area_m2: removed', 'area_ha: added']
    """
    return list(_Comparison(old, new).changes("", old, new))


def unannounced(old: Schema, new: Schema) -> list[str]:
    """Return the breaking changes if `new` does not have a higher version; otherwise an empty list."""
    return [] if new.get("version", 0) > old.get("version", 0) else breaking_changes(old, new)


@dataclass(frozen=True)
class _Comparison:
    """Two schemas, with the definitions that their parts reference."""

    old_root: Schema
    new_root: Schema

    def changes(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        """Yield the changes below `path`; the recursion ends because no record contains itself."""
        old, new = _resolved(old, self.old_root), _resolved(new, self.new_root)
        yield from (f"{path}: {keyword} changed" for keyword in _SHAPE if old.get(keyword) != new.get(keyword))
        if self._values_break(old, new):
            yield f"{path}: values changed"
        yield from self._field_changes(f"{path}." if path else "", old, new)
        yield from self._branch_changes(path, old, new)

    @staticmethod
    def _values_break(old: Schema, new: Schema) -> bool:
        """True if an enumeration gained or lost a value; a code list may grow."""
        before, after = ({str(value) for value in schema.get("enum", ())} for schema in (old, new))
        return not before <= after if "x-code-list" in new else before != after

    def _field_changes(self, prefix: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        yield from (f"{prefix}{name}: removed" for name in before if name not in after)
        yield from (f"{prefix}{name}: added" for name in after if name not in before)
        newly_required = set(new.get("required", ())) - set(old.get("required", ()))
        yield from (f"{prefix}{name}: required" for name in sorted(newly_required & set(before)))
        for name in before:
            if name in after:
                yield from self.changes(prefix + name, before[name], after[name])

    def _branch_changes(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = _branches(old), _branches(new)
        if len(before) != len(after):
            yield f"{path}: alternatives changed"
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
