"""The table of one declared source, `[connections.NAME.options.sources.RECORD_TYPE]`, as far as all kinds share it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from cchc_adapters.building_blocks.options import VIET_NAM, AdapterOptions, Extent
from cchc_connect import ListingOrder
from cchc_connect.config.durations import parse_duration
from cchc_connect.wire.codecs import DecimalSign
from cchc_connect.wire.conditions import Condition, OneOrSeveral, listed_conditions
from cchc_connect.wire.field_rules import FieldRule
from cchc_connect.wire.flat_parts import flat_rules
from cchc_connect.wire.named_codecs import INSTANTS, Codec
from cchc_schemas.described_models import DescribedModel

MAX_DURATION = timedelta(days=3660)
"""Longest duration of these keys."""


def _duration(written: object) -> object:
    try:
        duration = parse_duration(written) if isinstance(written, str) else written
    except ValueError:
        duration = None
    if not isinstance(duration, timedelta) or duration > MAX_DURATION:
        raise PydanticCustomError("duration", "not a duration")
    return duration


def _names(written: object) -> object:
    return [written] if isinstance(written, str) else written


Duration: TypeAlias = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,5}[smhd]$"})
]
"""A duration as `cchc.toml` writes it: "10m", "1d"."""

Names: TypeAlias = Annotated[
    tuple[str, ...],
    BeforeValidator(_names),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
"""One property or several; one may stand alone."""

Conditions: TypeAlias = Annotated[tuple[Condition, ...], BeforeValidator(listed_conditions), OneOrSeveral()]
"""Conditions of which one must be met; one may stand alone."""

FieldRules: TypeAlias = Annotated[Mapping[str, FieldRule], BeforeValidator(flat_rules)]
"""A field map."""


class _EitherForm:
    """Annotates a union for the JSON Schema: a short form of a table is text too."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": handler(schema)["oneOf"]}


def _deletion_kind(written: object) -> str:
    return "word" if isinstance(written, str) else "mark"


Deletes: TypeAlias = Annotated[
    Annotated[Literal["never", "absence"], Tag("word")] | Annotated[Condition, Tag("mark")],
    Discriminator(_deletion_kind),
    _EitherForm(),
]


class ChangeTime(DescribedModel):
    """Where the time of an item's last change stands; a bare text is the property alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    property: Names
    """Property, or path through objects and lists; of several the first that has a value."""
    codec: Codec = Codec.CHANGE_TIME
    """How it is read: a codec of instants."""

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, written: object) -> object:
        return {"property": written} if isinstance(written, str | list) else written  # pyright: ignore[reportUnknownVariableType]  # as TOML gives it

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the short form."""
        return {"anyOf": [{"type": "string"}, handler(schema)]}

    @model_validator(mode="after")
    def _reads_an_instant(self) -> "ChangeTime":
        if self.codec not in INSTANTS:
            context = {"value": self.codec.value, "known": tuple(sorted(INSTANTS))}
            raise PydanticCustomError("codec_of_instants", "not a codec of instants", context)
        return self


class SourceTable(AdapterOptions):
    """One declared source: which of its properties become which fields, its key, its times and its deletions."""

    fields: FieldRules
    """Field map: field of the record to the property it is read from."""
    key: Names
    """Property with the source's own, stable identifier; several are joined by "@"."""
    changed_at: ChangeTime | None = None
    """Property with the time of the last change, or a table with its codec (default `change_time`)."""
    current: Condition | None = None
    """What marks the current version of an item; the others are former versions and no records."""
    leave_out: Conditions = ()
    """What marks an item that is no record (yet); such items are counted. Of several conditions one must be met."""
    deletes: Deletes = "never"
    """How deletions show: `never`, `absence` from a complete listing, or what marks an item as deleted."""
    order: ListingOrder = ListingOrder.NONE
    """Whether the listing is in the order of change, oldest first (`ascending`)."""
    lookback: Duration = timedelta(minutes=10)
    """How far before the last change each pull begins."""
    granularity: Duration = timedelta(seconds=1)
    """Resolution of the change times: "1d" where they are dated by the day."""
    retention: Duration | None = None
    """How long the source keeps changes; none: without limit."""
    decimal_sign: DecimalSign = ","
    """Decimal sign of numbers in text."""
    extent: Extent = VIET_NAM
    """Where its shapes lie: west, south, east, north in degrees; others get a note."""
    version: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Raise it to have unchanged items read again, once."""

    @property
    def conditions(self) -> Mapping[str, Sequence[Condition]]:
        """Conditions on items, by the option that states them."""
        return {
            "current": () if self.current is None else (self.current,),
            "leave_out": self.leave_out,
            "deletes": (self.deletes,) if isinstance(self.deletes, Condition) else (),
        }

    def translation_version(self, adapter_version: int) -> int:
        """Return the `mapping_version` of the source: it changes with everything that changes its records or keys."""
        return self._version_of(
            adapter_version,
            {"fields", "key", "changed_at", "current", "leave_out", "decimal_sign", "extent", "version"},
        )
