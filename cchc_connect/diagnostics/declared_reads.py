"""Findings about the key and the conditions that a source declares: properties that no item has, wrong kinds of values.

Such a mistake is silent in a run: without its mark no item counts as deleted, and records stay valid that are not.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol, runtime_checkable

from cchc_connect.adapter import Source
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.errors import SourceHeld
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.sync.property_watch import is_watched
from cchc_connect.wire.codecs import as_object
from cchc_connect.wire.conditions import Condition, in_toml, shown_value, value_kind
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.json import Item, RawItem
from cchc_connect.wire.property_names import FieldPath, is_step_of_lists, nfc, property_path, step_into
from cchc_schemas.text import listed

MAX_ITEMS = 1000
"""Items that are looked at."""

MAX_SHOWN = 5
"""Values that are shown."""

DELETES = "deletes"
"""Option whose items do not stand on a page: they are its deleted keys."""


@runtime_checkable
class DeclaresReads(Protocol):
    """A source whose key and conditions are declared by properties."""

    @property
    def key_properties(self) -> Sequence[str]:
        """Properties of the key; an item without the first has none."""
        ...

    @property
    def conditions(self) -> Mapping[str, Sequence[Condition]]:
        """Conditions on items, by the option that states them."""
        ...


def declared_findings(subject: str, source: Source, items: Sequence[Item], *, has_deleted: bool) -> Iterator[Finding]:
    """Yield an error for a key that no item has, and what speaks against each condition.

    Args:
        subject: connection and record type.
        source: the source.
        items: items of it that are not marked as deleted.
        has_deleted: whether others are.
    """
    read = [*_readable(islice(items, MAX_ITEMS))]
    if not read or not isinstance(source, DeclaresReads):
        return
    names = [*filter(is_watched, dict.fromkeys(nfc(name) for properties in read for name in properties))]
    (key, *_) = source.key_properties
    if not has_deleted and not _is_in_any(read, property_path(key)):
        context = {"property": key, "number": len(read), "suggestion": suggestion(key, names)}
        yield Finding.bad(subject, SourceHeld("declared_reads.key", **context, properties=listed(names) or "-"))
    for option, conditions in source.conditions.items():
        if option != DELETES or not has_deleted:
            for condition in conditions:
                yield from _condition_findings(subject, option, condition, read, names)


def _condition_findings(
    subject: str, option: str, condition: Condition, items: Sequence[Item], names: Sequence[str]
) -> Iterator[Finding]:
    path = property_path(condition.property)
    context: dict[str, Any] = {"option": option, "property": condition.property, "number": len(items)}
    if not _is_in_any(items, path):
        meant = suggestion(condition.property, names)
        if condition.values or meant:
            more = {"suggestion": meant, "properties": listed(names) or "-"}
            yield Finding.warning(subject, "declared_reads.property", {**context, **more})
    else:
        values = [value for properties in items if value_kind(value := value_at(properties, path)) is not None]
        expected = {value_kind(value) for value in condition.values}
        if values and expected and expected.isdisjoint({None, *map(value_kind, values)}):
            sent_values = listed(islice(dict.fromkeys(map(shown_value, values)), MAX_SHOWN))
            more = {"found": sent_values, "expected": listed(map(in_toml, condition.values))}
            yield Finding.bad(subject, SourceHeld("declared_reads.kind", **context, **more))
    if condition.and_ is not None:
        yield from _condition_findings(subject, option, condition.and_, items, names)


def _readable(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items that can be parsed."""
    for item in items:
        try:
            yield item.read() if isinstance(item, RawItem) else item
        except ValueError:
            continue


def _is_in_any(items: Sequence[Item], path: FieldPath) -> bool:
    return any(_is_in(item, path) for item in items)


def _is_in(item: Item, path: FieldPath) -> bool:
    """Return whether an item has a property, or may have it: lists and objects without a value are not looked into."""
    members, start = item, 0
    while start < len(path) and not is_step_of_lists(path[start]):
        step = step_into(members, path, start)
        if step is None:
            return False
        inner, start = as_object(members[step[0]]), step[1]
        if inner is None:
            return True
        members = inner
    return True
