"""Pydantic's refusals with the paths of fields alone.

A text field has a fast validator and a complete one (`text.quick_or_exact`); pydantic reports the faults of both, each
under the label of its validator. A program that shows the path of a fault needs the field, and each fault once.
"""

from typing import get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from cchc_schemas.text import EXACTLY, QUICKLY

_OF_PYDANTIC = frozenset(get_args(ErrorType))


def with_field_paths(error: ValidationError) -> ValidationError:
    """Return the refusal without the faults of fast validators and without labels in its paths."""
    faults = [details for details in error.errors(include_url=False) if QUICKLY not in details["loc"]]
    return ValidationError.from_exception_data(error.title, [_fault(details) for details in faults], hide_input=True)


def _fault(details: ErrorDetails) -> InitErrorDetails:
    kind, context = details["type"], details.get("ctx", {})
    custom_rule = PydanticCustomError(kind, details["msg"], context)  # pyright: ignore[reportArgumentType]  # a text of pydantic's
    return InitErrorDetails(
        type=kind if kind in _OF_PYDANTIC else custom_rule,
        loc=tuple(step for step in details["loc"] if step != EXACTLY),
        input=details["input"],
        ctx=context,
    )
