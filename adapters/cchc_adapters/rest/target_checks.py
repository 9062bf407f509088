"""Checks the targets of a manifest against the records: names of types and fields, with the nearest one."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeAlias, cast

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import InitErrorDetails

from cchc_adapters.declared.checks import custom_error, line_errors
from cchc_adapters.rest.bodies import placeholders
from cchc_adapters.rest.target_tables import RestTargetTable
from cchc_schemas import RECORD_TYPES, Record


def targets_of(tables: object, check: ValidatorFunctionWrapHandler) -> object:
    """Return the checked tables of the targets, by record type; a validator of the option `targets`.

    Raises:
        ValidationError: with all faults of the form and of the meaning.
    """
    errors = list[InitErrorDetails]()
    checked: object = None
    try:
        checked = check(tables)
    except ValidationError as refusal:
        errors += line_errors(refusal)
    for record_type, table in cast("Mapping[str, Any]", tables if isinstance(tables, Mapping) else {}).items():
        if record_type not in RECORD_TYPES:
            context = {"value": record_type, "known": tuple(RECORD_TYPES)}
            errors.append(custom_error((record_type,), "record_type_unknown", "no such record type: {value}", context))
        elif isinstance(table, Mapping):
            errors += _unknown_fields(record_type, cast("Mapping[str, Any]", table))
    if errors:
        raise ValidationError.from_exception_data("targets", errors, hide_input=True)
    return checked


Targets: TypeAlias = Annotated[Mapping[str, RestTargetTable], WrapValidator(targets_of)]
"""The option `targets`."""


def _unknown_fields(record_type: str, table: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """Yield a fault for each name in a body, a path or a limit that is no field of the record."""
    record: type[Record] = RECORD_TYPES[record_type]
    for path, name in _names(table):
        if name.partition(".")[0] not in record.model_fields and name != "key":
            context = {"path": name, "value": name, "known": tuple(sorted(record.model_fields))}
            yield custom_error((record_type, *path), "rule_field_unknown", "no such field: {path}", context)


def _names(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the fields that a target names, each with its place."""
    for member, field in _fields_of(_table(table, "body")):
        yield ("body", member), field
    for argument, field in _fields_of(_table(table, "arguments")):
        yield ("arguments", argument), field
    for argument, field in _fields_of(_table(_table(table, "withdraw"), "arguments")):
        yield ("withdraw", "arguments", argument), field
    for name in _table(table, "max_lengths"):
        yield ("max_lengths", name), name
    for part in ("request", "withdraw", "if_match"):
        path = _table(table, part).get("path")
        for name in placeholders(path) if isinstance(path, str) else ():
            yield (part, "path"), name


def _fields_of(rules: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each member of a message with the field that it gets."""
    for member, rule in rules.items():
        field = _table({"": rule}, "").get("field") if isinstance(rule, Mapping) else rule
        if isinstance(field, str):
            yield member, field


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a table of a table; empty if there is none."""
    table = tables.get(name)
    return cast("Mapping[str, Any]", table) if isinstance(table, Mapping) else {}
