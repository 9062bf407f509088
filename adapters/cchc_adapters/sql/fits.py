"""Whether a field map fits a table: every column that is named must be there, and all faults are told at once."""

from collections.abc import Iterator
from itertools import chain

from cchc_adapters.declared.reads import Alternatives, reads_beside_fields, rule_reads
from cchc_adapters.sql.options import SqlSourceTable
from cchc_adapters.sql.relations import Relation
from cchc_connect import Message, SourceHeld
from cchc_connect.messages import Messages
from cchc_connect.messages.suggestions import suggestion
from cchc_schemas.text import listed


def misfits(table: SqlSourceTable, relation: Relation) -> Iterator[Message]:
    """Yield each name that is no column, with the nearest one.

    Of the properties of one rule one is enough; of those of the times of change none may be missing.
    """
    of_rules = set[Alternatives]()
    for field, rule in table.fields.items():
        for names in dict.fromkeys(rule_reads(rule)):
            of_rules.add(names)
            if _are_missing(names, relation):
                context = {"field": field, "columns": listed(names), "suggestion": _nearest(names[0], relation)}
                yield Message("sql.column_unmapped", {"relation": relation.name, **context})
    for name in dict.fromkeys([*table.also_fetch, *chain.from_iterable(reads_beside_fields(table))]):
        is_told = (name,) in of_rules and name not in table.key
        if _are_missing((name,), relation) and not is_told:
            context = {"columns": name, "suggestion": _nearest(name, relation)}
            yield Message("sql.column_missing", {"relation": relation.name, **context})


def _are_missing(names: Alternatives, relation: Relation) -> bool:
    return all(relation.find(name) is None for name in names)


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
