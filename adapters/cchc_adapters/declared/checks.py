"""Checks the sources of a connection as a whole, so that every fault of a manifest is told at once.

The form of the tables is checked by their models; here follow what the records require of the field maps, and the names
of the record types. Two faults are two lines, each at its key.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, TypeAlias, TypeVar, cast, get_args

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from cchc_adapters.declared.tables import SourceTable
from cchc_connect.wire.field_rules import FieldRule
from cchc_connect.wire.flat_parts import flat_rules
from cchc_connect.wire.rule_shapes import RuleProblem, missing_fields, rule_problems
from cchc_schemas import RECORD_TYPES

Table = TypeVar("Table", bound=SourceTable)

_Path: TypeAlias = tuple[str | int, ...]

_PYDANTIC_RULES = frozenset[str](get_args(ErrorType))


def sources_of(tables: object, check: ValidatorFunctionWrapHandler) -> object:
    """Return the checked tables of the sources, by record type; a validator of the option `sources`.

    Raises:
        ValidationError: with all faults of the form and of the meaning.
    """
    return checked_tables("sources", tables, check, _faults_of_fields)


def checked_tables(
    title: str,
    tables: object,
    check: ValidatorFunctionWrapHandler,
    faults_of: Callable[[str, Mapping[str, Any]], Iterator[InitErrorDetails]],
) -> object:
    """Return checked tables by record type.

    Args:
        title: name of the option.
        tables: as they are written.
        check: checks their form.
        faults_of: yields the faults of meaning of the table of a record type.

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
            errors += faults_of(record_type, cast("Mapping[str, Any]", table))
    if errors:
        raise ValidationError.from_exception_data(title, errors, hide_input=True)
    return checked


Sources: TypeAlias = Annotated[Mapping[str, Table], WrapValidator(sources_of)]
"""The option `sources`: `sources: Sources[RestTable]`."""


def line_errors(refusal: ValidationError) -> Iterator[InitErrorDetails]:
    """Yield the faults of a refusal, to be raised together with others."""
    for fault in refusal.errors(include_url=False):
        context = fault.get("ctx", {})
        if fault["type"] in _PYDANTIC_RULES:
            yield InitErrorDetails(type=fault["type"], loc=fault["loc"], input=fault["input"], ctx=context)
        else:
            yield custom_error(fault["loc"], fault["type"], fault["msg"], context)


def custom_error(path: _Path, rule: str, text: str, context: Mapping[str, Any]) -> InitErrorDetails:
    """Return a fault of our own at a path."""
    error = PydanticCustomError(rule, text, dict(context))  # pyright: ignore[reportArgumentType]  # texts of our own
    return InitErrorDetails(type=error, loc=path, input=None)


def field_problems(fields: object, record_type: str) -> Iterator[RuleProblem]:
    """Yield what the record of a type requires of a field map as it is written; rules without form are left out."""
    written = flat_rules(fields)
    record = RECORD_TYPES.get(record_type)
    if record is None or not isinstance(written, Mapping):
        return
    rules = dict[str, FieldRule]()
    faulty = set[str]()
    for name, rule in cast("Mapping[str, object]", written).items():
        try:
            rules[name] = FieldRule.model_validate(rule)
        except ValidationError:
            faulty.add(name.partition(".")[0])
    problems = [*rule_problems(rules, record), *missing_fields(rules, record)]
    yield from (problem for problem in problems if problem.path.partition(".")[0] not in faulty)


def _faults_of_fields(record_type: str, table: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    for problem in field_problems(table.get("fields"), record_type):
        yield custom_error(
            (record_type, "fields", problem.path), problem.rule, problem.text, problem.as_error().context or {}
        )
