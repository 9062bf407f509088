"""What a new JSON Schema of a record breaks for those who read, or write, by the old one.

A document is read by agencies whose program is a version behind and written by others: it breaks where a
field goes, changes its kind, becomes required, or where an enumeration gains or loses a value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_SHAPE = ("type", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "x-code-list")
"""Keywords that say what a value looks like; a description or a personal mark breaks nothing."""


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Return a line for each change that an unchanged reader or writer cannot bear; empty: none.

    >>> old = {"properties": {"area_m2": {"type": "string"}}}
    >>> breaking_changes(old, {"properties": {"area_ha": {"type": "string"}}})
    ['area_m2: removed', 'area_ha: added']
    """
    return list(_Comparison(old, new).changes("", old, new))


def unannounced(old: Schema, new: Schema) -> list[str]:
    """Return the breaking changes that `new` does not announce by a higher version."""
    return [] if new.get("version", 0) > old.get("version", 0) else breaking_changes(old, new)


@dataclass(frozen=True)
class _Comparison:
    """Two schemas, with the definitions that their parts refer to."""

    old_root: Schema
    new_root: Schema

    def changes(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        """Walk both schemas from `path` on; no record contains itself, so the walk ends."""
        old, new = _resolved(old, self.old_root), _resolved(new, self.new_root)
        yield from (f"{path}: {word} changed" for word in _SHAPE if old.get(word) != new.get(word))
        if {str(value) for value in old.get("enum", ())} != {str(value) for value in new.get("enum", ())}:
            yield f"{path}: values changed"
        yield from self._field_changes(f"{path}." if path else "", old, new)
        yield from self._branch_changes(path, old, new)

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
        for one, other in zip(before, after, strict=True):
            yield from self.changes(path, one, other)


def _branches(schema: Schema) -> list[Schema]:
    return [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference: str | None = schema.get("$ref")
    if reference is None:
        return schema
    definition: Schema = root["$defs"][reference.rpartition("/")[2]]
    return definition
