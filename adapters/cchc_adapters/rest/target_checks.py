"""Checks the targets of a manifest against the records: names of types and fields, with the nearest one."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, TypeAlias, cast, get_args, get_origin

from pydantic import BaseModel, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import InitErrorDetails

from cchc_adapters.declared.checks import checked_tables, custom_error
from cchc_adapters.rest.bodies import placeholders
from cchc_adapters.rest.target_tables import RestTargetTable
from cchc_schemas import RECORD_TYPES, Record


def targets_of(tables: object, check: ValidatorFunctionWrapHandler) -> object:
    """Return the checked tables of the targets, by record type; a validator of the option `targets`.

    Raises:
        ValidationError: with all faults of the form and of the meaning.
    """
    return checked_tables("targets", tables, check, _unknown_fields)


Targets: TypeAlias = Annotated[Mapping[str, RestTargetTable], WrapValidator(targets_of)]
"""The option `targets`."""


def _unknown_fields(record_type: str, table: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """Yield a fault for each name that is no field, in a body, a path or a limit, and for each unknown code."""
    record: type[Record] = RECORD_TYPES[record_type]
    for path, name in _names(table):
        _, unknown, fields = _walked(record, name)
        if unknown and name != "key":
            context = {"path": name, "value": unknown, "known": tuple(sorted(fields))}
            yield custom_error((record_type, *path), "rule_field_unknown", "no such field: {path}", context)
    for path, rules in _messages(table):
        for member, rule in rules.items():
            yield from _unknown_codes(record, (record_type, *path, member, "codes"), _table({"": rule}, ""))


def _unknown_codes(record: type[Record], path: tuple[str, ...], rule: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """Yield a fault for each code of a rule that the field of the record does not have."""
    annotation, _, _ = _walked(record, str(rule.get("field", "")))
    members = _members(annotation)
    names = tuple(enum_member.name.lower() for enum_member in members)
    for code in _table(rule, "codes") if members else ():
        if code not in {*names, *(str(enum_member.value) for enum_member in members)}:
            context = {"path": rule["field"], "value": code, "known": names}
            yield custom_error(path, "rule_value", "no such code", context)


def _messages(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield the rules of each message of a target, each with its place."""
    yield ("body",), _table(table, "body")
    yield ("arguments",), _table(table, "arguments")
    yield ("withdraw", "arguments"), _table(_table(table, "withdraw"), "arguments")


def _walked(record: type[Record], path: str) -> tuple[Any, str, Sequence[str]]:
    """Return the type at a way through the fields of a record; else the step that leads nowhere, and the fields."""
    annotation: Any = record
    for step in path.split("."):
        kinds: list[Any] = [annotation, *get_args(annotation)]
        tuples = [kind for kind in kinds if get_origin(kind) is tuple]
        if tuples:
            if not step.isdecimal():
                return None, step, ("0",)
            annotation = get_args(tuples[0])[0]
            continue
        models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        fields = {name: field_info.annotation for model in models for name, field_info in model.model_fields.items()}
        if step not in fields:
            return None, step, tuple(fields)
        annotation = fields[step]
    return annotation, "", ()


def _members(annotation: Any) -> list[Enum]:
    """Return the members of an enumeration; none of any other type."""
    kinds: list[Any] = [annotation, *get_args(annotation)]
    return [member for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum) for member in kind]


def _names(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the fields that a target names, each with its place."""
    for path, rules in _messages(table):
        for member, field in _fields_of(rules):
            yield (*path, member), field
    for name in _table(table, "max_lengths"):
        yield ("max_lengths", name), name
    for part in ("request", "withdraw", "if_match"):
        template = _table(table, part).get("path")
        for name in placeholders(template) if isinstance(template, str) else ():
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
