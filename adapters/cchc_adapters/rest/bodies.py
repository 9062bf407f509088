"""What is sent of a record: the members of a body, and the parts of a path, out of its fields."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from cchc_connect.wire.conditions import Scalar
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.property_names import property_path
from cchc_connect.wire.times_out import TimeFormat
from cchc_schemas import PartialDate, Record, to_document
from cchc_schemas.described_models import DescribedModel

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_DAY_FORMS = {
    TimeFormat.DMY_DAY: ("{2:02}/{1:02}/{0}", "{1:02}/{0}"),
    TimeFormat.COMPACT_DAY: ("{0}{1:02}{2:02}", "{0}{1:02}"),
}


class Unsendable(Exception):
    """A record that cannot be sent as it is; it holds the reason, and the field after a colon."""


class MemberRule(DescribedModel):
    """One member of a body; a bare text is the field alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    field: str = ""
    """Field of the record, or the way to a part of it ("holders.0.name")."""
    constant: Scalar | None = None
    """Value that is always the same, instead of a field."""
    codes: Mapping[str, Scalar] = {}
    """The other system's code by ours: a value of the field or its name ("in_process")."""
    others: Scalar | None = None
    """Code for what is not in `codes`; "*" keeps ours. Without it such a record is refused and not sent."""
    format: TimeFormat | None = None
    """How an instant or a day is written; none: as ISO 8601 with an offset."""

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, written: object) -> object:
        return {"field": written} if isinstance(written, str) else written

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the short form."""
        return {"anyOf": [{"type": "string"}, handler(schema)]}

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if bool(self.field) == (self.constant is not None):
            raise PydanticCustomError("member_source", "a member needs a field, or a constant instead")
        return self

    def value(self, record: Record, document: Mapping[str, Any]) -> object:
        """Return what is sent.

        Raises:
            Unsendable: the other system has no code for ours.
        """
        value = self.constant if self.constant is not None else _attribute(record, self.field)
        if self.constant is not None or value is None:
            return value
        if self.codes:
            return self._code(value)
        if self.format is not None and isinstance(value, datetime | PartialDate):
            return self.format.written(value) if isinstance(value, datetime) else _day(value, self.format)
        if isinstance(value, Decimal):
            return int(value) if value == value.to_integral_value() else float(value)
        return value if self.field == "key" else value_at(document, property_path(self.field))

    def _code(self, value: object) -> object:
        names = {str(value.value), value.name.lower()} if isinstance(value, Enum) else {str(value)}
        names |= {str(value).lower()} if isinstance(value, bool) else set()
        code = next((code for name, code in self.codes.items() if name in names), self.others)
        if code is None:
            raise Unsendable(f"code_unmapped:{self.field}")
        return (value.value if isinstance(value, Enum) else value) if code == "*" else code


def members(rules: Mapping[str, MemberRule], record: Record, *, with_nothing: bool) -> Iterator[tuple[str, object]]:
    """Yield name and value of each member; those without a value only `with_nothing`. Raises as `MemberRule.value`."""
    document = to_document(record)
    for name, rule in rules.items():
        value = rule.value(record, document)
        if with_nothing or value is not None:
            yield name, value


def placeholders(path: str) -> list[str]:
    """Return the fields that a path has in braces."""
    return _PLACEHOLDER.findall(path)


def filled(path: str, record: Record) -> str:
    """Return a path with the fields of a record in their places, each as one part of it.

    Raises:
        Unsendable: a field has no value; the path would be that of something else, such as the whole collection.

    >>> filled("/ho-so/{code}", record=type("R", (), {"code": "H09/1 a"})())
    '/ho-so/H09%2F1%20a'
    """

    def part(placeholder: re.Match[str]) -> str:
        value = _attribute(record, placeholder[1])
        text = "" if value is None else str(value.value if isinstance(value, Enum) else value)
        if not text.strip():
            raise Unsendable(f"field_missing:{placeholder[1]}")
        return quote(text, safe="")

    return _PLACEHOLDER.sub(part, path)


def _attribute(record: object, path: str) -> Any:
    """Return the value at a way through the fields and parts of a record; None where there is none."""
    value: Any = record
    for step in path.split("."):
        owner: object = value
        if isinstance(owner, tuple) and step.isdecimal():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            is_model = isinstance(owner, BaseModel) or owner is record
            value = getattr(value, step, None) if is_model else None
    return value


def _day(day: PartialDate, form: TimeFormat) -> str:
    """Return a day, month or year in a format of days; a year alone is always four digits."""
    of_day, of_month = _DAY_FORMS.get(form, ("{0}-{1:02}-{2:02}", "{0}-{1:02}"))
    if day.month is None:
        return str(day.year)
    return of_month.format(day.year, day.month) if day.day is None else of_day.format(day.year, day.month, day.day)
