"""Quantities: areas, money, counts and the measures of a permit."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, LiteralString, TypeAlias

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from cchc_schemas.records import Part
from cchc_schemas.text import Text, quick_or_exact

BEYOND_MEASURE = Decimal(10) ** 15
"""Every quantity of a record is smaller than this, so that any database can store it."""


_ABOVE_ZERO = r"[1-9][0-9]{0,14}(?:\.[0-9]+)?|0\.[0-9]*[1-9][0-9]*|[1-9](?:\.[0-9]+)?E(?:\+(?:[0-9]|1[0-4])|-[0-9]+)"
"""Every decimal above zero and below `BEYOND_MEASURE`, as `str` writes it."""
_ZERO = r"0(?:\.0+)?(?:E[+-][0-9]+)?"
_LEAST = r"10{15}(?:\.0+)?|1(?:\.0+)?E\+15"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Validates a finite `Decimal` against limits; a value below them breaks `rule`."""

    rule: LiteralString
    above: Decimal | None = None
    """The value must be greater than this."""
    least: Decimal | None = None
    """The value must be at least this."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        bounded = core_schema.decimal_schema(lt=BEYOND_MEASURE)
        usual = core_schema.decimal_schema(gt=self.above, ge=self.least, lt=BEYOND_MEASURE)
        refused = core_schema.custom_error_schema(
            core_schema.decimal_schema(gt=self.above, ge=self.least),
            custom_error_type=self.rule,
            custom_error_message="The quantity is too small",
        )
        return quick_or_exact(
            usual, core_schema.chain_schema([bounded, refused]), core_schema.to_string_ser_schema(when_used="json")
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{self._written()})$"}

    def _written(self) -> str:
        """Return the pattern of the decimals within the limits: above zero, from zero, or all that are stored."""
        if self.above == 0:
            return _ABOVE_ZERO
        if self.least == 0:
            return f"{_ABOVE_ZERO}|-?{_ZERO}"
        return f"-?(?:{_ABOVE_ZERO}|{_ZERO})|-(?:{_LEAST})"


AreaM2: TypeAlias = Annotated[Decimal, Limits(rule="area_not_positive", above=Decimal(0))]
"""Area in m², above 0; offices state it to 0.1 m²."""
AmountVnd: TypeAlias = Annotated[Decimal, Limits(rule="amount_negative", least=Decimal(0))]
"""Money in đồng, not negative."""
Duration: TypeAlias = Annotated[Decimal, Limits(rule="duration_negative", least=Decimal(0))]
"""Length of time in the unit named beside it, not negative."""
Quantity: TypeAlias = Annotated[Decimal, Limits(rule="quantity_too_small", least=-BEYOND_MEASURE)]
"""A measured value; levels may lie below zero."""
Count: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]
"""Count, not negative."""


class Measure(Part):
    """One measure of works (thông số công trình): value and unit, or the source's text."""

    name: Text
    """Name of the measure (tên thông số): "Mật độ xây dựng", "Chiều cao tối đa"."""
    value: Quantity | None = None
    """Value (giá trị), in `unit`; None if the source wrote prose."""
    unit: Text | None = None
    """Unit (đơn vị) as the source names it: "m2", "%", "tầng"."""
    raw: Text | None = None
    """The source's text (nguyên văn): "02 tầng + mái"."""
