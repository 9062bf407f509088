"""Quantities: areas, money, counts and the measures of a permit."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from cchc_schemas.records import Part
from cchc_schemas.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Keeps a finite `Decimal` within limits; outside it breaks `rule`, and what is no number another."""

    rule: str
    above: Decimal | None = None
    least: Decimal | None = None
    below: Decimal

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        limits = core_schema.decimal_schema(gt=self.above, ge=self.least, lt=self.below)
        refused = core_schema.custom_error_schema(
            limits, custom_error_type=self.rule, custom_error_message="The quantity is outside its limits"
        )
        return core_schema.chain_schema([core_schema.decimal_schema(), refused])

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?(E[+-]?[0-9]+)?$"}


_BEYOND_MEASURE = Decimal(10) ** 15

AreaM2: TypeAlias = Annotated[Decimal, Limits(rule="area_not_positive", above=Decimal(0), below=_BEYOND_MEASURE)]
"""Area in m², above 0; offices state it to 0.1 m²."""
AmountVnd: TypeAlias = Annotated[Decimal, Limits(rule="amount_negative", least=Decimal(0), below=_BEYOND_MEASURE)]
"""Money in đồng, not negative."""
Duration: TypeAlias = Annotated[Decimal, Limits(rule="duration_negative", least=Decimal(0), below=_BEYOND_MEASURE)]
"""Length of time in the unit named beside it, not negative."""
Quantity: TypeAlias = Annotated[
    Decimal, Limits(rule="quantity_too_large", least=-_BEYOND_MEASURE, below=_BEYOND_MEASURE)
]
"""A measured value; levels may lie below zero."""
Count: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]
"""How many, not negative."""


class Measure(Part):
    """One measure of works, as value and unit or in the source's own words (thông số công trình)."""

    name: Text
    """What is measured (tên thông số): "Mật độ xây dựng", "Chiều cao tối đa"."""
    value: Quantity | None = None
    """Value (giá trị), in `unit`; None where the source wrote prose."""
    unit: Text | None = None
    """Unit (đơn vị) as the source names it: "m2", "%", "tầng"."""
    raw: Text | None = None
    """The source's own words (nguyên văn): "02 tầng + mái"."""
