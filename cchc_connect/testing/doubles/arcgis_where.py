"""The `where` clause of a query of ArcGIS Server, as far as the double understands it: comparisons joined by AND."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from string import whitespace
from types import MappingProxyType
from typing import Any

Attributes = Mapping[str, Any]
Condition = Callable[[Attributes], bool]

TEXT_FIELD, DATE_FIELD = "esriFieldTypeString", "esriFieldTypeDate"
EVERYTHING = "1=1"

_COMPARISON = re.compile(
    r"([\w.]+)\s*(=|<>|>=|<=|>|<)\s*+((?:(?:timestamp|date)\s*+)?'(?:[^']|'')*+'|-?\d+(?:\.\d+)?)", re.IGNORECASE
)
_TOKEN = re.compile(r"'[^']*+'?|\s++(?P<between>AND(?=\s))?|[^'\s]++", re.IGNORECASE)
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "=": lambda stored, operand: stored == operand,
        "<>": lambda stored, operand: stored != operand,
        ">=": lambda stored, operand: stored is not None and stored >= operand,
        "<=": lambda stored, operand: stored is not None and stored <= operand,
        ">": lambda stored, operand: stored is not None and stored > operand,
        "<": lambda stored, operand: stored is not None and stored < operand,
    }
)


class InvalidQuery(ValueError):
    """The query is invalid; the response is an error object."""


def conditions(text: str, field_named: Callable[[str], str], types: Mapping[str, str], hours: int) -> list[Condition]:
    """Return the conditions of a clause.

    Args:
        text: the clause.
        field_named: returns the layer's field that a name on the wire means.
        types: Esri type of each field.
        hours: offset from UTC of the times that a clause names.

    Raises:
        InvalidQuery: it is not understood.
    """
    parts = [_without_brackets(part) for part in _split(text)]
    return [_condition(part, field_named, types, hours) for part in parts if part.replace(" ", "") != EVERYTHING]


def _split(text: str) -> list[str]:
    """Return the parts between each AND outside a quoted text."""
    parts = [""]
    for token in _TOKEN.finditer(text):
        if token["between"]:
            parts.append("")
        else:
            parts[-1] += token[0]
    return parts


def _without_brackets(text: str) -> str:
    return text.lstrip(f"{whitespace}(").rstrip(f"{whitespace})")


def _condition(text: str, field_named: Callable[[str], str], types: Mapping[str, str], hours: int) -> Condition:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise InvalidQuery("'where' clause is invalid")
    name, operator, literal = match.groups()
    field, compare = field_named(name), _OPERATORS[operator]
    kind, (word, quote, content) = types[field], literal.partition("'")
    is_time = bool(quote and word.strip())
    if bool(quote) is not (kind in {TEXT_FIELD, DATE_FIELD}) or is_time is not (kind == DATE_FIELD):
        raise InvalidQuery("'where' clause is invalid")
    value: Any = content[:-1].replace("''", "'") if quote else float(literal)
    if kind == DATE_FIELD:
        value = _milliseconds(value, hours)
    return lambda attributes: compare(attributes[field], value)


def _milliseconds(text: str, hours: int) -> float:
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=hours)
    except ValueError as error:
        raise InvalidQuery("'where' clause is invalid") from error
    return moment.timestamp() * 1000
