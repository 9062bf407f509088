"""Which properties a declared source reads: those of its field map, its key, its times and its conditions.

They come in groups of alternatives. Of each group one property must be there, or something stays empty that the
declaration fills. Only the properties of one rule, and the rules of `first`, are alternatives to each other.
"""

from collections.abc import Iterator
from itertools import chain, product
from typing import TypeAlias

from cchc_adapters.declared.tables import SourceTable
from cchc_connect.wire.conditions import Condition
from cchc_connect.wire.field_rules import FieldRule

Alternatives: TypeAlias = tuple[str, ...]
"""Properties of which one is enough, as the declaration writes them."""


def reads(table: SourceTable, rows: str = "") -> Iterator[Alternatives]:
    """Yield everything that a source reads.

    A rule that reads the joined rows, under the name `rows`, reads the properties of its parts.
    """
    yield from reads_beside_fields(table)
    for rule in table.fields.values():
        parts = rule.each.values() if rows and rule.property == rows else ()
        for part in parts or (rule,):
            yield from rule_reads(part)


def reads_beside_fields(table: SourceTable) -> Iterator[Alternatives]:
    """Yield what a source reads for its key, its times and its conditions."""
    yield from ((name,) for name in table.key)
    if table.changed_at is not None:
        yield tuple(table.changed_at.property)
    for condition in (table.current, *table.leave_out, table.deletes):
        if isinstance(condition, Condition):
            yield from _condition_reads(condition)


def rule_reads(rule: FieldRule) -> Iterator[Alternatives]:
    """Yield what a rule reads of an item: for its value, and for the conditions under which it counts."""
    yield from _value_reads(rule)
    yield from _rule_conditions(rule)


def _value_reads(rule: FieldRule) -> Iterator[Alternatives]:
    of_each = [groups for alternative in rule.first if (groups := [*_value_reads(alternative)])]
    if of_each:
        yield from (tuple(dict.fromkeys(chain(*groups))) for groups in product(*of_each))
    properties = (rule.property,) if isinstance(rule.property, str) else rule.property
    if any(properties):
        yield tuple(filter(None, properties))
    yield from ((name,) for name in (rule.x, rule.y, rule.sheet) if name)


def _rule_conditions(rule: FieldRule) -> Iterator[Alternatives]:
    if rule.when is not None:
        yield from _condition_reads(rule.when)
    for alternative in rule.first:
        yield from _rule_conditions(alternative)


def _condition_reads(condition: Condition) -> Iterator[Alternatives]:
    yield (condition.property,)
    if condition.and_ is not None:
        yield from _condition_reads(condition.and_)
