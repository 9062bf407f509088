"""Compares the tables of a declared SOAP system with its description (WSDL), so that all faults are told at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pydantic_core import InitErrorDetails

from cchc_adapters.declared.checks import custom_error
from cchc_connect.soap import SoapService
from cchc_connect.wire.property_names import property_path
from cchc_schemas.text import listed

if TYPE_CHECKING:
    from cchc_connect.soap.described import DescribedElement

_Path: TypeAlias = tuple[str, ...]
_Table: TypeAlias = Mapping[str, Any]

_PAGING_KEYS = ("parameter", "size_parameter", "end_parameter", "from", "to")
_LEFT_OUT_AT_FIRST = frozenset({"cursor", "keyset"})
"""Kinds of paging whose parameter the first request does not have."""


def description_faults(tables: _Table, service: SoapService) -> Iterator[InitErrorDetails]:
    """Yield a fault for each operation, argument and element of the tables that the description does not have."""
    for record_type, table in _tables_of(tables, "sources"):
        table_path = ("sources", record_type)
        yield from _operation_fault(table, table_path, service)
        operation = _known_operation(table, service)
        if operation:
            names = [*_listing_arguments(table)]
            sent = [path for _, path, is_sent in names if is_sent]
            yield from _argument_faults(operation, [(at, path) for at, path, _ in names], sent, table_path, service)
            content = _table(table, "content")
            key = ("content", "property") if content else ("items",)
            yield from _element_fault(operation, (content or table).get(key[-1]), (*table_path, *key), service)
    for record_type, table in _tables_of(tables, "targets"):
        table_path = ("targets", record_type)
        for message, message_path in ((table, table_path), (_table(table, "withdraw"), (*table_path, "withdraw"))):
            yield from _operation_fault(message, message_path, service)
            operation = _known_operation(message, service)
            if operation:
                named = [*_message_arguments(message)]
                sent = [path for _, path in named]
                yield from _argument_faults(operation, named, sent, message_path, service)


def _known_operation(table: _Table, service: SoapService) -> str:
    """Return the operation that a table names; "" if it is none of the description."""
    operation = table.get("operation")
    return operation if isinstance(operation, str) and operation in service.operations else ""


def _operation_fault(table: _Table, table_path: _Path, service: SoapService) -> Iterator[InitErrorDetails]:
    operation = table.get("operation")
    if isinstance(operation, str) and operation not in service.operations:
        context = {"value": operation, "known": service.operations}
        yield custom_error((*table_path, "operation"), "soap_operation", "no such operation", context)


def _argument_faults(
    operation: str, named: Sequence[tuple[_Path, _Path]], sent: Sequence[_Path], table_path: _Path, service: SoapService
) -> Iterator[InitErrorDetails]:
    """Yield a fault for each named argument that is none, and for each required one that nothing fills."""
    described = service.described_arguments(operation)
    for at, path in named:
        unknown = _unknown_step(described, path)
        if unknown is not None:
            context = {"operation": operation, "value": unknown[0], "known": unknown[1] or ("-",)}
            yield custom_error((*table_path, *at), "soap_argument", "no such argument", context)
    missing = [".".join(path) for path in _required(described, ()) if not _is_filled(path, sent)]
    if missing:
        context = {"operation": operation, "names": listed(missing)}
        yield custom_error(
            (*table_path, "arguments"), "soap_argument_missing", "a required argument is missing", context
        )


def _element_fault(
    operation: str, items: object, table_path: _Path, service: SoapService
) -> Iterator[InitErrorDetails]:
    unknown = None
    if isinstance(items, str) and items:
        unknown = _unknown_step(service.described_result(operation), property_path(items))
    if unknown is not None:
        context = {"operation": operation, "value": unknown[0], "known": unknown[1] or ("-",)}
        yield custom_error(table_path, "soap_element", "no such element", context)


def _unknown_step(described: "DescribedElement", path: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return the first step that the description does not have, with the names that it has there."""
    element = described
    for step in path:
        if element.is_open:
            return None
        parts = element.parts
        if step not in parts:
            return step, tuple(sorted(parts))
        element = parts[step]
    return None


def _required(described: "DescribedElement", path: _Path, depth: int = 0) -> Iterator[_Path]:
    """Yield the ways to the elements without which a message is refused, through those that are required."""
    for name, part in described.parts.items():
        if part.is_required and not part.repeats:
            inner = [*_required(part, (*path, name), depth + 1)] if depth < _MAX_DEPTH else []
            yield from inner or [(*path, name)]


_MAX_DEPTH = 8
"""Depth of arguments that are looked at; a description may contain itself."""


def _is_filled(path: _Path, sent: Sequence[_Path]) -> bool:
    """Return whether something is sent at a way, above it or below it."""
    return any(path[: len(other_path)] == other_path[: len(path)] for other_path in sent)


def _listing_arguments(table: _Table) -> Iterator[tuple[_Path, _Path, bool]]:
    """Yield place and way of each argument of a listing, and whether the first request has it."""
    for at, path in _written_arguments(_table(table, "arguments"), (), ()):
        yield ("arguments", *at), path, True
    paging = _table(table, "paging")
    for at, part in ((("paging",), paging), (("paging", "inside"), _table(paging, "inside"))):
        for key in _PAGING_KEYS:
            if isinstance(name := part.get(key), str) and name:
                is_later = key == "parameter" and part.get("kind") in _LEFT_OUT_AT_FIRST and not part.get("first")
                yield (*at, key), tuple(property_path(name)), not is_later
    for key in ("parameter", "to"):
        name = _table(table, "since").get(key)
        if isinstance(name, str) and name:
            yield ("since", key), tuple(property_path(name)), False


def _written_arguments(arguments: _Table, at: _Path, path: _Path) -> Iterator[tuple[_Path, _Path]]:
    for name, value in arguments.items():
        inner = (*path, *property_path(name))
        if isinstance(value, Mapping):
            yield from _written_arguments(cast("_Table", value), (*at, name), inner)
        else:
            yield (*at, name), inner


def _message_arguments(table: _Table) -> Iterator[tuple[_Path, _Path]]:
    for name in _table(table, "arguments"):
        yield ("arguments", name), tuple(property_path(name))
    key_argument = table.get("idempotency_argument")
    if isinstance(key_argument, str) and key_argument:
        yield ("idempotency_argument",), tuple(property_path(key_argument))


def _tables_of(tables: _Table, name: str) -> Iterator[tuple[str, _Table]]:
    yield from ((key, _table({"": value}, "")) for key, value in _table(tables, name).items())


def _table(tables: _Table, name: str) -> _Table:
    """Return a table of a table; empty if there is none."""
    table = tables.get(name)
    return cast("_Table", table) if isinstance(table, Mapping) else {}
