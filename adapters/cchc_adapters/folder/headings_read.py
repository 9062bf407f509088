"""Which headings a declared source reads: those of its field map, its key, its times and its conditions."""

from collections.abc import Iterator, Sequence

from cchc_adapters.declared.tables import SourceTable
from cchc_connect.wire.conditions import Condition
from cchc_connect.wire.field_rules import FieldRule


def names_read(table: SourceTable, rows: str = "") -> tuple[list[tuple[str, ...]], list[str]]:
    """Return the headings that a table must have, of each tuple one, and those that it may have.

    A rule that reads the joined rows, under the name `rows`, reads the headings of its parts.
    """
    needed: list[tuple[str, ...]] = [(_name(key),) for key in table.key]
    for rule in table.fields.values():
        parts = rule.each.values() if rows and rule.property == rows else ()
        needed += [alternatives for part in (parts or (rule,)) for alternatives in _of_rule(part)]
    if table.changed_at is not None:
        needed.append(tuple(map(_name, table.changed_at.property)))
    for condition in (table.current, *table.leave_out, table.deletes):
        if isinstance(condition, Condition):
            needed += [(name,) for name in _of_condition(condition)]
    rules = [part for rule in table.fields.values() for part in (rule, *rule.each.values())]
    optional = [name for rule in rules for name in _of_conditions(rule)]
    return list(dict.fromkeys(needed)), optional


def key_names(table: SourceTable) -> list[str]:
    """Return the headings of the key."""
    return [_name(key) for key in table.key]


def _of_rule(rule: FieldRule) -> Iterator[tuple[str, ...]]:
    """Yield the headings of a rule; of alternatives one is enough."""
    if rule.first:
        names = [name for alternative in rule.first for names in _of_rule(alternative) for name in names]
        if names:
            yield tuple(names)
    properties: Sequence[str] = (rule.property,) if isinstance(rule.property, str) else rule.property
    if any(properties):
        yield tuple(map(_name, properties))
    yield from ((_name(name),) for name in (rule.x, rule.y) if name)


def _of_conditions(rule: FieldRule) -> Iterator[str]:
    if rule.when is not None:
        yield from _of_condition(rule.when)
    for alternative in rule.first:
        yield from _of_conditions(alternative)


def _of_condition(condition: Condition) -> Iterator[str]:
    for read in condition.reads():
        yield from (".".join(path) for path in read.paths)


def _name(path: str) -> str:
    """Return the heading that a path names: the whole path, with its dots."""
    return path.replace("\\.", ".")
