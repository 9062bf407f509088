"""Whether a field map fits a table: every column that is named must be there, and all faults are told at once."""

from collections.abc import Iterator

from cchc_adapters.sql.options import SqlSourceTable
from cchc_adapters.sql.relations import Relation, read_names, rule_names
from cchc_connect import Message, SourceHeld
from cchc_connect.messages import Messages
from cchc_connect.messages.suggestions import suggestion
from cchc_schemas.text import listed


def misfits(table: SqlSourceTable, relation: Relation) -> Iterator[Message]:
    """Yield each rule none of whose properties is a column, and each other name that is none, with the nearest name."""
    of_rules = set[str]()
    for field, rule in table.fields.items():
        names = [*rule_names(rule)]
        of_rules.update(names)
        if names and all(relation.find(name) is None for name in names):
            context = {"field": field, "columns": listed(names), "suggestion": _nearest(names[0], relation)}
            yield Message("sql.column_unmapped", {"relation": relation.name, **context})
    for name in dict.fromkeys([*table.also_fetch, *read_names(table)]):
        if relation.find(name) is None and (name not in of_rules or name in table.key):
            context = {"columns": name, "suggestion": _nearest(name, relation)}
            yield Message("sql.column_missing", {"relation": relation.name, **context})


def require_fit(table: SqlSourceTable, relation: Relation) -> None:
    """Check that every column that is named is there: a renamed column must not empty a field.

    Raises:
        SourceHeld: some are not.
    """
    faults = [*misfits(table, relation)]
    if faults:
        raise SourceHeld("sql.columns_missing", relation=relation.name, faults=Messages(faults))


def _nearest(name: str, relation: Relation) -> Message | str:
    return suggestion(name, relation.columns)
