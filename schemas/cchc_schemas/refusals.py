"""Pydantic's refusals with the paths of fields alone.

A text field has a fast validator and a complete one (`text.quick_or_exact`); pydantic reports the faults of both, each
under the label of its validator. A program that shows the path of a fault needs the field, and each fault once.
"""

from typing import TYPE_CHECKING, Any, Self, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from cchc_schemas.described_models import DescribedModel
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


class FieldPathModel(DescribedModel):
    """A model whose refusals name only fields in their paths."""

    if not TYPE_CHECKING:  # type checkers know the fields as parameters of the constructor

        def __init__(self, /, **fields: Any) -> None:
            """Make it of its fields."""
            try:
                super().__init__(**fields)
            except ValidationError as error:
                refusal = with_field_paths(error)
            else:
                return
            raise refusal

        __init__.__pydantic_base_init__ = True  # pydantic need not call it for the parts of a record

        @classmethod
        def model_validate(cls, *document: Any, **settings: Any) -> Self:
            """Return the model of a mapping."""
            try:
                return super().model_validate(*document, **settings)
            except ValidationError as error:
                refusal = with_field_paths(error)
            raise refusal

        @classmethod
        def model_validate_json(cls, *document: Any, **settings: Any) -> Self:
            """Return the model of a JSON document."""
            try:
                return super().model_validate_json(*document, **settings)
            except ValidationError as error:
                refusal = with_field_paths(error)
            raise refusal
