"""What an argument or option accepts, for the message about a value that it refused."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args

from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import suggestion

LARGEST = 2**63 - 1
"""Upper bound of numbers in the database, which no message needs to name."""


def expected_value(parameter: Any, value: str) -> Message:
    """Return what a parameter of typer accepts: one of its choices, or a number within its bounds.

    Args:
        parameter: the argument or option; None if typer does not say which.
        value: the refused value, which is compared with the choices and not shown.
    """
    kinds = list(_types(getattr(getattr(parameter, "type_descriptor", None), "annotation", None)))
    names = [str(member.value) for kind in kinds if issubclass(kind, Enum) for member in kind]
    if names:
        return Message("usage_value.choice", {"names": ", ".join(names), "suggestion": suggestion(value, names)})
    if not any(issubclass(kind, int | float) for kind in kinds):
        return Message("usage_value.form")
    lowest, highest = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if highest not in {None, LARGEST}:
        return Message("usage_value.range", {"lowest": lowest, "highest": highest})
    return Message("usage_value.number") if lowest is None else Message("usage_value.at_least", {"lowest": lowest})


def _types(annotation: object) -> Iterator[type]:
    """Yield the classes in a type: under unions, `Annotated` and lists."""
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for argument in get_args(annotation):
        yield from _types(argument)
